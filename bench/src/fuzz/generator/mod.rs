//! The generator of random commands: mostly sensible, often at an edge, sometimes senseless.

mod complex;
mod feeds;
mod margin;
mod orders;
mod party;
mod venue;

use bytemuck::Zeroable;
use novate_core::arena::Marks;
use novate_core::command::{Command, CommandHeader, CommandRecord, SmileTerms};
use novate_core::engine::Engine;
use novate_core::event::Event;
use novate_core::genesis::Genesis;
use novate_core::ids::{AccountId, EntityId, InstrumentId, SessionId};
use novate_core::terms::{Role, TradingState};
use novate_core::units::TimeNs;

use super::world::{KnownInstrument, KnownSession};
use super::{Habits, World};
use crate::workload::random::Random;

/// Set-up commands that an episode begins with: without parties there is nothing to trade.
const SET_UP_COMMANDS: u64 = 12;
/// Ages that rules name are multiples of this.
const AGE_GRID_NS: u64 = 500_000;
/// How many commands back a resent one may lie.
const RESENDABLE: usize = 40;

/// What makes edges likely that two commands in a row must reach together.
#[derive(Clone, Copy, Debug)]
enum Follows {
    /// More work while there may be some in the queue.
    Work,
    /// A resumption while the orders of an account whose protection tripped are still being cancelled.
    Resumption,
    /// Stop orders that fire while price limits are narrow.
    Shock,
    /// A timer at the very age at which a feed may be trusted less.
    Age,
}

/// A stream of encoded commands for one episode.
#[derive(Clone, Debug)]
pub struct Generator {
    random: Random,
    world: World,
    made: u64,
    sent: Vec<Vec<u64>>,
    /// What the last command calls for.
    follows: Option<Follows>,
    /// The next command's time.
    time: TimeNs,
    /// The date that an order was given last.
    date: u64,
    /// When the source of the last value of a feed had seen it.
    source_time: u64,
    /// The last smile.
    smile: Option<SmileTerms>,
}

impl Generator {
    /// The episode of `seed`.
    pub fn new(seed: u64) -> Self {
        Self::with_habits(seed, Habits::draw)
    }

    /// An episode of `seed` in which the book grows so large that batches look ahead.
    pub fn vast(seed: u64) -> Self {
        Self::with_habits(seed, Habits::draw_vast)
    }

    /// An episode of `seed`; of every three and some, one in which margin is checked from the beginning.
    pub fn mixed(seed: u64) -> Self {
        Self::with_habits(seed, super::habits::draw_mixed)
    }

    /// An episode of `seed` in which margin is checked.
    pub fn margined(seed: u64) -> Self {
        Self::with_habits(seed, super::habits::draw_margined)
    }

    fn with_habits(seed: u64, draw: impl Fn(&mut Random) -> (Genesis, Habits)) -> Self {
        let mut random = Random::new(seed);
        let world = World::new(draw(&mut random));
        Self {
            random,
            world,
            made: 0,
            sent: Vec::new(),
            follows: None,
            time: TimeNs(1),
            date: 0,
            source_time: 0,
            smile: None,
        }
    }

    /// The episode's world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Tells the generator what the engine said.
    pub fn learn(&mut self, event: &Event<'_>) {
        self.world.learn(event);
        if matches!(event, Event::ProtectionTripped(_)) {
            self.follows = Some(Follows::Resumption);
        }
    }

    /// The next command: its time, and its bytes as 64-bit words, usually a record, and usually one that fits the
    /// engine's state.
    pub fn next_command<M: Marks>(&mut self, engine: &Engine<'_, M>) -> (TimeNs, Vec<u64>) {
        self.made += 1;
        self.advance();
        self.world.look(engine);
        if self.made > SET_UP_COMMANDS && self.chance(15) && !self.sent.is_empty() {
            let back = self.random.below(self.sent.len() as u32) as usize;
            return (self.time, self.sent[back].clone());
        }
        let mut words = self.fresh();
        if self.made > SET_UP_COMMANDS && self.chance(10) {
            self.spoil(&mut words);
        }
        if self.sent.len() == RESENDABLE {
            self.sent.remove(0);
        }
        self.sent.push(words.clone());
        (self.time, words)
    }

    /// Mostly the same time, sometimes later, rarely exactly an order's date, exactly an age of a feed that rules may name,
    /// or so much later that many dates have come.
    fn advance(&mut self) {
        let (horizon_ns, now) = (self.world.habits.terms.horizon_ns, self.time.0);
        let later = match self.random.below(1_000) {
            0 => now + horizon_ns / 2,
            1..6 if self.date <= now + horizon_ns => self.date,
            6..20 if self.source_time > 0 => {
                self.follows = Some(Follows::Age);
                self.source_time + u64::from(self.random.between(1, 40)) * AGE_GRID_NS
            }
            6..300 => now + u64::from(self.random.below(1_000_000)),
            _ => now,
        };
        self.time.0 = later.max(now);
    }

    fn chance(&mut self, per_mille: u32) -> bool {
        self.random.below(1_000) < per_mille
    }

    fn fresh(&mut self) -> Vec<u64> {
        if self.world.habits.margin_per_mille > 0 && self.made <= self.margin_set_up() {
            return self.begin_margined();
        }
        let set_up = self.made <= SET_UP_COMMANDS;
        match self.follows.take() {
            Some(Follows::Work) if self.chance(300) => {
                return match self.random.below(8) {
                    0..5 => self.uncross(),
                    5 | 6 => self.mass_cancel(),
                    _ => self.end_day(),
                };
            }
            Some(Follows::Resumption) if self.chance(200) => return self.resume(),
            Some(Follows::Shock) if self.chance(500) => return self.shock(),
            Some(Follows::Age) => return self.timer(),
            _ => {}
        }
        if set_up || self.chance(self.world.habits.admin_per_mille) {
            return self.admin(set_up);
        }
        if let Some(words) = self.occasional() {
            return words;
        }
        if self.chance(self.world.habits.entry_per_mille) {
            return self.enter();
        }
        match self.random.below(20) {
            0..7 => self.cancel(),
            7..10 => self.reduce(),
            10..15 => self.amend(),
            15..18 => self.replace(),
            _ => self.work(),
        }
    }

    /// What the habits have a rate of its own for.
    fn occasional(&mut self) -> Option<Vec<u64>> {
        let habits = self.world.habits;
        if let Some(words) = self.recovery() {
            return Some(words);
        }
        if !self.world.tripped.is_empty() && self.chance(habits.resume_per_mille) {
            return Some(self.resume());
        }
        if self.random.below(1_000_000) < habits.mass_cancels_per_million {
            return Some(self.mass_cancel());
        }
        if self.chance(habits.feeds_per_mille) {
            return Some(self.feed());
        }
        if self.chance(habits.margin_per_mille) {
            return Some(self.margin());
        }
        if self.chance(habits.protection_per_mille) {
            return Some(self.set_protection());
        }
        if self.chance(habits.band_per_mille) {
            return Some(self.set_band_or_mark());
        }
        if !self.chance(habits.shock_per_mille) {
            return None;
        }
        // Limits that stop-limit orders are beyond when they fire.
        if self.chance(250) {
            self.follows = Some(Follows::Shock);
            return Some(self.set_limits());
        }
        Some(self.shock())
    }

    /// Ends what would make most commands fail for long: halts, narrow limits, volatility auctions, a full order table.
    fn recovery(&mut self) -> Option<Vec<u64>> {
        let instruments = self.world.instruments.iter().filter(|known| known.is_listed);
        let mut troubled = instruments
            .filter(|known| known.is_breached || known.is_narrow || known.state == Some(TradingState::Halted));
        if let Some(at) = troubled.next().copied() {
            if at.is_breached && self.chance(150) {
                return Some(self.settle(&at));
            }
            if at.is_narrow && self.chance(30) {
                return Some(self.widen_limits(&at));
            }
            if at.state == Some(TradingState::Halted) && self.chance(30) {
                return Some(self.reopen(&at));
            }
        }
        if !self.world.is_full || !self.chance(300) {
            return None;
        }
        Some(match self.random.below(20) {
            0..14 => self.cancel(),
            14..19 => self.uncross(),
            _ => self.mass_cancel(),
        })
    }

    fn admin(&mut self, set_up: bool) -> Vec<u64> {
        if set_up {
            return match self.made % 4 {
                1 => self.list_instrument(),
                2 => self.open_session(true),
                _ => self.open_account(),
            };
        }
        if self.chance(self.world.habits.auction_per_mille) {
            return match self.random.below(24) {
                0..9 => self.set_state(),
                9..18 => self.uncross(),
                18 => self.set_limits(),
                19 => self.set_price(),
                20..23 => self.publish_indicative(),
                _ => self.end_day(),
            };
        }
        match self.random.below(14) {
            0 | 1 => self.list_instrument(),
            2 => self.delist(),
            3 => self.open_session(false),
            4 => self.close_session(),
            5 | 6 => self.open_account(),
            7 => self.close_account(),
            8..10 => self.grant(),
            10 => self.revoke(),
            11 => self.publish_indicative(),
            12 => self.resume(),
            _ => self.set_state(),
        }
    }

    /// Changes a few bits or the length.
    fn spoil(&mut self, words: &mut Vec<u64>) {
        match self.random.below(4) {
            0 => words.truncate(self.random.below(words.len() as u32) as usize),
            1 => words.push(self.random.next()),
            _ => {
                let word = self.random.below(words.len() as u32) as usize;
                words[word] ^= 1 << self.random.below(64);
            }
        }
    }

    /// An open session of the role, rarely any, and its next sequence, rarely another.
    fn sender(&mut self, role: Role) -> (SessionId, u64) {
        let any = self.chance(15);
        let fits = |known: &&KnownSession| any || known.role == role.code() && known.last.is_some();
        let fitting: Vec<KnownSession> = self.world.sessions.iter().filter(fits).copied().collect();
        if fitting.is_empty() {
            return (SessionId(self.random.next()), 1);
        }
        let known = fitting[self.random.below(fitting.len() as u32) as usize];
        let last = known.last.unwrap_or(0);
        if self.chance(10) {
            let off = u64::from(self.random.below(6));
            return (known.session, if self.chance(500) { last.saturating_sub(off) } else { last + 2 + off });
        }
        (known.session, last + 1)
    }

    fn header<C: CommandRecord>(&mut self, role: Role, account: AccountId) -> CommandHeader {
        let (session, session_sequence) = self.sender(role);
        C::new_header(session, session_sequence, account)
    }

    /// An account, usually an open one.
    fn account(&mut self) -> AccountId {
        let any = self.chance(20);
        let fitting: Vec<_> = self.world.accounts.iter().filter(|known| any || known.1).map(|known| known.0).collect();
        if fitting.is_empty() || self.chance(4) {
            return AccountId::from_parts(
                self.world.genesis.shard as u16,
                self.random.below(30),
                self.random.below(20),
            );
        }
        fitting[self.random.below(fitting.len() as u32) as usize]
    }

    /// An instrument, usually a listed one.
    fn instrument(&mut self) -> KnownInstrument {
        let any = self.chance(20);
        let fits = |known: &&KnownInstrument| any || known.is_listed;
        let fitting: Vec<_> = self.world.instruments.iter().filter(fits).copied().collect();
        if fitting.is_empty() || self.chance(4) {
            let shard = self.world.genesis.shard as u16;
            let id = InstrumentId::from_parts(shard, self.random.below(9), self.random.below(6));
            return KnownInstrument::new(id, 1, 1);
        }
        fitting[self.random.below(fitting.len() as u32) as usize]
    }

    fn price(&mut self, tick: i64) -> i64 {
        if self.chance(self.world.habits.edge_per_mille) {
            let edges = [i64::MIN, i64::MAX, 0, -1, 1, i64::MIN + 1, i64::MAX - 1];
            return edges[self.random.below(7) as usize];
        }
        let step = i64::from(self.random.below(self.world.habits.price_span));
        let near = self.world.habits.price_base.saturating_add(step.saturating_mul(tick));
        if self.chance(970) { near - near % tick } else { near }
    }

    fn quantity(&mut self, lot: i64) -> i64 {
        if self.chance(self.world.habits.edge_per_mille) {
            let edges = [i64::MIN, i64::MAX, 0, -1, i64::MAX - 1, i64::MAX / 2, i64::MAX / 2 + 1];
            return edges[self.random.below(7) as usize];
        }
        let usual = i64::from(self.random.between(1, self.world.habits.quantity_span));
        let many = if self.chance(30) { 100 } else { 1 };
        // A mutated listing may have taught it any lot.
        usual.saturating_mul(lot).saturating_mul(many).saturating_add(i64::from(self.chance(10)))
    }
}

/// The record as words, as a ring or a frame holds it.
fn encode<C: CommandRecord>(record: &C) -> Vec<u64> {
    let mut words = vec![u64::zeroed(); size_of::<C>() / 8];
    bytemuck::cast_slice_mut::<u64, u8>(&mut words).copy_from_slice(bytemuck::bytes_of(record));
    words
}

/// The command that words hold.
pub(crate) fn decode(words: &[u64]) -> Command<'_> {
    Command::decode(words)
}
