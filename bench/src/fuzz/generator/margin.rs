//! Commands about margin, and the beginning of an episode in which it is checked: without feeds, models and cash hardly an
//! order would be accepted.

use novate_core::command::{
    AdjustCash, FeedRules, FeedStamp, ListExpiry, ListInstrument, ListUnderlying, MarginTerms, PPM, SetMarginModel,
    SetMarginTerms, SetScenarios, SetShocks, SmileTerms, UpdateForward, UpdateIndex, UpdateRate, UpdateSurface,
};
use novate_core::ids::AccountId;
use novate_core::terms::{InstrumentKind, OptionType, Role, TradingState};
use novate_core::units::{CashAtoms, PriceTicks, QuantityLots, TimeNs};

use super::feeds::TICK_ATOMS;
use super::orders::BUY;
use super::{AGE_GRID_NS, Generator, encode};

/// Commands that such an episode begins with, besides those for every account, instrument and feed.
const BEFORE: u64 = 11;
/// A month.
const EXPIRY_NS: u64 = 2_600_000_000_000_000;
const TRILLION: i64 = 1_000_000_000_000;

impl Generator {
    /// How many accounts, instruments and feeds the beginning is about.
    fn margin_sizes(&self) -> (u64, u64, u64) {
        match (self.world.is_vast(), self.world.is_crowded()) {
            (true, _) => (50, 400, 460),
            (_, true) => (3, 70, 50),
            _ => (6, 15, 50),
        }
    }

    /// Commands that such an episode begins with.
    pub(super) fn margin_set_up(&self) -> u64 {
        let (accounts, instruments, feeds) = self.margin_sizes();
        BEFORE + 3 * accounts + 3 + instruments + feeds + 3
    }

    /// The next command of the beginning.
    pub(super) fn begin_margined(&mut self) -> Vec<u64> {
        let (accounts, instruments, feeds) = self.margin_sizes();
        let mut step = self.made;
        for (phase, length) in [BEFORE, accounts, accounts, accounts, 3, instruments, feeds].into_iter().enumerate() {
            if step > length {
                step -= length;
                continue;
            }
            return match phase {
                0 => self.begin_venue(step),
                1 => self.open_account(),
                2 => self.model_of(step as usize - 1),
                3 => self.cash_of(step as usize - 1),
                5 => self.sound_instrument(),
                _ => self.sound_feed(step as u32 - 1),
            };
        }
        self.timer()
    }

    fn begin_venue(&mut self, step: u64) -> Vec<u64> {
        match step {
            1 => {
                let (sender, set) = (self.sender(Role::Operator), self.scenario_set());
                encode(&SetScenarios::new(sender, 1, set.scenarios))
            }
            2 => {
                let (sender, set) = (self.sender(Role::Operator), self.scenario_set());
                encode(&SetShocks::new(sender, 1, set.shocks))
            }
            3 => self.sound_terms(),
            4 | 5 => self.sound_underlying(),
            6..9 => self.sound_expiry(),
            _ => self.open_session(true),
        }
    }

    /// One of the commands about margin.
    pub(super) fn margin(&mut self) -> Vec<u64> {
        match self.random.below(20) {
            0..8 => self.adjust_cash(),
            8..10 => self.set_terms(),
            10..13 => self.set_margin_model(),
            13 => self.sound_instrument(),
            _ => {
                let which = self.random.below(15);
                self.sound_feed(which)
            }
        }
    }

    fn sound_terms(&mut self) -> Vec<u64> {
        let sender = self.sender(Role::Operator);
        let mut terms = MarginTerms::USUAL;
        if self.chance(500) {
            (terms.confidence_threshold, terms.doubt) = (PPM, 200_000);
        }
        if self.chance(300) {
            // So little that any move takes more.
            (terms.long, terms.short, terms.slippage, terms.initial_multiple) = (1_000, 1_000, 0, PPM);
        }
        if self.chance(300) {
            (terms.maintenance_loss, terms.initial_loss) = (PPM, PPM);
        }
        encode(&SetMarginTerms::new(sender, 1, terms))
    }

    fn set_terms(&mut self) -> Vec<u64> {
        let (sender, set) = (self.sender(Role::Operator), self.set_number());
        let mut terms = MarginTerms::USUAL;
        let all: &mut [u32; size_of::<MarginTerms>() / 4] = bytemuck::must_cast_mut(&mut terms);
        let edges = [0, 1, PPM - 1, PPM, 4 * PPM, 4 * PPM + 1, 16 * PPM, 16 * PPM + 1, u32::MAX];
        let reserved = if self.chance(900) { 2 } else { 0 };
        let place = self.random.below(all.len() as u32 - reserved) as usize;
        all[place] = if self.chance(400) { edges[self.random.below(9) as usize] } else { self.random.below(2 * PPM) };
        encode(&SetMarginTerms::new(sender, set, terms))
    }

    fn sound_underlying(&mut self) -> Vec<u64> {
        let sender = self.sender(Role::Operator);
        let mut list = ListUnderlying::new(sender, "COIN", CashAtoms(1_000_000_000));
        // Where a book is to be filled, feeds stay valid meanwhile.
        let ages =
            if self.world.is_deep() { 4_000_000 } else { [400, 40_000, 4_000_000][self.random.below(3) as usize] };
        let ages = ages * AGE_GRID_NS;
        list.lane_bits = [0, 1, 4, 8][self.random.below(4) as usize];
        list.rules = FeedRules {
            degraded_after: TimeNs(ages),
            stale_after: TimeNs(2 * ages),
            invalid_after: TimeNs(3 * ages),
            mark_window: TimeNs([1, 300_000][self.random.below(2) as usize]),
            move_max: [0, 100_000][self.random.below(2) as usize],
            mark_band: [10_000, 100_000][self.random.below(2) as usize],
            scenario_set: 1,
            ..FeedRules::USUAL
        };
        if self.made == 5 && self.chance(500) {
            list.peg = self.underlying().underlying;
        }
        encode(&list)
    }

    fn sound_expiry(&mut self) -> Vec<u64> {
        let header = self.header::<ListExpiry>(Role::Operator, AccountId::NONE);
        let ahead = [3_600_000_000_000, EXPIRY_NS, 12 * EXPIRY_NS][self.random.below(3) as usize];
        let (underlying, time) = (self.underlying().underlying, TimeNs(self.time.0 + ahead));
        let surface = 1 + u8::from(self.chance(200));
        encode(&ListExpiry { header, underlying, time, surface, reserved: [0; 7] })
    }

    fn nth_account(&mut self, nth: usize) -> AccountId {
        match self.world.accounts.get(nth) {
            Some(&(account, _)) => account,
            None => self.account(),
        }
    }

    fn model_of(&mut self, nth: usize) -> Vec<u64> {
        let account = self.nth_account(nth);
        let header = self.header::<SetMarginModel>(Role::Operator, account);
        let model = [1, 1, 1, 2, 3, 3][self.random.below(6) as usize];
        encode(&SetMarginModel { header, model, reserved: [0; 7] })
    }

    fn cash_of(&mut self, nth: usize) -> Vec<u64> {
        let account = self.nth_account(nth);
        let amount = self.amount();
        encode(&AdjustCash::new(self.sender(Role::Operator), account, CashAtoms(amount)))
    }

    /// Of the size of what a few, or many, of the usual lots need.
    fn amount(&mut self) -> i64 {
        let lot = self.world.habits.price_base.saturating_mul(i64::from(self.world.habits.quantity_span));
        let most = [20, 2_000, 2_000, 200_000, 200_000_000][self.random.below(5) as usize];
        i64::from(self.random.between(1, most)) * lot.clamp(1, 1 << 32) / 8
    }

    fn adjust_cash(&mut self) -> Vec<u64> {
        let account = self.account();
        let amount = match self.random.below(10) {
            0..3 => -self.amount(),
            3..5 => -self.amount() / 100,
            9 if self.chance(100) => [i64::MIN, i64::MAX, 0][self.random.below(3) as usize],
            _ => self.amount(),
        };
        encode(&AdjustCash::new(self.sender(Role::Operator), account, CashAtoms(amount)))
    }

    /// An instrument whose lots are like others'.
    fn sound_instrument(&mut self) -> Vec<u64> {
        let mut list = ListInstrument::perpetual(self.sender(Role::Operator), "MARGIN");
        list.kind = [1, 2, 3, 3, 3, 4][self.random.below(6) as usize];
        list.initial_state = TradingState::Continuous.code();
        self.value(&mut list);
        list.price_unit = CashAtoms(TICK_ATOMS);
        list.multiplier = CashAtoms(if self.chance(960) { 10 } else { 1_000 });
        list.position_max = QuantityLots([60, 2_000, 100_000][self.random.below(3) as usize]);
        if list.kind == InstrumentKind::Perpetual.code() {
            (list.strike, list.option_type) = (PriceTicks(0), 0);
        }
        if list.kind >= InstrumentKind::EuropeanOption.code() {
            // Few strikes, so that there are pairs.
            let step = (self.world.habits.price_base / 5).max(1);
            list.strike = PriceTicks((list.strike.0 / step).max(1) * step);
            list.option_type = [OptionType::Call, OptionType::Put][self.random.below(2) as usize].code();
        }
        encode(&list)
    }

    /// What some feed may well say.
    fn sound_feed(&mut self, which: u32) -> Vec<u64> {
        let stamp = FeedStamp {
            source_time: self.time,
            confidence: if self.chance(60) { 400_000 } else { PPM },
            source: 0,
            reserved: 0,
        };
        let at = self.expiry();
        let underlying = self.underlying_of(&at);
        let price = CashAtoms(self.index_near(&underlying) / 1_000 * i64::from(self.random.between(985, 1_015)));
        match which % 5 {
            0 => {
                let underlying = self.underlying();
                let price =
                    CashAtoms(self.index_near(&underlying) / 1_000 * i64::from(self.random.between(970, 1_030)));
                let header = self.header::<UpdateIndex>(Role::Operator, AccountId::NONE);
                encode(&UpdateIndex { header, underlying: underlying.underlying, price, stamp })
            }
            1 => {
                let header = self.header::<UpdateForward>(Role::Operator, AccountId::NONE);
                encode(&UpdateForward { header, expiry: at.expiry, price, stamp })
            }
            2 => {
                let header = self.header::<UpdateRate>(Role::Operator, AccountId::NONE);
                let rate = i64::from(self.random.below(60)) * 1_000_000;
                encode(&UpdateRate { header, expiry: at.expiry, rate, stamp })
            }
            3 => {
                let header = self.header::<UpdateSurface>(Role::Operator, AccountId::NONE);
                let part = |thousandths: u32| i64::from(thousandths) * (TRILLION / 1_000);
                let (a, b) = (part(self.random.between(1, 30)), part(self.random.between(1, 200)));
                let smile = SmileTerms { a, b, rho: 0, m: 0, sigma: part(100), forward: price, years: TRILLION / 12 };
                encode(&UpdateSurface { header, expiry: at.expiry, smile, stamp })
            }
            _ => self.update_volatility(),
        }
    }

    /// The price of an order: near the mark, where there is one.
    pub(super) fn price_near_mark(&mut self, side: u8, near: i64, tick: i64) -> i64 {
        let span = i64::from(self.world.habits.price_span).min(near.abs() / 10 + 4);
        let step = i64::from(self.random.below(2 * span.unsigned_abs() as u32 + 1));
        let passive_per_mille = self.world.habits.passive_per_mille;
        let is_passive = passive_per_mille > 0 && self.chance(passive_per_mille);
        let price = match (is_passive, side) {
            (false, _) => near + step - span,
            (true, BUY) => near - 1 - step,
            (true, _) => near + 1 + step,
        };
        price - price.rem_euclid(tick)
    }
}
