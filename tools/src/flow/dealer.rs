//! Deals accounts what they were drawn: by orders, at the prices that the feeds say, against one account that makes the
//! market and has more than anybody asks for.
#![allow(clippy::float_arithmetic)]

use novate_core::command::{
    AdjustCash, CancelOrder, CommandRecord, ListInstrument, NewOrder, OpenAccount, SetMarginModel,
};
use novate_core::ids::{AccountId, ClientOrderId, InstrumentId};
use novate_core::pricing::YEAR_SECONDS;
use novate_core::pricing::black76;
use novate_core::pricing::svi::Smile;
use novate_core::terms::{InstrumentKind, MarginModel, OptionType, Side, TimeInForce};
use novate_core::units::{CashAtoms, PriceTicks, QuantityLots, TimeNs};

use super::index::{EXPIRY_DAYS, Expiry, Feeds, RATE};
use super::portfolios::{AMPLE_ORDERS, Holding, MARGIN_PART, Portfolio};
use super::scale::Scale;
use super::trader::Trader;
use super::venue::{Line, nth, words};
use crate::error::Error;

/// What the account that makes the market has, in atoms.
const MAKER_CASH: CashAtoms = CashAtoms(1 << 55);
/// What orders are called that deal holdings: they are gone before the first row.
const NAME: ClientOrderId = ClientOrderId(u64::MAX);

/// An instrument that holdings are dealt in, as it was listed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dealt {
    pub(super) instrument: InstrumentId,
    pub(super) terms: ListInstrument,
}

/// Where an instrument is dealt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counter {
    instrument: InstrumentId,
    price: PriceTicks,
    /// Lots of a usual order.
    usual: i64,
    /// Quantities are multiples of it.
    lot: i64,
}

impl Counter {
    /// At the price that the feeds say: the index or the forward, or what an option is worth, as a multiple of the tick
    /// within the declared range.
    pub(super) fn new(
        dealt: &Dealt,
        (feeds, scale, expiries): (&Feeds, &Scale, &[Expiry; EXPIRY_DAYS.len()]),
        now: TimeNs,
    ) -> Self {
        let ListInstrument { kind, price_min, price_max, tick, lot, price_unit, expiry_id, .. } = dealt.terms;
        let expiry = expiries.iter().find(|expiry| expiry.id == expiry_id);
        let (worth, usual) = match (InstrumentKind::from_code(kind), expiry) {
            (Some(InstrumentKind::Future), Some(expiry)) => (feeds.forward(*expiry, now).0 / price_unit.0, 1),
            (Some(InstrumentKind::EuropeanOption), Some(expiry)) => (option_price(&dealt.terms, feeds, expiry, now), 1),
            _ => (scale.reference, scale.usual),
        };
        let within = worth.clamp(price_min.0, price_max.0);
        let price = PriceTicks(within.saturating_sub(within.rem_euclid(tick.0)));
        Self { instrument: dealt.instrument, price, usual, lot: lot.0 }
    }

    fn lots(&self, orders: i64) -> QuantityLots {
        let (lots, lot) = (orders.saturating_mul(self.usual), self.lot);
        QuantityLots((lots / lot + i64::from(lots % lot != 0)).saturating_mul(lot))
    }
}

/// By the formula of Black, at the smile's volatility; at least a tick.
#[expect(clippy::cast_precision_loss, reason = "a price to trade at, which may be a tick off")]
fn option_price(terms: &ListInstrument, feeds: &Feeds, expiry: &Expiry, now: TimeNs) -> i64 {
    let unit = terms.price_unit.0 as f64;
    let strike = terms.strike.0 as f64 * unit;
    let Ok(smile) = Smile::try_from(&feeds.smile(*expiry, now)) else { return 1 };
    let value = black76::value(&black76::Terms {
        forward: feeds.forward(*expiry, now).0 as f64,
        strike,
        years: expiry.time.0.saturating_sub(now.0) as f64 / 1e9 / YEAR_SECONDS,
        volatility: smile.volatility(strike),
        rate: RATE as f64 / 1e9,
    });
    let worth = if terms.option_type == OptionType::Call.code() { value.call } else { value.put };
    ((worth / unit) as i64).max(1)
}

/// What came of dealing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Dealings {
    /// Holdings that accounts were drawn.
    pub(crate) holdings: u64,
    /// Those of them that an account did not get, since an order was refused: a flow may have terms that leave no price or
    /// quantity to deal at.
    pub(crate) refused: u64,
}

/// Opens accounts and trades for them.
pub(super) struct Dealer<'d, L> {
    pub(super) trader: &'d mut Trader,
    pub(super) line: &'d mut L,
    pub(super) scale: &'d Scale,
    pub(super) counters: Vec<Counter>,
    pub(super) dealings: Dealings,
}

impl<L: Line> Dealer<'_, L> {
    /// Deals to all accounts.
    ///
    /// # Errors
    /// The engine refused what it does not refuse, or is gone.
    pub(super) fn deal(mut self, portfolios: &[Portfolio]) -> Result<Dealings, Error> {
        let margin = self.scale.order.0 / MARGIN_PART;
        let cash = CashAtoms(margin.saturating_mul(AMPLE_ORDERS));
        for (number, portfolio) in (1..).zip(portfolios) {
            self.open(number, portfolio.model, cash)?;
        }
        let maker = self.open(portfolios.len() as u32 + 1, MarginModel::Portfolio, MAKER_CASH)?;
        for (number, portfolio) in (1..).zip(portfolios) {
            let account = nth(number);
            for holding in &portfolio.holdings {
                let is_held = self.trade(account, maker, holding)?;
                self.dealings.holdings += 1;
                self.dealings.refused += u64::from(!is_held);
            }
            if let Some(tenths) = portfolio.spare_tenths {
                self.leave(account, cash, CashAtoms(margin.saturating_mul(tenths) / 10))?;
            }
        }
        Ok(self.dealings)
    }

    fn open(&mut self, number: u32, model: MarginModel, cash: CashAtoms) -> Result<AccountId, Error> {
        let account = nth(number);
        let operator = &mut self.trader.operator;
        let open = OpenAccount::new(operator.next(), number.into());
        let (session, sequence) = operator.next();
        let header = SetMarginModel::new_header(session, sequence, account);
        let set = SetMarginModel { header, model: model.code(), reserved: [0; 7] };
        let adjust = AdjustCash::new(operator.next(), account, cash);
        self.line.tell_all(&[words(&open), words(&set), words(&adjust)])?.accepted()?;
        Ok(account)
    }

    /// The account's order rests, the maker's comes to it. Returns whether they traded.
    fn trade(&mut self, account: AccountId, maker: AccountId, holding: &Holding) -> Result<bool, Error> {
        let Some(counter) = self.counters.get(holding.instrument).copied() else { return Ok(false) };
        let lots = counter.lots(holding.orders);
        let mut order = |by: AccountId, side: Side| {
            let by = self.trader.sender(by);
            NewOrder::limit(by, counter.instrument, NAME, side, counter.price, lots)
        };
        let other = if holding.side == Side::Buy { Side::Sell } else { Side::Buy };
        let rests = order(account, holding.side);
        let comes = order(maker, other).with_time_in_force(TimeInForce::ImmediateOrCancel);
        if self.line.tell_all(&[words(&rests), words(&comes)])?.rejected.is_none() {
            return Ok(true);
        }
        // If it was the maker's order that was refused, the other one rests.
        self.line.tell(&CancelOrder::new(self.trader.sender(account), NAME))?;
        Ok(false)
    }

    /// Takes away what an account has over its initial margin, but for so much. It asks for all that the account was given:
    /// that is refused, and the refusal says what there is.
    fn leave(&mut self, account: AccountId, cash: CashAtoms, spare: CashAtoms) -> Result<(), Error> {
        let mut adjust = |amount: i64| AdjustCash::new(self.trader.operator.next(), account, CashAtoms(amount));
        let told = self.line.tell(&adjust(-cash.0))?;
        let amount = match told.initial {
            Some(initial) if told.rejected.is_some() => spare.0.saturating_sub(initial.0),
            // Nothing is held, so nothing was in the way.
            _ => spare.0,
        };
        if amount == 0 { Ok(()) } else { self.line.demand(&adjust(amount)) }
    }
}
