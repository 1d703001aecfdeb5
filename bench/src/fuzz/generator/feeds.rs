//! Commands about underlyings and expiries, what feeds say, and timers.

use novate_core::command::{
    ConfigureUnderlying, DelistExpiry, DelistUnderlying, FeedRules, FeedStamp, ListExpiry, ListInstrument,
    ListUnderlying, PPM, SetMarginModel, SetScenarios, SetShocks, Shocks, SmileTerms, Timer, UpdateForward,
    UpdateIndex, UpdateRate, UpdateSurface, UpdateVolatility,
};
use novate_core::ids::{AccountId, EntityId, ExpiryId, UnderlyingId};
use novate_core::margin::sets::{ScenarioSet, derive_pmrm2, nine_by_three, span_16};
use novate_core::terms::{InstrumentKind, OptionType, Role};
use novate_core::units::{CashAtoms, PriceTicks, QuantityLots, TimeNs};

use super::super::world::{KnownExpiry, KnownUnderlying};
use super::{AGE_GRID_NS, Generator, encode};

/// Parts of one of a smile's parameters.
const TRILLION: i64 = 1_000_000_000_000;
/// What a tick is worth where instruments are valued, in atoms for one unit.
pub(super) const TICK_ATOMS: i64 = 1_000;

impl Generator {
    /// One of the commands about feeds: mostly a value.
    pub(super) fn feed(&mut self) -> Vec<u64> {
        let (underlyings, expiries) = (&self.world.underlyings, &self.world.expiries);
        let has = |listed: usize, per_mille: u32| listed > 0 || per_mille > 900;
        let few = self.random.below(1_000);
        if !has(underlyings.iter().filter(|known| known.is_listed).count(), few) {
            return self.list_underlying();
        }
        if !has(expiries.iter().filter(|known| known.is_listed).count(), few) {
            return self.list_expiry();
        }
        if self.chance(self.world.habits.listing_per_mille) {
            return self.list_instrument();
        }
        match self.random.below(100) {
            0..3 => self.list_underlying(),
            3..8 => self.list_expiry(),
            8 => self.delist_underlying(),
            9..11 => self.delist_expiry(),
            11..14 => self.configure_underlying(),
            14..17 => self.set_scenarios(),
            17..20 => self.set_shocks(),
            20..24 => self.list_instrument(),
            24..26 => self.set_margin_model(),
            26..46 => self.timer(),
            46..60 => self.update_index(),
            60..74 => self.update_forward(),
            74..80 => self.update_rate(),
            80..90 => self.update_surface(),
            _ => self.update_volatility(),
        }
    }

    /// Gives an instrument that is being listed an underlying.
    pub(super) fn value(&mut self, list: &mut ListInstrument) {
        let underlying = self.underlying();
        list.underlying_id = underlying.underlying;
        list.price_unit = CashAtoms(if self.chance(20) { i64::MAX } else { TICK_ATOMS });
        list.position_max =
            QuantityLots(if self.chance(40) { i64::MAX } else { [1, 1_000][self.random.below(2) as usize] });
        if self.chance(900) {
            list.multiplier = CashAtoms([1, 1_000][self.random.below(2) as usize]);
        }
        let is_option = list.kind >= InstrumentKind::EuropeanOption.code();
        if is_option {
            list.option_type = [OptionType::Call, OptionType::Put][self.random.below(2) as usize].code();
            let near = self.index_near(&underlying) / TICK_ATOMS;
            list.strike = PriceTicks(near * i64::from(self.random.between(6, 14)) / 10);
        }
        if list.kind == InstrumentKind::Perpetual.code() {
            return;
        }
        let fits = |known: &&KnownExpiry| known.is_listed && known.underlying == underlying.underlying;
        let fitting: Vec<KnownExpiry> = self.world.expiries.iter().filter(fits).copied().collect();
        let any = if self.chance(100) || fitting.is_empty() {
            self.expiry()
        } else {
            fitting[self.random.below(fitting.len() as u32) as usize]
        };
        list.expiry_id = any.expiry;
        list.expiry = TimeNs(any.time.saturating_add(u64::from(self.chance(30))));
    }

    /// An underlying, usually a listed one.
    pub(super) fn underlying(&mut self) -> KnownUnderlying {
        let any = self.chance(20);
        let fits = |known: &&KnownUnderlying| any || known.is_listed;
        let fitting: Vec<_> = self.world.underlyings.iter().filter(fits).copied().collect();
        if fitting.is_empty() || self.chance(5) {
            let shard = self.world.genesis.shard as u16;
            let underlying = UnderlyingId::from_parts(shard, self.random.below(9), self.random.below(5));
            return KnownUnderlying { underlying, price_max: 1_000_000, is_listed: false };
        }
        fitting[self.random.below(fitting.len() as u32) as usize]
    }

    /// An expiry, usually a listed one.
    pub(super) fn expiry(&mut self) -> KnownExpiry {
        let any = self.chance(20);
        let fits = |known: &&KnownExpiry| any || known.is_listed;
        let fitting: Vec<_> = self.world.expiries.iter().filter(fits).copied().collect();
        if fitting.is_empty() || self.chance(5) {
            let shard = self.world.genesis.shard as u16;
            let expiry = ExpiryId::from_parts(shard, self.random.below(9), self.random.below(5));
            return KnownExpiry { expiry, underlying: UnderlyingId::NONE, time: self.time.0, is_listed: false };
        }
        fitting[self.random.below(fitting.len() as u32) as usize]
    }

    /// Where prices are, in atoms, as far as the underlying takes them.
    pub(super) fn index_near(&mut self, underlying: &KnownUnderlying) -> i64 {
        let base = self.world.habits.price_base.clamp(500, 1 << 30);
        let middle = base.saturating_add(i64::from(self.world.habits.price_span) / 2).saturating_mul(TICK_ATOMS);
        middle.min(underlying.price_max / 2).max(1)
    }

    /// A price near the others; now and then a jump, or at an edge.
    fn feed_price(&mut self, underlying: &KnownUnderlying) -> i64 {
        let near = self.index_near(underlying);
        match self.random.below(100) {
            0 => [0, -1, i64::MIN, i64::MAX, underlying.price_max, underlying.price_max.saturating_add(1)]
                [self.random.below(6) as usize],
            1..12 => near / 1_000 * i64::from(self.random.between(500, 1_500)),
            _ => (near / 1_000 * i64::from(self.random.between(985, 1_015))).max(1),
        }
    }

    fn stamp(&mut self) -> FeedStamp {
        let now = self.time.0;
        let source_time = match self.random.below(100) {
            0 => now + 2_000_000_000,
            1..4 => now + u64::from(self.random.below(1_000_000)),
            4..14 => now.saturating_sub(u64::from(self.random.below(20_000_000))),
            _ => now,
        };
        self.source_time = source_time;
        let confidence = match self.random.below(50) {
            0 => PPM + 1,
            1..6 => self.random.below(PPM),
            _ => PPM,
        };
        FeedStamp { source_time: TimeNs(source_time), confidence, source: self.random.below(3) as u16, reserved: 0 }
    }

    fn feed_role(&mut self) -> Role {
        if self.chance(300) { Role::Feed } else { Role::Operator }
    }

    fn rules(&mut self) -> FeedRules {
        let degraded = u64::from(self.random.between(1, 20)) * AGE_GRID_NS;
        let stale = degraded * u64::from(self.random.between(1, 3));
        let mut rules = FeedRules {
            degraded_after: TimeNs(degraded),
            stale_after: TimeNs(stale),
            invalid_after: TimeNs(stale * u64::from(self.random.between(1, 6))),
            mark_window: TimeNs([1, 300_000, 3_000_000][self.random.below(3) as usize]),
            move_max: [0, 1, 20_000, 100_000][self.random.below(4) as usize],
            mark_band: [0, 300, 10_000, PPM][self.random.below(4) as usize],
            slow_multiple: [1, 5, 1_000_000][self.random.below(3) as usize],
            scenario_set: if self.chance(800) { 1 } else { self.random.below(4) as u16 },
            confirm_after_us: [0, 0, 100, 5_000][self.random.below(4) as usize],
            confirmations: self.random.between(1, 3) as u8,
            ..FeedRules::USUAL
        };
        if self.chance(20) {
            rules.stale_after = TimeNs(0);
        }
        rules
    }

    fn list_underlying(&mut self) -> Vec<u64> {
        let sender = self.sender(Role::Operator);
        // Large ones take no instruments: their lanes would not fit.
        let price_max = [1_000_000_000, 1_000_000_000, 1_000_000_000_000_000, 1][self.random.below(4) as usize];
        let mut list = ListUnderlying::new(sender, "COIN", CashAtoms(price_max));
        list.rules = self.rules();
        list.lane_bits = [0, 8, 20, 40][self.random.below(4) as usize];
        if self.chance(300) {
            list.peg = self.underlying().underlying;
        }
        if self.chance(20) {
            list.lane_bits = 41;
        }
        // Without a set there would be nothing to see.
        if self.world.underlyings.is_empty() && self.chance(700) {
            list.rules.scenario_set = 0;
        }
        encode(&list)
    }

    fn configure_underlying(&mut self) -> Vec<u64> {
        let header = self.header::<ConfigureUnderlying>(Role::Operator, AccountId::NONE);
        let (underlying, rules) = (self.underlying().underlying, self.rules());
        encode(&ConfigureUnderlying { header, underlying, rules })
    }

    fn delist_underlying(&mut self) -> Vec<u64> {
        let header = self.header::<DelistUnderlying>(Role::Operator, AccountId::NONE);
        encode(&DelistUnderlying { header, underlying: self.underlying().underlying })
    }

    fn list_expiry(&mut self) -> Vec<u64> {
        let header = self.header::<ListExpiry>(Role::Operator, AccountId::NONE);
        let ahead = [0, 3_000_000, 1_000_000_000, 3_600_000_000_000, 2_600_000_000_000_000, 1 << 60];
        let time = TimeNs(self.time.0.saturating_add(ahead[self.random.below(6) as usize]));
        let surface = if self.chance(20) { 3 } else { self.random.between(1, 2) as u8 };
        encode(&ListExpiry { header, underlying: self.underlying().underlying, time, surface, reserved: [0; 7] })
    }

    fn delist_expiry(&mut self) -> Vec<u64> {
        let header = self.header::<DelistExpiry>(Role::Operator, AccountId::NONE);
        encode(&DelistExpiry { header, expiry: self.expiry().expiry })
    }

    pub(super) fn scenario_set(&mut self) -> ScenarioSet {
        match self.random.below(3) {
            0 => derive_pmrm2(),
            1 => span_16(self.random.between(1, 900_000), 250_000, 3 * PPM, 330_000),
            _ => nine_by_three(),
        }
    }

    fn set_scenarios(&mut self) -> Vec<u64> {
        let (sender, set) = (self.sender(Role::Operator), self.set_number());
        let scenarios = self.scenario_set().scenarios;
        let count = if self.chance(300) { self.random.below(4) as usize } else { scenarios.len() };
        encode(&SetScenarios::new(sender, set, scenarios.into_iter().take(count)))
    }

    fn set_shocks(&mut self) -> Vec<u64> {
        let (sender, set) = (self.sender(Role::Operator), self.set_number());
        let mut shocks = self.scenario_set().shocks;
        if self.chance(200) {
            let all: &mut [i32; size_of::<Shocks>() / 4] = bytemuck::must_cast_mut(&mut shocks);
            all[self.random.below(24) as usize] =
                [0, 1, -1, i32::MAX, i32::MIN, Shocks::SHOCK_MAX, -Shocks::SHOCK_MAX][self.random.below(7) as usize];
        }
        encode(&SetShocks::new(sender, set, shocks))
    }

    pub(super) fn set_number(&mut self) -> u16 {
        if self.chance(800) { 1 } else { self.random.below(4) as u16 }
    }

    pub(super) fn set_margin_model(&mut self) -> Vec<u64> {
        let account = self.account();
        let header = self.header::<SetMarginModel>(Role::Operator, account);
        let least = u32::from(self.chance(950));
        let model = self.random.between(least, 3) as u8;
        encode(&SetMarginModel { header, model, reserved: [0; 7] })
    }

    pub(super) fn timer(&mut self) -> Vec<u64> {
        encode(&Timer { header: self.header::<Timer>(Role::Sequencer, AccountId::NONE) })
    }

    fn update_index(&mut self) -> Vec<u64> {
        let (role, at) = (self.feed_role(), self.underlying());
        let header = self.header::<UpdateIndex>(role, AccountId::NONE);
        let (price, stamp) = (CashAtoms(self.feed_price(&at)), self.stamp());
        encode(&UpdateIndex { header, underlying: at.underlying, price, stamp })
    }

    /// The underlying of an expiry, as far as it is known.
    pub(super) fn underlying_of(&mut self, expiry: &KnownExpiry) -> KnownUnderlying {
        let found = self.world.underlyings.iter().find(|known| known.underlying == expiry.underlying).copied();
        found.unwrap_or_else(|| self.underlying())
    }

    fn update_forward(&mut self) -> Vec<u64> {
        let (role, at) = (self.feed_role(), self.expiry());
        let underlying = self.underlying_of(&at);
        let header = self.header::<UpdateForward>(role, AccountId::NONE);
        let (price, stamp) = (CashAtoms(self.feed_price(&underlying)), self.stamp());
        encode(&UpdateForward { header, expiry: at.expiry, price, stamp })
    }

    fn update_rate(&mut self) -> Vec<u64> {
        let (role, at) = (self.feed_role(), self.expiry());
        let header = self.header::<UpdateRate>(role, AccountId::NONE);
        let usual = [-20_000_000, 0, 30_000_000, 31_000_000, 32_000_000, 1_500_000_000];
        let edges = [i64::MIN, i64::MAX, -1_000_000_000, -1_000_000_001, 10_000_000_000, 10_000_000_001];
        let rate = if self.chance(40) { edges } else { usual }[self.random.below(6) as usize];
        encode(&UpdateRate { header, expiry: at.expiry, rate, stamp: self.stamp() })
    }

    fn smile(&mut self, underlying: &KnownUnderlying) -> SmileTerms {
        let mut part = |least: i64, most: u32| least + i64::from(self.random.below(most)) * (TRILLION / 1_000);
        let (a, b, rho) = (part(0, 100), part(0, 300), part(-TRILLION / 2, 1_000));
        let (m, sigma) = (part(-TRILLION / 20, 100), part(TRILLION / 100, 400));
        let years = TRILLION / i64::from(self.random.between(1, 400));
        let mut smile = SmileTerms { a, b, rho, m, sigma, forward: CashAtoms::ZERO, years };
        if self.chance(60) {
            let all: &mut [i64; 7] = bytemuck::must_cast_mut(&mut smile);
            all[self.random.below(5) as usize] = [i64::MIN, i64::MAX, -TRILLION / 3, 0][self.random.below(4) as usize];
        }
        if self.chance(60) {
            // Steep wings about a quiet middle.
            (smile.b, smile.sigma) = (TRILLION * i64::from(self.random.between(1, 1_000)), TRILLION / 1_000_000);
        }
        if let Some(last) = self.smile
            && self.chance(600)
        {
            smile = last;
            let all: &mut [i64; 7] = bytemuck::must_cast_mut(&mut smile);
            let moved = &mut all[self.random.below(7) as usize];
            *moved = (*moved / 1_000).saturating_mul(i64::from(self.random.between(960, 1_040)));
        } else {
            smile.forward = CashAtoms(self.feed_price(underlying));
        }
        self.smile = Some(smile);
        smile
    }

    fn update_surface(&mut self) -> Vec<u64> {
        let (role, at) = (self.feed_role(), self.expiry());
        let underlying = self.underlying_of(&at);
        let header = self.header::<UpdateSurface>(role, AccountId::NONE);
        let (smile, stamp) = (self.smile(&underlying), self.stamp());
        encode(&UpdateSurface { header, expiry: at.expiry, smile, stamp })
    }

    pub(super) fn update_volatility(&mut self) -> Vec<u64> {
        let (role, at) = (self.feed_role(), self.instrument());
        let header = self.header::<UpdateVolatility>(role, AccountId::NONE);
        let volatility = match self.random.below(60) {
            0 => [0, -1, i64::MAX, 99_999, 100_000, 10_000_000_000, 10_000_000_001][self.random.below(7) as usize],
            1..8 => i64::from(self.random.between(100, 9_000)) * 1_000_000,
            _ => i64::from(self.random.between(590, 610)) * 1_000_000,
        };
        encode(&UpdateVolatility { header, instrument: at.instrument, volatility, stamp: self.stamp() })
    }
}
