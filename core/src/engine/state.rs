//! Where a state comes from, genesis or memory, and how it is read as bytes.

use bytemuck::Zeroable;

use super::effort::Effort;
use super::exposure::Checked;
use super::{Engine, Header, Session};
use crate::arena::{ArenaError, Carver, Chunk, Entities, Layout, Marks, Slab, SlotIndex};
use crate::book::Book;
use crate::command::OpenSession;
use crate::exposure::{Arrays, Exposures};
use crate::genesis::{Genesis, GenesisError};
use crate::ids::SessionId;
use crate::ledger::{Grants, Positions};
use crate::terms::Role;
use crate::units::TimeNs;

/// Why an engine cannot begin on this memory.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// The genesis configuration is not usable.
    Genesis(GenesisError),
    /// The memory is not usable.
    Arena(ArenaError),
}

impl core::fmt::Display for OpenError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Genesis(error) => error.fmt(f),
            Self::Arena(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for OpenError {}

impl From<GenesisError> for OpenError {
    fn from(error: GenesisError) -> Self {
        Self::Genesis(error)
    }
}

impl From<ArenaError> for OpenError {
    fn from(error: ArenaError) -> Self {
        Self::Arena(error)
    }
}

impl<'a, M: Marks> Engine<'a, M> {
    /// Begins at genesis. `chunks`, as many as [`Layout::of`] says, are overwritten, which also touches every page.
    ///
    /// # Errors
    /// A genesis that is not usable, memory or marks of the wrong size.
    pub fn genesis(chunks: &'a mut [Chunk], marks: M, genesis: &Genesis) -> Result<Self, OpenError> {
        genesis.validate()?;
        chunks.fill(Chunk::zeroed());
        let layout = Layout::of(genesis);
        let mut engine = Self::carve(&layout, chunks, marks)?;
        *engine.header.get_mut() = Header {
            genesis: *genesis,
            genesis_hash: layout.genesis_hash(),
            layout_hash: layout.hash(),
            wake: TimeNs::MAX,
            next_expiry: TimeNs::MAX,
            ..Header::zeroed()
        };
        engine.open_first_sessions(genesis.shard());
        Ok(engine)
    }

    /// Goes on with the state that `chunks` hold: a snapshot that was read back, or another engine's memory.
    ///
    /// # Errors
    /// Memory that holds no state, or one of another layout, rules or schema.
    pub fn attach(chunks: &'a mut [Chunk], marks: M) -> Result<Self, OpenError> {
        let layout = Header::read(chunks.first().ok_or(ArenaError::NoState)?).layout()?;
        Ok(Self::carve(&layout, chunks, marks)?)
    }

    /// As [`Engine::attach`] with the same checks, for whoever attaches often and has the layout already: the engine is
    /// dropped where its memory is hashed, and hashing genesis and layout anew each time would cost microseconds.
    ///
    /// ```
    /// use novate_core::arena::{Arena, Layout, Untracked};
    /// use novate_core::engine::Engine;
    /// use novate_core::genesis::{Capacities, Genesis};
    ///
    /// let genesis = Genesis::new(0, 1, Capacities::for_orders(100));
    /// let (layout, mut arena) = (Layout::of(&genesis), Arena::for_genesis(&genesis)?);
    /// drop(Engine::genesis(arena.chunks_mut(), Untracked, &genesis)?);
    /// let engine = Engine::attach_as(&layout, arena.chunks_mut(), Untracked)?;
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Engine::attach`]; [`ArenaError::OtherLayout`] also where the state comes from another genesis than `layout`.
    pub fn attach_as(layout: &Layout, chunks: &'a mut [Chunk], marks: M) -> Result<Self, OpenError> {
        Header::read(chunks.first().ok_or(ArenaError::NoState)?).check_is_of(layout)?;
        Ok(Self::carve(layout, chunks, marks)?)
    }

    fn carve(layout: &Layout, chunks: &'a mut [Chunk], marks: M) -> Result<Self, ArenaError> {
        let is_margined = layout.genesis().is_margined();
        let mut carver = Carver::new(layout, chunks, marks)?;
        let carver = &mut carver;
        // In the layout's order: fields are evaluated as written.
        Ok(Self {
            header: carver.single("header"),
            sessions: Entities { slab: Slab::carve(carver, "sessions") },
            instruments: Entities { slab: Slab::carve(carver, "instruments") },
            accounts: Entities { slab: Slab::carve(carver, "accounts") },
            markets: carver.table("markets"),
            valuation: carver.single("valuation"),
            underlyings: Entities { slab: Slab::carve(carver, "underlyings") },
            expiries: Entities { slab: Slab::carve(carver, "expiries") },
            smiles: carver.table("smiles"),
            scenarios: carver.table("scenarios"),
            shocks: carver.table("shocks"),
            risks: carver.table("risks"),
            arrays: Arrays::carve(carver),
            terms: carver.table("terms"),
            pairs: SlotIndex::carve(carver, "pairs_index"),
            outlooks: carver.table("outlooks"),
            aspects: carver.table("aspects"),
            work_queue: carver.table("work_queue"),
            grants: Grants::carve(carver),
            outcomes: carver.table("outcomes"),
            positions: Positions::carve(carver),
            exposures: Exposures::carve(carver),
            book: Book::carve(carver),
            prepared: None,
            swept_next: 0,
            effort: Effort::default(),
            checked: Checked::default(),
            is_margined,
        })
    }

    /// The sequencer's and the operator's session, without which nothing could be set up.
    fn open_first_sessions(&mut self, shard: u16) {
        let first = [(SessionId::sequencer(shard), Role::Sequencer, 0)];
        let second = [(SessionId::operator(shard), Role::Operator, OpenSession::ALL_ACCOUNTS)];
        for (expected, role, flags) in first.into_iter().chain(second) {
            if let Ok((slot, id)) = self.sessions.issue(shard) {
                debug_assert_eq!(id, expected);
                *self.sessions.slab.get_mut(slot) = Session::opened(id, role.code(), flags);
            }
        }
    }

    /// The arena's bytes, table by table in the layout's order; each begins at a chunk, and what is missing to a full
    /// chunk at its end is zero. For snapshots between commands.
    pub fn tables(&self) -> impl Iterator<Item = &[u8]> {
        [self.header.bytes()]
            .into_iter()
            .chain(self.sessions.slab.bytes())
            .chain(self.instruments.slab.bytes())
            .chain(self.accounts.slab.bytes())
            .chain([self.markets.bytes()])
            .chain([self.valuation.bytes()])
            .chain(self.underlyings.slab.bytes())
            .chain(self.expiries.slab.bytes())
            .chain([self.smiles.bytes(), self.scenarios.bytes(), self.shocks.bytes()])
            .chain([self.risks.bytes()])
            .chain(self.arrays.bytes())
            .chain([self.terms.bytes(), self.pairs.bytes(), self.outlooks.bytes(), self.aspects.bytes()])
            .chain([self.work_queue.bytes()])
            .chain(self.grants.bytes())
            .chain([self.outcomes.bytes()])
            .chain(self.positions.bytes())
            .chain(self.exposures.bytes())
            .chain(self.book.bytes())
    }
}
