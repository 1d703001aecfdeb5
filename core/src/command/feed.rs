//! Underlyings and their feeds (kinds 111..=199): what is set up by operators, and what feeds say. `docs/FEEDS.md` has the
//! rules and the units.

use bytemuck::{Pod, Zeroable};

use super::{CommandHeader, CommandRecord, RARE_SIZE_MAX, command_record};
use crate::exposure::SKEWS_MAX;
use crate::ids::{AccountId, ExpiryId, InstrumentId, SessionId, UnderlyingId};
use crate::instrument::is_label;
use crate::pricing::SCENARIOS_MAX;
use crate::terms::{Smile, Surface};
use crate::units::{CashAtoms, TimeNs};

/// One, in parts per million.
pub const PPM: u32 = 1_000_000;
/// Largest spot factor of a scenario, and of a basis shock: sixteen.
pub const SPOT_FACTOR_MAX: u32 = 16 * PPM;
/// Largest price of one unit of an underlying.
pub const UNDERLYING_PRICE_MAX: CashAtoms = CashAtoms(1_000_000_000_000_000);
/// Most bits of a risk array's lanes behind the atom.
pub const LANE_BITS_MAX: u8 = 40;

/// How an underlying's feeds are judged, its marks made and its scenarios chosen. 56 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct FeedRules {
    /// Age at which a feed is degraded; more than zero.
    pub degraded_after: TimeNs,
    /// Age at which it is stale; not before it is degraded.
    pub stale_after: TimeNs,
    /// Age at which it is invalid; not before it is stale.
    pub invalid_after: TimeNs,
    /// Time over which marks are averaged; more than zero.
    pub mark_window: TimeNs,
    /// The largest move that needs no confirmation, in ppm of the price; zero for any.
    pub move_max: u32,
    /// How far a mark may be from the feed, in ppm of it; at most one.
    pub mark_band: u32,
    /// Below this confidence, in ppm, a feed is degraded; at most one.
    pub confidence_min: u32,
    /// Feeds of rates and volatilities may be so many times as old; from 1 to 1,000,000.
    pub slow_multiple: u32,
    /// Microseconds that lie between two sightings of a move, by one source, for the later one to confirm the other.
    pub confirm_after_us: u32,
    /// The number of the scenario set; zero for none.
    pub scenario_set: u16,
    /// Further updates by one source that confirm a move; at least one. Of another source one is enough.
    pub confirmations: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: u8,
}

impl FeedRules {
    /// Good for a second, invalid after ten; marks of a second within 1 % of the feed; moves of 5 % without confirmation,
    /// larger ones if they are seen twice more, a tenth of a second apart; rates and volatilities may be 60 times as old; no
    /// scenarios. To be changed field by field.
    pub const USUAL: Self = Self {
        degraded_after: TimeNs(1_000_000_000),
        stale_after: TimeNs(3_000_000_000),
        invalid_after: TimeNs(10_000_000_000),
        mark_window: TimeNs(1_000_000_000),
        move_max: 50_000,
        mark_band: 10_000,
        confidence_min: 950_000,
        slow_multiple: 60,
        confirm_after_us: 100_000,
        scenario_set: 0,
        confirmations: 2,
        reserved: 0,
    };

    fn are_sound(&self) -> bool {
        let zero = TimeNs::ZERO;
        let ages = self.degraded_after > zero
            && self.degraded_after <= self.stale_after
            && self.stale_after <= self.invalid_after
            && (1..=1_000_000).contains(&self.slow_multiple);
        let parts = self.mark_band <= PPM && self.confidence_min <= PPM;
        ages && parts && self.mark_window > zero && self.confirmations > 0
    }
}

/// Lists an underlying. 144 bytes. The event [`UnderlyingListed`](crate::event::UnderlyingListed) tells its id.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ListUnderlying {
    /// Kind 111.
    pub header: CommandHeader,
    /// A label for people: printable ASCII, not empty, zero-padded; the id is the identity.
    pub symbol: [u8; 16],
    /// The largest price that feeds may say of it, in atoms for one unit; at most [`UNDERLYING_PRICE_MAX`].
    pub price_max: CashAtoms,
    /// The underlying whose index is the price of the settlement asset; none where that is taken to be one.
    pub peg: UnderlyingId,
    /// How many bits behind the atom its instruments' risk arrays have; at most [`LANE_BITS_MAX`].
    pub lane_bits: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 7],
    /// Its rules.
    pub rules: FeedRules,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved_tail: [u8; 16],
}

impl ListUnderlying {
    /// An underlying of the [usual](FeedRules::USUAL) rules and of 8 lane bits. Of a longer `symbol` the first 16 bytes
    /// are taken.
    pub fn new((session, session_sequence): (SessionId, u64), symbol: &str, price_max: CashAtoms) -> Self {
        let mut padded = [0; 16];
        for (to, from) in padded.iter_mut().zip(symbol.bytes()) {
            *to = from;
        }
        Self {
            header: Self::new_header(session, session_sequence, AccountId::NONE),
            symbol: padded,
            price_max,
            lane_bits: 8,
            rules: FeedRules::USUAL,
            ..Self::zeroed()
        }
    }
}

command_record!(ListUnderlying, kind 111, size 144 <= RARE_SIZE_MAX, account false,
    reserved |r| r.reserved == [0; 7] && r.reserved_tail == [0; 16] && r.rules.reserved == 0,
    fields |f| f.symbol[0] != 0 && is_label(&f.symbol) && f.price_max.0 >= 1 && f.price_max <= UNDERLYING_PRICE_MAX
        && f.lane_bits <= LANE_BITS_MAX && f.rules.are_sound());

/// Delists an underlying that nothing is listed with. 40 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct DelistUnderlying {
    /// Kind 112.
    pub header: CommandHeader,
    /// Which.
    pub underlying: UnderlyingId,
}

command_record!(DelistUnderlying, kind 112, size 40 <= RARE_SIZE_MAX, account false, reserved |_r| true, fields |_f| true);

/// Gives an underlying other rules. 96 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ConfigureUnderlying {
    /// Kind 113.
    pub header: CommandHeader,
    /// Which.
    pub underlying: UnderlyingId,
    /// Its rules from now on.
    pub rules: FeedRules,
}

command_record!(ConfigureUnderlying, kind 113, size 96 <= RARE_SIZE_MAX, account false,
    reserved |r| r.rules.reserved == 0, fields |f| f.rules.are_sound());

/// Lists an expiry of an underlying: what its forward price, rate and volatilities are fed for. 56 bytes. The event
/// [`ExpiryListed`](crate::event::ExpiryListed) tells its id.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ListExpiry {
    /// Kind 114.
    pub header: CommandHeader,
    /// Of which underlying.
    pub underlying: UnderlyingId,
    /// When it is; after the command's time.
    pub time: TimeNs,
    /// A [`Surface`]: where its volatilities come from.
    pub surface: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 7],
}

impl ListExpiry {
    /// An expiry of an underlying.
    pub fn new(
        (session, session_sequence): (SessionId, u64),
        underlying: UnderlyingId,
        time: TimeNs,
        surface: Surface,
    ) -> Self {
        let header = Self::new_header(session, session_sequence, AccountId::NONE);
        Self { header, underlying, time, surface: surface.code(), reserved: [0; 7] }
    }
}

command_record!(ListExpiry, kind 114, size 56 <= RARE_SIZE_MAX, account false,
    reserved |r| r.reserved == [0; 7], fields |f| Surface::from_code(f.surface).is_some());

/// Delists an expiry that nothing is listed with. 40 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct DelistExpiry {
    /// Kind 115.
    pub header: CommandHeader,
    /// Which.
    pub expiry: ExpiryId,
}

command_record!(DelistExpiry, kind 115, size 40 <= RARE_SIZE_MAX, account false, reserved |_r| true, fields |_f| true);

/// One scenario of a set. 8 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ScenarioTerms {
    /// What the spot price is multiplied with, in ppm: from 1 to [`SPOT_FACTOR_MAX`]; [`PPM`] where the smile is skewed.
    pub spot: u32,
    /// The low 24 bits: how much of the loss counts, in ppm, at most one. The high 8 bits: a [`Smile`].
    damping_and_smile: u32,
}

impl ScenarioTerms {
    /// A scenario; `damping` is at most [`PPM`].
    ///
    /// ```
    /// use novate_core::command::{PPM, ScenarioTerms};
    /// use novate_core::terms::Smile;
    ///
    /// let tail = ScenarioTerms::new(5 * PPM, 375_000, Smile::Kept);
    /// assert_eq!((tail.damping(), tail.smile()), (375_000, Some(Smile::Kept)));
    /// ```
    pub const fn new(spot: u32, damping: u32, smile: Smile) -> Self {
        Self { spot, damping_and_smile: damping | (smile as u32) << 24 }
    }

    /// How much of the loss counts, in ppm.
    pub const fn damping(self) -> u32 {
        self.damping_and_smile & 0xff_ffff
    }

    /// What the smile does; none if that is not defined.
    pub const fn smile(self) -> Option<Smile> {
        Smile::from_code((self.damping_and_smile >> 24) as u8)
    }

    fn is_sound(self) -> bool {
        let is_in_range = self.spot >= 1 && self.spot <= SPOT_FACTOR_MAX && self.damping() <= PPM;
        is_in_range && self.smile().is_some_and(|smile| !smile.is_skew() || self.spot == PPM)
    }
}

/// Sets the scenarios of a set. 296 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SetScenarios {
    /// Kind 116.
    pub header: CommandHeader,
    /// The set's number: from 1 to the capacity of genesis.
    pub set: u16,
    /// How many scenarios; at least one.
    pub count: u8,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 5],
    /// The scenarios, of which at most four are skews; those behind `count` are zero.
    pub scenarios: [ScenarioTerms; SCENARIOS_MAX],
}

impl SetScenarios {
    /// The first scenarios of an iterator, as many as there is room for.
    pub fn new(
        (session, session_sequence): (SessionId, u64),
        set: u16,
        scenarios: impl IntoIterator<Item = ScenarioTerms>,
    ) -> Self {
        let mut record =
            Self { header: Self::new_header(session, session_sequence, AccountId::NONE), set, ..Self::zeroed() };
        for (to, from) in record.scenarios.iter_mut().zip(scenarios) {
            *to = from;
            record.count += 1;
        }
        record
    }

    fn are_sound(&self) -> bool {
        let (used, unused) = self.scenarios.split_at(usize::from(self.count).min(SCENARIOS_MAX));
        let fits = (1..=SCENARIOS_MAX).contains(&usize::from(self.count));
        let skews = used.iter().filter(|one| one.smile().is_some_and(Smile::is_skew)).count();
        let fits = fits && skews <= SKEWS_MAX;
        fits && used.iter().all(|one| one.is_sound()) && unused.iter().all(|one| *one == ScenarioTerms::default())
    }
}

command_record!(SetScenarios, kind 116, size 296 <= RARE_SIZE_MAX, account false,
    reserved |r| r.reserved == [0; 5], fields |f| f.are_sound());

/// How a set's scenarios shock volatilities, skews and discounts, in ppm; see [`crate::pricing::pmrm`], whose fields these
/// are. Only caps of skews and the volatility of the width may be negative; the others are from zero to
/// [`SHOCK_MAX`](Self::SHOCK_MAX), unless said otherwise. 96 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Shocks {
    /// Range of volatilities upwards.
    pub range_up: i32,
    /// Downwards.
    pub range_down: i32,
    /// Power of time up to 30 days; at most [`POWER_MAX`](Self::POWER_MAX).
    pub short_power: i32,
    /// Power of time behind; likewise.
    pub long_power: i32,
    /// Days below which time does not count any more; at least 1.
    pub floor_days: i32,
    /// The smallest volatility that is evaluated upwards.
    pub evaluated_min: i32,
    /// Cap of the linear skew at no time, and what it grows with sqrt(T).
    pub linear: [i32; 2],
    /// Of the absolute one.
    pub absolute: [i32; 2],
    /// The volatility that width is measured in, at no time, and what it grows with sqrt(T).
    pub volatility: [i32; 2],
    /// The smallest width; at least 1.
    pub width_min: i32,
    /// Width, in standard deviations.
    pub width: i32,
    /// Static discount of what is above zero, and below.
    pub fixed: [i32; 2],
    /// What the rate is multiplied with, above and below.
    pub rate_mult: [i32; 2],
    /// What is added to it.
    pub rate_add: [i32; 2],
    /// What the forward price is multiplied with for the basis, up and down: from 1 to [`SPOT_FACTOR_MAX`].
    pub basis: [i32; 2],
    /// The basis loss counts with this, and for each year with so much more.
    pub basis_factor: [i32; 2],
}

impl Shocks {
    /// A thousand: more than any shock is.
    pub const SHOCK_MAX: i32 = 1_000_000_000;
    /// Ten: with larger powers of time there would be volatilities without end.
    pub const POWER_MAX: i32 = 10_000_000;

    fn are_sound(&self) -> bool {
        // Those that may be negative stand together.
        const SIGNED: core::ops::Range<usize> = 6..12;
        let all: &[i32; 24] = bytemuck::must_cast_ref(self);
        let in_range = all.iter().enumerate().all(|(place, shock)| {
            let least = if SIGNED.contains(&place) { -Self::SHOCK_MAX } else { 0 };
            (least..=Self::SHOCK_MAX).contains(shock)
        });
        let basis = self.basis.iter().all(|factor| (1..=SPOT_FACTOR_MAX.cast_signed()).contains(factor));
        let powers = self.short_power <= Self::POWER_MAX && self.long_power <= Self::POWER_MAX;
        in_range && basis && powers && self.floor_days >= 1 && self.width_min >= 1
    }
}

/// Sets the shocks of a set. 136 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SetShocks {
    /// Kind 117.
    pub header: CommandHeader,
    /// The set's number: from 1 to the capacity of genesis.
    pub set: u16,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: [u8; 6],
    /// The shocks.
    pub shocks: Shocks,
}

impl SetShocks {
    /// Shocks of a set.
    pub fn new((session, session_sequence): (SessionId, u64), set: u16, shocks: Shocks) -> Self {
        let header = Self::new_header(session, session_sequence, AccountId::NONE);
        Self { header, set, reserved: [0; 6], shocks }
    }
}

command_record!(SetShocks, kind 117, size 136 <= RARE_SIZE_MAX, account false,
    reserved |r| r.reserved == [0; 6], fields |f| f.shocks.are_sound());

/// Where and when a feed's value comes from. 16 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct FeedStamp {
    /// When the source saw it.
    pub source_time: TimeNs,
    /// How sure the source is, in ppm; at most one.
    pub confidence: u32,
    /// The source's number, in the venue's own numbering: a label. Who speaks is who sends.
    pub source: u16,
    /// Zero.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub reserved: u16,
}

impl FeedStamp {
    /// From a source that is sure of what it saw at this time.
    pub const fn sure(source: u16, source_time: TimeNs) -> Self {
        Self { source_time, confidence: PPM, source, reserved: 0 }
    }
}

/// Says the price of an underlying. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct UpdateIndex {
    /// Kind 121.
    pub header: CommandHeader,
    /// Which.
    pub underlying: UnderlyingId,
    /// Atoms for one unit.
    pub price: CashAtoms,
    /// From where and when.
    pub stamp: FeedStamp,
}

impl UpdateIndex {
    /// A price of an underlying.
    pub fn new(
        (session, session_sequence): (SessionId, u64),
        underlying: UnderlyingId,
        price: CashAtoms,
        stamp: FeedStamp,
    ) -> Self {
        let header = Self::new_header(session, session_sequence, AccountId::NONE);
        Self { header, underlying, price, stamp }
    }
}

command_record!(UpdateIndex, kind 121, size 64 <= RARE_SIZE_MAX, account false,
    reserved |r| r.stamp.reserved == 0, fields |f| f.stamp.confidence <= PPM);

/// Says the forward price of an expiry. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct UpdateForward {
    /// Kind 122.
    pub header: CommandHeader,
    /// Which.
    pub expiry: ExpiryId,
    /// Atoms for one unit.
    pub price: CashAtoms,
    /// From where and when.
    pub stamp: FeedStamp,
}

impl UpdateForward {
    /// A forward price.
    pub fn new(
        (session, session_sequence): (SessionId, u64),
        expiry: ExpiryId,
        price: CashAtoms,
        stamp: FeedStamp,
    ) -> Self {
        let header = Self::new_header(session, session_sequence, AccountId::NONE);
        Self { header, expiry, price, stamp }
    }
}

command_record!(UpdateForward, kind 122, size 64 <= RARE_SIZE_MAX, account false,
    reserved |r| r.stamp.reserved == 0, fields |f| f.stamp.confidence <= PPM);

/// Says the rate to an expiry. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct UpdateRate {
    /// Kind 123.
    pub header: CommandHeader,
    /// Which.
    pub expiry: ExpiryId,
    /// Parts of 1e-9 a year, continuously compounded.
    pub rate: i64,
    /// From where and when.
    pub stamp: FeedStamp,
}

impl UpdateRate {
    /// A rate.
    pub fn new((session, session_sequence): (SessionId, u64), expiry: ExpiryId, rate: i64, stamp: FeedStamp) -> Self {
        let header = Self::new_header(session, session_sequence, AccountId::NONE);
        Self { header, expiry, rate, stamp }
    }
}

command_record!(UpdateRate, kind 123, size 64 <= RARE_SIZE_MAX, account false,
    reserved |r| r.stamp.reserved == 0, fields |f| f.stamp.confidence <= PPM);

/// The volatility smile of an expiry, after [`crate::pricing::svi`]; parameters and years in parts of 1e-12. 56 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SmileTerms {
    /// Level of the variance.
    pub a: i64,
    /// Slope of the wings.
    pub b: i64,
    /// Skew.
    pub rho: i64,
    /// Where the smile is centred.
    pub m: i64,
    /// How round it is at its bottom.
    pub sigma: i64,
    /// The forward price that it was fitted at, in atoms for one unit.
    pub forward: CashAtoms,
    /// The years to the expiry that it was fitted at.
    pub years: i64,
}

/// Says the volatility smile of an expiry. 112 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct UpdateSurface {
    /// Kind 124.
    pub header: CommandHeader,
    /// Which.
    pub expiry: ExpiryId,
    /// The smile.
    pub smile: SmileTerms,
    /// From where and when.
    pub stamp: FeedStamp,
}

impl UpdateSurface {
    /// A smile.
    pub fn new(
        (session, session_sequence): (SessionId, u64),
        expiry: ExpiryId,
        smile: SmileTerms,
        stamp: FeedStamp,
    ) -> Self {
        let header = Self::new_header(session, session_sequence, AccountId::NONE);
        Self { header, expiry, smile, stamp }
    }
}

command_record!(UpdateSurface, kind 124, size 112 <= RARE_SIZE_MAX, account false,
    reserved |r| r.stamp.reserved == 0, fields |f| f.stamp.confidence <= PPM);

/// Says the volatility of an option. 64 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct UpdateVolatility {
    /// Kind 125.
    pub header: CommandHeader,
    /// Of which option; its expiry has volatilities strike by strike.
    pub instrument: InstrumentId,
    /// Parts of 1e-9 a year.
    pub volatility: i64,
    /// From where and when.
    pub stamp: FeedStamp,
}

impl UpdateVolatility {
    /// A volatility of an option.
    pub fn new(
        (session, session_sequence): (SessionId, u64),
        instrument: InstrumentId,
        volatility: i64,
        stamp: FeedStamp,
    ) -> Self {
        let header = Self::new_header(session, session_sequence, AccountId::NONE);
        Self { header, instrument, volatility, stamp }
    }
}

command_record!(UpdateVolatility, kind 125, size 64 <= RARE_SIZE_MAX, account false,
    reserved |r| r.stamp.reserved == 0, fields |f| f.stamp.confidence <= PPM);
