//! Where two replicas' memory differs, by the names of tables and fields; where two commands or configurations do.

use novate_core::arena::{CHUNK_SIZE, Chunk, Layout, RecordView};
use novate_core::command::RawCommand;
use novate_core::genesis::Genesis;
use serde_json::Value;

use super::Described;
use super::frame::describe_genesis;
use super::leaf::{Leaf, hexadecimal};
use super::message::describe_command;
use super::state::fields_of;

/// What is said of bytes that no field covers.
const RESERVED: &str = "reserved";

/// A field in which two chunks differ.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    /// The table.
    pub(crate) table: &'static str,
    /// Which part of it: `records`, or `head` and `free` of a slab.
    pub(crate) part: &'static str,
    /// How many records come before, which of a slab's records is the slot; none behind the last one.
    pub(crate) record: Option<u64>,
    /// The field's path, `terms.flags`; `reserved` for bytes that no field covers, whose values are hexadecimal.
    pub(crate) field: String,
    /// Its value in either chunk; null where the record has no such field there.
    pub(crate) values: [Value; 2],
}

/// The fields in which two chunks of this number differ, in the order of memory; none beyond the layout's end.
///
/// Whatever bytes differ, something is named.
pub(crate) fn differences(layout: &Layout, chunk: usize, [one, other]: [&Chunk; 2]) -> Vec<Difference> {
    let Some((table, first)) = layout.locate(chunk) else { return Vec::new() };
    let name = |record, field, values| Difference { table: table.name, part: table.part, record, field, values };
    let mut found = Vec::new();
    let both = layout.records_in(chunk, one).zip(layout.records_in(chunk, other));
    for (place, (left, right)) in both.enumerate().filter(|(_, (left, right))| left.bytes() != right.bytes()) {
        let fields = fields_of(&left);
        let differing = differing_fields(&fields, &fields_of(&right));
        let begin = place * table.record_size;
        let is_covered = |at: usize| {
            let mut patched = *one;
            patched.0[begin + at] = other.0[begin + at];
            let record = layout.records_in(chunk, &patched).nth(place);
            record.is_some_and(|record| !differing_fields(&fields, &fields_of(&record)).is_empty())
        };
        let uncovered: Vec<usize> = differing_bytes(&left, &right).filter(|at| !is_covered(*at)).collect();
        let reserved = uncovered_field(&uncovered, [left.bytes(), right.bytes()]);
        let record = Some(left.index());
        found.extend(differing.into_iter().chain(reserved).map(|(field, values)| name(record, field, values)));
    }
    let records = usize::try_from(table.records - first).unwrap_or(usize::MAX);
    let end = records.saturating_mul(table.record_size).min(CHUNK_SIZE);
    let behind: Vec<usize> = (end..CHUNK_SIZE).filter(|at| one.0[*at] != other.0[*at]).collect();
    found.extend(uncovered_field(&behind, [&one.0, &other.0]).map(|(field, values)| name(None, field, values)));
    found
}

/// A field's path, and its value here and there; null where it is not.
pub(crate) type Differing = (String, [Value; 2]);

/// The fields in which two commands differ, of which the words are given: the kind first, if it is another.
///
/// Whatever words differ, something is named.
pub(crate) fn command_differences(words: [&[u64]; 2]) -> Vec<Differing> {
    let describe = |bytes: &[u8]| describe_command(RawCommand::new(&bytemuck::pod_collect_to_vec::<u8, u64>(bytes)));
    record_differences(words.map(bytemuck::must_cast_slice), describe)
}

/// The fields in which two configurations differ.
///
/// Whatever bytes differ, something is named.
pub(crate) fn genesis_differences(pair: [&Genesis; 2]) -> Vec<Differing> {
    let describe = |bytes: &[u8]| describe_genesis(&bytemuck::pod_read_unaligned(bytes));
    record_differences(pair.map(bytemuck::bytes_of), describe)
}

fn record_differences(bytes: [&[u8]; 2], describe: impl Fn(&[u8]) -> Described) -> Vec<Differing> {
    let [one, other] = bytes.map(&describe);
    let kind = (one.kind != other.kind).then(|| ("kind".to_owned(), [one.kind, other.kind].map(Value::from)));
    let only_other = other.fields.iter().filter(|field| one.value(&field.name).is_none());
    let names = one.fields.iter().chain(only_other).map(|field| &field.name);
    let values = |name: &str| [&one, &other].map(|record| record.value(name).cloned().unwrap_or(Value::Null));
    let fields = names.map(|name| (name.clone(), values(name))).filter(|(_, [here, there])| here != there);
    let mut found: Vec<Differing> = kind.into_iter().chain(fields).collect();
    if bytes[0].len() == bytes[1].len() {
        let is_covered = |at: &usize| {
            let mut patched = bytes[0].to_vec();
            patched[*at] = bytes[1][*at];
            describe(&patched) != one
        };
        let places = (0..bytes[0].len()).filter(|at| bytes[0][*at] != bytes[1][*at]);
        let uncovered: Vec<usize> = places.filter(|at| !is_covered(at)).collect();
        found.extend(uncovered_field(&uncovered, bytes));
    }
    found
}

/// Fields with other values, and those that only one of two records of a type has.
fn differing_fields(left: &[Leaf], right: &[Leaf]) -> Vec<Differing> {
    let value_in = |leaves: &[Leaf], path: &str| leaves.iter().find(|leaf| leaf.path == path).cloned();
    let only_right = right.iter().filter(|leaf| value_in(left, &leaf.path).is_none());
    let paths = left.iter().chain(only_right).map(|leaf| &leaf.path);
    let pairs = paths.map(|path| (path, [value_in(left, path), value_in(right, path)]));
    let raw = |leaf: &Option<Leaf>| leaf.as_ref().map(|leaf| leaf.raw.clone());
    let differ = pairs.filter(|(_, [one, other])| raw(one) != raw(other));
    differ
        .map(|(path, values)| (path.clone(), values.map(|leaf| leaf.map_or(Value::Null, |leaf| leaf.shown()))))
        .collect()
}

fn differing_bytes(left: &RecordView<'_>, right: &RecordView<'_>) -> impl Iterator<Item = usize> {
    left.bytes().iter().zip(right.bytes()).enumerate().filter(|(_, (one, other))| one != other).map(|(at, _)| at)
}

/// Bytes that no field covers, as one field; none where there are none.
fn uncovered_field(places: &[usize], records: [&[u8]; 2]) -> Option<Differing> {
    let values = records.map(|bytes| hexadecimal(places.iter().map(|at| bytes[*at])));
    (!places.is_empty()).then(|| (RESERVED.to_owned(), values))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use novate_core::arena::TableLayout;
    use novate_core::command::Command;
    use novate_core::genesis::Capacities;
    use serde_json::json;

    use super::*;
    use crate::decode::text;

    fn layout() -> Layout {
        Layout::of(&Genesis::new(0, 1, Capacities { vectors: 64, ..Capacities::for_orders(64) }))
    }

    fn chunk(fill: impl FnMut(usize) -> u8) -> Chunk {
        Chunk(std::array::from_fn(fill))
    }

    fn fields(found: &[Difference]) -> Vec<&str> {
        found.iter().map(|difference| difference.field.as_str()).collect()
    }

    fn table<'l>(layout: &'l Layout, name: &str) -> &'l TableLayout {
        layout.tables().iter().find(|table| (table.name, table.part) == (name, "records")).expect("a table")
    }

    #[test]
    fn every_bit_of_every_record_is_named() {
        let layout = layout();
        for base in [chunk(|_| 0), chunk(|at| (at * 151 % 253) as u8)] {
            for table in layout.tables() {
                let in_chunk = CHUNK_SIZE / table.record_size;
                for bit in 0..table.record_size * 8 {
                    // The last record of the chunk, if the table has so many.
                    let place = (in_chunk - 1).min(usize::try_from(table.records - 1).expect("a place"));
                    let mut flipped = base;
                    flipped.0[place * table.record_size + bit / 8] ^= 1 << (bit % 8);
                    let found = differences(&layout, table.first_chunk, [&base, &flipped]);
                    let is_right = |found: &Difference| {
                        let is_place = (found.table, found.part) == (table.name, table.part);
                        is_place && found.record == Some(place as u64) && found.values[0] != found.values[1]
                    };
                    assert!(!found.is_empty() && found.iter().all(is_right), "{table:?} bit {bit}: {found:?}");
                }
            }
            assert_eq!(differences(&layout, 0, [&base, &base]), []);
        }
    }

    /// As many bytes are reserved as the records say, and no more: a field that is not serialised would be among them.
    #[test]
    fn reserved_bytes_are_those_that_records_name_so() {
        let layout = layout();
        let mut reserved = BTreeMap::new();
        let base = chunk(|_| 0);
        for table in layout.tables() {
            let bytes = (0..table.record_size).filter(|at| {
                let flipped = chunk(|place| u8::from(place == *at));
                fields(&differences(&layout, table.first_chunk, [&base, &flipped])) == [RESERVED]
            });
            reserved.insert(table.record_name(), bytes.count());
        }
        // Of pieces of work an auction is the smaller part: 3 candidates with 8 bytes, the rest around them with 8 and 6.
        let expected = BTreeMap::from([
            ("Account", 2 + 7 + 48),
            ("Aspect", 28),
            ("Bitmap", 0),
            ("Bucket", 0),
            ("Complex", 3),
            // Feeds have 1 each, and rules.
            ("Expiry", 2 + 4 + 32 + 3),
            ("Grant", 0),
            ("Header", 4),
            ("Instrument", 0),
            ("Lanes", 0),
            ("Level", 8),
            ("Market", 70),
            ("Node", 0),
            ("Order", 0),
            ("Outcome", 14),
            // Terms have 8.
            ("Outlook", 12 + 8),
            ("Portfolio", 44),
            ("Position", 4 + 168),
            ("Reserve", 4),
            ("Risk", 1 + 72),
            ("Scenarios", 0),
            ("Session", 42),
            ("ShockSet", 30),
            ("SlabHead", 4),
            ("Slot", 0),
            ("Smiles", 88),
            ("Stakes", 32),
            ("TermsSet", 31 + 8),
            ("Underlying", 90 + 1 + 1),
            ("Valuation", 10),
            ("Vector", 96),
            ("WorkItem", 3 * 8 + 8 + 6 + 7),
            ("Worths", 0),
        ]);
        assert_eq!(reserved, expected);
    }

    #[test]
    fn values_are_named() {
        let layout = layout();
        let orders = table(&layout, "orders");
        let (one, mut other) = (chunk(|_| 0), chunk(|_| 0));
        // The second order: its client order id, and of its terms the side and a flag.
        (other.0[64 + 8], other.0[64 + 56], other.0[64 + 59]) = (5, 2, 2);
        let found = differences(&layout, orders.first_chunk, [&one, &other]);
        let of = |field: &str, values| Difference {
            table: "orders",
            part: "records",
            record: Some(1),
            field: field.to_owned(),
            values,
        };
        let expected = [
            of("client_order_id", [json!(0), json!(5)]),
            of("terms.side", [json!(0), json!("Sell")]),
            of("terms.flags", [json!([]), json!(["REDUCE_ONLY"])]),
        ];
        assert_eq!(found, expected);
        assert_eq!(text(&found[2].values[0]), "0");
    }

    #[test]
    fn fields_and_reserved_bytes_are_named_together() {
        let layout = layout();
        let levels = table(&layout, "levels");
        let found =
            differences(&layout, levels.first_chunk, [&chunk(|_| 0), &chunk(|at| u8::from(at == 0 || at == 60))]);
        assert_eq!(fields(&found), ["price", RESERVED]);
        assert_eq!(found[1].values, [json!("00"), json!("01")]);
    }

    #[test]
    fn pieces_of_work_are_what_they_are() {
        let layout = layout();
        let queue = table(&layout, "work_queue");
        let auction = chunk(|_| 0);
        // The byte that says that it is a scan follows body and sequence.
        let scan = chunk(|at| u8::from(at == 248 || at == 0) * 9);
        let found = differences(&layout, queue.first_chunk, [&auction, &scan]);
        let values = |field: &str| found.iter().find(|found| found.field == field).map(|found| found.values.clone());
        assert_eq!(values("scan.account"), Some([Value::Null, json!(9)]));
        assert_eq!(values("auction.best.lowest.bids"), Some([json!(0), Value::Null]));
    }

    #[test]
    fn every_bit_of_a_command_and_of_a_genesis_is_named() {
        for &(kind, name, size) in Command::KINDS {
            let mut words = vec![0; size / 8];
            words[0] = u64::from(kind) | (size as u64) << 16;
            assert_eq!(command_differences([&words, &words]), []);
            for bit in 0..size * 8 {
                let mut flipped = words.clone();
                flipped[bit / 64] ^= 1 << (bit % 64);
                let found = command_differences([&words, &flipped]);
                assert!(!found.is_empty() && found.iter().all(|(_, [one, other])| one != other), "{name} bit {bit}");
            }
        }
        let genesis = Genesis::new(0, 1, Capacities::for_orders(64));
        assert_eq!(genesis_differences([&genesis, &genesis]), []);
        for bit in 0..size_of::<Genesis>() * 8 {
            let mut flipped = genesis;
            bytemuck::bytes_of_mut(&mut flipped)[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(genesis_differences([&genesis, &flipped]).len(), 1, "bit {bit}");
        }
    }

    #[test]
    fn commands_differ_in_kinds_and_fields() {
        let word = |kind: u16, size: u64| u64::from(kind) | size << 16;
        let size_of_kind = |name: &str| {
            let &(kind, _, size) = Command::KINDS.iter().find(|(_, known, _)| *known == name).expect("a kind");
            let mut words = vec![1; size / 8];
            words[0] = word(kind, size as u64);
            words
        };
        let (order, open) = (size_of_kind("NewOrder"), size_of_kind("OpenAccount"));
        let found = command_differences([&order, &open]);
        assert_eq!(found[0], ("kind".to_owned(), [json!("NewOrder"), json!("OpenAccount")]));
        let values = |field: &str| found.iter().find(|(name, _)| name == field).map(|(_, values)| values.clone());
        assert_eq!(values("price"), Some([json!(1), Value::Null]));
        assert_eq!(values("owner"), Some([Value::Null, json!(1)]));
        assert_eq!(values("session"), None);
        assert_eq!(command_differences([&order, &[]])[0].1, [json!("NewOrder"), json!("Malformed")]);
        assert_eq!(command_differences([&[], &[5]]).len(), 2, "what stands for the kind, and the words");
    }

    #[test]
    fn bytes_behind_the_last_record_are_reserved() {
        let layout = layout();
        let is_short =
            |table: &&TableLayout| (table.records as usize) < table.chunks * (CHUNK_SIZE / table.record_size);
        let mut seen = 0;
        for table in layout.tables().iter().filter(is_short) {
            let last = table.first_chunk + table.chunks - 1;
            let found = differences(&layout, last, [&chunk(|_| 0), &chunk(|at| u8::from(at == CHUNK_SIZE - 1))]);
            let expected = (table.name, None, vec![RESERVED]);
            assert_eq!((found[0].table, found[0].record, fields(&found)), expected);
            seen += 1;
        }
        assert!(seen > 5);
        assert_eq!(differences(&layout, layout.chunks(), [&chunk(|_| 0), &chunk(|_| 1)]), []);
    }
}
