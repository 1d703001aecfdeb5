//! The commands of underlyings, feeds and margin: lines with short names for a record's fields, what is not given
//! being as usual. They are sent as the line `send` sends a record.

use bytemuck::bytes_of;
use novate_core::command::{
    AdjustCash, CommandRecord, ConfigureUnderlying, DelistExpiry, DelistUnderlying, FeedRules, FeedStamp, ListExpiry,
    ListInstrument, ListUnderlying, MarginTerms, PPM, SetMarginModel, SetMarginTerms, SetScenarios, SetShocks, Shocks,
    Timer, UpdateForward, UpdateIndex, UpdateRate, UpdateSurface, UpdateVolatility,
};
use novate_core::ids::{AccountId, SessionId, UnderlyingId};
use novate_core::terms::Surface;
use novate_core::units::{CashAtoms, TimeNs};

use super::fields::{Fields, Place};
use super::record::{Field, Value, Written};
use crate::error::Error;

/// A line: its first word, the record that it is sent as, and the record as it is where nothing else is given.
struct Short {
    word: &'static str,
    record: &'static str,
    keys: &'static [&'static [Key]],
    usual: fn() -> Vec<u8>,
}

/// A key of a line, and the fields that its values stand for, which have commas between them.
struct Key {
    name: &'static str,
    fields: &'static [&'static str],
    needs: Needs,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// It may be left out; else it has a value for every field.
    Nothing,
    /// It must be given.
    All,
    /// It must be given, with a value for the first field and as many of the others as one likes; how many they are is the
    /// record's `count`.
    Counted,
    /// It may be left out, and is the time of the command then.
    Now,
}

/// Keys by their names, the paths of their fields beginning as given.
macro_rules! keys {
    ($needs:ident, $path:literal: $($name:ident)*) => {
        &[$(Key { name: stringify!($name), fields: &[concat!($path, stringify!($name))], needs: Needs::$needs },)*]
    };
}

/// The same of fields of two numbers.
macro_rules! pairs {
    ($path:literal: $($name:ident)*) => {
        &[$(Key {
            name: stringify!($name),
            fields: &[concat!($path, stringify!($name), ".0"), concat!($path, stringify!($name), ".1")],
            needs: Needs::Nothing,
        },)*]
    };
}

const RULES: &[Key] = keys!(Nothing, "rules.": degraded_after stale_after invalid_after mark_window move_max mark_band
    confidence_min slow_multiple confirm_after_us scenario_set confirmations);
const STAMP: &[Key] = keys!(Nothing, "stamp.": confidence source);
const SOURCE_TIME: &[Key] = &[Key { name: "source_time", fields: &["stamp.source_time"], needs: Needs::Now }];

/// Paths of a set's scenarios.
#[rustfmt::skip]
const SCENARIOS: &[&str] = &[
    "scenarios.0", "scenarios.1", "scenarios.2", "scenarios.3", "scenarios.4", "scenarios.5", "scenarios.6",
    "scenarios.7", "scenarios.8", "scenarios.9", "scenarios.10", "scenarios.11", "scenarios.12", "scenarios.13",
    "scenarios.14", "scenarios.15", "scenarios.16", "scenarios.17", "scenarios.18", "scenarios.19", "scenarios.20",
    "scenarios.21", "scenarios.22", "scenarios.23", "scenarios.24", "scenarios.25", "scenarios.26", "scenarios.27",
    "scenarios.28", "scenarios.29", "scenarios.30", "scenarios.31",
];

const ACCOUNT: &[Key] = &[Key { name: "acct", fields: &["account"], needs: Needs::All }];

/// An expiry is a time in other lines: here it is what was listed.
const INSTRUMENT_IDS: &[Key] = &[
    Key { name: "underlying", fields: &["underlying_id"], needs: Needs::Nothing },
    Key { name: "expiry", fields: &["expiry_id"], needs: Needs::Nothing },
    Key { name: "time", fields: &["expiry"], needs: Needs::Nothing },
];

const SHORTS: &[Short] = &[
    Short {
        word: "list_instrument",
        record: "ListInstrument",
        keys: &[
            keys!(All, "": symbol),
            INSTRUMENT_IDS,
            keys!(Nothing, "": kind option_type strike price_unit position_max multiplier tick lot price_min price_max
                limit_low limit_high quantity_min quantity_max initial_state),
        ],
        usual: || bytes_of(&ListInstrument::perpetual(NOBODY, "")).to_vec(),
    },
    Short {
        word: "list_underlying",
        record: "ListUnderlying",
        keys: &[keys!(All, "": symbol price_max), keys!(Nothing, "": peg lane_bits), RULES],
        usual: || bytes_of(&ListUnderlying::new(NOBODY, "", CashAtoms::ZERO)).to_vec(),
    },
    Short {
        word: "configure_underlying",
        record: "ConfigureUnderlying",
        keys: &[keys!(All, "": underlying), RULES],
        usual: || {
            let header = ConfigureUnderlying::new_header(SessionId::NONE, 0, AccountId::NONE);
            bytes_of(&ConfigureUnderlying { header, underlying: UnderlyingId::NONE, rules: FeedRules::USUAL }).to_vec()
        },
    },
    Short {
        word: "delist_underlying",
        record: "DelistUnderlying",
        keys: &[keys!(All, "": underlying)],
        usual: zeros::<DelistUnderlying>,
    },
    Short {
        word: "list_expiry",
        record: "ListExpiry",
        keys: &[keys!(All, "": underlying time), keys!(Nothing, "": surface)],
        usual: || bytes_of(&ListExpiry { surface: Surface::Smile.code(), ..bytemuck::Zeroable::zeroed() }).to_vec(),
    },
    Short {
        word: "delist_expiry",
        record: "DelistExpiry",
        keys: &[keys!(All, "": expiry)],
        usual: zeros::<DelistExpiry>,
    },
    Short {
        word: "set_scenarios",
        record: "SetScenarios",
        keys: &[keys!(All, "": set), &[Key { name: "scenarios", fields: SCENARIOS, needs: Needs::Counted }]],
        usual: zeros::<SetScenarios>,
    },
    Short {
        word: "set_shocks",
        record: "SetShocks",
        keys: &[
            keys!(All, "": set),
            keys!(Nothing, "shocks.": range_up range_down short_power long_power floor_days evaluated_min width_min width),
            pairs!("shocks.": linear absolute volatility fixed rate_mult rate_add basis basis_factor),
        ],
        usual: || bytes_of(&SetShocks { shocks: no_shocks(), ..bytemuck::Zeroable::zeroed() }).to_vec(),
    },
    Short {
        word: "update_index",
        record: "UpdateIndex",
        keys: &[keys!(All, "": underlying price), SOURCE_TIME, STAMP],
        usual: || bytes_of(&UpdateIndex { stamp: STAMPED, ..bytemuck::Zeroable::zeroed() }).to_vec(),
    },
    Short {
        word: "update_forward",
        record: "UpdateForward",
        keys: &[keys!(All, "": expiry price), SOURCE_TIME, STAMP],
        usual: || bytes_of(&UpdateForward { stamp: STAMPED, ..bytemuck::Zeroable::zeroed() }).to_vec(),
    },
    Short {
        word: "update_rate",
        record: "UpdateRate",
        keys: &[keys!(All, "": expiry rate), SOURCE_TIME, STAMP],
        usual: || bytes_of(&UpdateRate { stamp: STAMPED, ..bytemuck::Zeroable::zeroed() }).to_vec(),
    },
    Short {
        word: "update_surface",
        record: "UpdateSurface",
        keys: &[keys!(All, "": expiry), keys!(All, "smile.": a b rho m sigma forward years), SOURCE_TIME, STAMP],
        usual: || bytes_of(&UpdateSurface { stamp: STAMPED, ..bytemuck::Zeroable::zeroed() }).to_vec(),
    },
    Short {
        word: "update_volatility",
        record: "UpdateVolatility",
        keys: &[keys!(All, "": instrument volatility), SOURCE_TIME, STAMP],
        usual: || bytes_of(&UpdateVolatility { stamp: STAMPED, ..bytemuck::Zeroable::zeroed() }).to_vec(),
    },
    Short {
        word: "set_margin_model",
        record: "SetMarginModel",
        keys: &[ACCOUNT, keys!(All, "": model)],
        usual: zeros::<SetMarginModel>,
    },
    Short {
        word: "set_margin_terms",
        record: "SetMarginTerms",
        keys: &[
            keys!(All, "": set),
            keys!(Nothing, "terms.": long short slippage initial_multiple maintenance_loss initial_loss
                confidence_threshold doubt peg_threshold peg_loss initial initial_min maintenance_of_mark offset),
            pairs!("terms.": linear option maintenance unpaired),
        ],
        usual: || bytes_of(&SetMarginTerms::new(NOBODY, 0, MarginTerms::USUAL)).to_vec(),
    },
    Short {
        word: "adjust_cash",
        record: "AdjustCash",
        keys: &[ACCOUNT, keys!(All, "": amount)],
        usual: zeros::<AdjustCash>,
    },
    Short { word: "timer", record: "Timer", keys: &[], usual: zeros::<Timer> },
];

/// Who sends is known where it is sent.
const NOBODY: (SessionId, u64) = (SessionId::NONE, 0);

/// A source that is as sure as can be.
const STAMPED: FeedStamp = FeedStamp { source_time: TimeNs::ZERO, confidence: PPM, source: 1, reserved: 0 };

/// Shocks that change nothing.
fn no_shocks() -> Shocks {
    const ONE: i32 = PPM.cast_signed();
    Shocks { floor_days: ONE, width_min: ONE, fixed: [ONE; 2], basis: [ONE; 2], ..bytemuck::Zeroable::zeroed() }
}

fn zeros<R: CommandRecord>() -> Vec<u8> {
    vec![0; size_of::<R>()]
}

/// The first words of these lines.
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    SHORTS.iter().map(|short| short.word)
}

/// Reads such a line by its first word and the others; none if the first is another line's.
///
/// # Errors
/// The line is not written as it must be.
pub(super) fn parse(place: Place<'_>, word: &str, words: &[&str]) -> Result<Option<Written>, Error> {
    let Some(short) = SHORTS.iter().find(|short| short.word == word) else { return Ok(None) };
    let Some(mut written) = Written::usual(short.record, (short.usual)()) else { return Ok(None) };
    let names: Vec<&str> = short.keys().map(|key| key.name).collect();
    if names.is_empty() && !words.is_empty() {
        return Err(place.error(format!("{word} alone"), words.join(" ")));
    }
    let given = Fields::read(place, word, words, &names.join(" "))?;
    for key in short.keys() {
        key.read(&given, &mut written)?;
    }
    Ok(Some(written))
}

impl Short {
    fn keys(&self) -> impl Iterator<Item = &'static Key> {
        self.keys.iter().copied().flatten()
    }
}

impl Key {
    /// Takes what is given of it.
    fn read(&self, given: &Fields<'_>, written: &mut Written) -> Result<(), Error> {
        let fields: Vec<&'static Field> = self.fields.iter().filter_map(|path| written.record.field(path)).collect();
        let Some(text) = given.text(self.name) else {
            return match self.needs {
                Needs::Nothing => Ok(()),
                Needs::Now => {
                    written.fields.extend(fields.into_iter().map(|field| (field, Value::Now)));
                    Ok(())
                }
                Needs::All | Needs::Counted => given.given(self.name, None),
            };
        };
        // A label may have commas of its own.
        let parts: Vec<&str> = if fields.len() == 1 { vec![text] } else { text.split(',').collect() };
        let fits = if self.needs == Needs::Counted { parts.len() <= fields.len() } else { parts.len() == fields.len() };
        let wrong = || given.field_error(self.name, self.expected(&fields));
        if !fits {
            return Err(wrong());
        }
        let values = parts.iter().zip(fields.iter().copied());
        for (part, field) in values {
            written.fields.push((field, field.form.parse(part).ok_or_else(wrong)?));
        }
        if self.needs == Needs::Counted {
            let count = written.record.field("count").map(|field| (field, Value::Bits(parts.len() as u128)));
            written.fields.extend(count);
        }
        Ok(())
    }

    /// What is expected where a text is not what it must be.
    fn expected(&self, fields: &[&'static Field]) -> String {
        let one = fields.first().map(|field| field.form.expected()).unwrap_or_default();
        match (fields.len(), self.needs) {
            (1, _) => one,
            (most, Needs::Counted) => format!("1 to {most} of these with commas between them: {one}"),
            (many, _) => format!("{many} of these with a comma between them: {one}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use novate_core::command::{Command, RawCommand};
    use novate_core::reject::RejectCode;

    use super::super::record::Form;
    use super::*;

    const PLACE: Place<'static> = Place { file: "x.nsf", line: 1 };

    fn read(line: &str) -> Result<Written, Error> {
        let words: Vec<&str> = line.split_whitespace().collect();
        Ok(parse(PLACE, words[0], &words[1..])?.expect("such a line"))
    }

    fn complaint(line: &str) -> String {
        read(line).expect_err(line).to_string()
    }

    /// The value of a field, names of what was listed being the numbers that they have.
    fn bits(written: &Written, path: &str) -> u128 {
        let value = written.fields.iter().find(|(field, _)| field.name == path).map(|(_, value)| *value);
        match value {
            Some(Value::Bits(bits)) => bits,
            Some(Value::Underlying(number) | Value::Expiry(number) | Value::Instrument(number)) => number.into(),
            Some(other) => panic!("{path} is {other:?}"),
            None => {
                let field = written.record.field(path).expect("a field");
                field.form.bits(&written.base, field.offset)
            }
        }
    }

    #[test]
    fn lines_name_fields_that_there_are() {
        for short in SHORTS {
            let usual = (short.usual)();
            let written = Written::usual(short.record, usual.clone()).expect("a command");
            assert_eq!(usual.len(), written.record.kind_and_size().1, "{}", short.word);
            for key in short.keys() {
                let missing = key.fields.iter().find(|path| written.record.field(path).is_none());
                assert_eq!(missing, None, "{} {}", short.word, key.name);
            }
        }
    }

    /// What is usual is right: only what must be given is still to come.
    #[test]
    fn what_is_not_given_is_usual() {
        let written = read("list_underlying symbol=BTC price_max=7 mark_band=3").expect("a line");
        assert_eq!((bits(&written, "price_max"), bits(&written, "rules.mark_band")), (7, 3));
        let usual = FeedRules::USUAL;
        assert_eq!(bits(&written, "rules.move_max"), u128::from(usual.move_max));
        assert_eq!(bits(&written, "lane_bits"), 8);
        let configured = read("configure_underlying underlying=2 confirmations=9").expect("a line");
        assert_eq!((bits(&configured, "underlying"), bits(&configured, "rules.confirmations")), (2, 9));
        assert_eq!(bits(&configured, "rules.stale_after"), u128::from(usual.stale_after.0));
        let shocks = SetShocks { shocks: no_shocks(), ..bytemuck::Zeroable::zeroed() };
        assert_eq!(shocks.check(), Ok(()));
        let index = read("update_index underlying=1 price=5").expect("a line");
        assert!(index.fields.iter().any(|(field, value)| field.name == "stamp.source_time" && *value == Value::Now));
        assert_eq!((bits(&index, "stamp.confidence"), bits(&index, "stamp.source")), (u128::from(PPM), 1));
    }

    #[test]
    fn lists_are_taken_in_order() {
        let shocks = read("set_shocks set=1 basis=1010000,990000 range_up=5").expect("a line");
        assert_eq!((bits(&shocks, "shocks.basis.0"), bits(&shocks, "shocks.basis.1")), (1_010_000, 990_000));
        assert_eq!(bits(&shocks, "shocks.range_up"), 5);
        let set = read("set_scenarios set=1 scenarios=1000000:1000000:Kept,1100000:500000:Up").expect("a line");
        assert_eq!(bits(&set, "count"), 2);
        let mut bytes = set.base.clone();
        for (field, value) in &set.fields {
            let Value::Bits(bits) = value else { panic!("{value:?}") };
            bytes[field.offset..field.offset + field.form.width]
                .copy_from_slice(&bits.to_le_bytes()[..field.form.width]);
        }
        let (kind, size) = set.record.kind_and_size();
        bytes[..4].copy_from_slice(bytes_of(&[kind, size as u16]));
        let words: Vec<u64> = bytemuck::pod_collect_to_vec(&bytes);
        let Command::SetScenarios(record) = RawCommand::new(&words).decode() else { panic!("another kind") };
        assert_eq!(record.check(), Ok::<(), RejectCode>(()));
        let damping = record.scenarios[1].damping();
        assert_eq!((record.count, record.scenarios[1].spot, damping), (2, 1_100_000, 500_000));
    }

    /// Nothing but whole numbers comes in; complaints say of what.
    #[test]
    fn what_is_no_whole_number_is_refused() {
        for price in ["NaN", "inf", "-inf", "1.5", "1e6", "", "9223372036854775808"] {
            let found = if price.is_empty() { "nothing".to_owned() } else { format!("{price:?}") };
            let expected = "x.nsf:1: expected price to be a whole number of atoms (1e-6 of the settlement asset's unit) from \
                -9223372036854775808 to 9223372036854775807, found ";
            assert_eq!(complaint(&format!("update_index underlying=1 price={price}")), format!("{expected}{found}"));
        }
        let rate = complaint("update_rate expiry=1 rate=0.05");
        assert!(rate.contains("rate to be a whole number of 1e-9 from "), "{rate}");
    }

    #[test]
    fn complaints_name_the_key_and_what_it_may_be() {
        let of_two = "2 of these with a comma between them: a whole number of 1e-6 from -2147483648 to 2147483647";
        let scenario = "1 to 32 of these with commas between them: spot factor, damping (both whole numbers of 1e-6) and \
            Kept, Up, Down, Linear or Absolute with colons between them";
        for (line, expected) in [
            ("timer now", "timer alone, found now".to_owned()),
            ("update_index price=1", "update_index with underlying=, found none".to_owned()),
            (
                "update_index underlying=1 price=1 prices=2",
                "update_index with no other keys than underlying, price, \
                source_time, confidence and source, found \"prices\""
                    .to_owned(),
            ),
            (
                "update_index underlying=BTC price=1",
                "underlying to be its number in the order of opening, none, or # and an \
                id, found \"BTC\""
                    .to_owned(),
            ),
            ("set_shocks set=1 basis=1", format!("basis to be {of_two}, found \"1\"")),
            ("set_shocks set=1 basis=1,x", format!("basis to be {of_two}, found \"1,x\"")),
            ("set_scenarios set=1", "set_scenarios with scenarios=, found none".to_owned()),
            ("set_scenarios set=1 scenarios=1:1:Kept,", format!("scenarios to be {scenario}, found \"1:1:Kept,\"")),
            (
                "set_margin_model acct=1 model=Cross",
                "model to be Portfolio, Standard or Futures, or a whole number from 0 to \
                255, found \"Cross\""
                    .to_owned(),
            ),
        ] {
            assert_eq!(complaint(line), format!("x.nsf:1: expected {expected}"), "{line}");
        }
    }

    #[test]
    fn scenarios_are_read_and_written() {
        let form: Form = Written::usual("SetScenarios", Vec::new())
            .and_then(|set| set.record.field("scenarios.0"))
            .expect("a field")
            .form;
        for (text, bits) in [
            ("1000000:375000:Kept", Some(1_000_000 + ((375_000 + (1 << 24)) << 32))),
            ("0:0:0", Some(0)),
            ("1:16777215:9", Some(1 + ((0xff_ffff + (9 << 24)) << 32))),
            ("1:16777216:Kept", None),
            ("1:1:kept", None),
            ("1:1", None),
            ("1:1:Kept:1", None),
            ("1.5:1:Kept", None),
        ] {
            assert_eq!(form.parse(text), bits.map(Value::Bits), "{text}");
            assert!(bits.is_none_or(|bits| form.text(bits) == text), "{text}");
        }
    }
}
