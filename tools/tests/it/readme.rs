//! The README says what is so: its example is the one that is compiled, its figures of memory are the layout's, its
//! commands are the ones that are checked.

use novate_core::arena::Layout;
use novate_core::genesis::{Capacities, Genesis};

use crate::support::novate;
use crate::tidy::{read, root};

const GIGABYTE: usize = 1_000_000_000;

/// What stands between the first line `opening` and the next closing fence.
fn block(text: &str, opening: &str) -> String {
    let lines = text.lines().skip_while(|line| *line != opening).skip(1);
    lines.take_while(|line| *line != "```").flat_map(|line| [line, "\n"]).collect()
}

fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let from_end = |place: usize| digits.len() - place;
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && from_end(place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes of the records that each unit of capacity adds to one part of a table.
fn record_size(layout: &Layout, name: &str, part: &str) -> usize {
    let table = layout.tables().iter().find(|table| table.name == name && table.part == part);
    table.unwrap_or_else(|| panic!("no table {name}, {part}")).record_size
}

/// Bytes of a slab's record and its place in the free list.
fn slab_size(layout: &Layout, name: &str) -> usize {
    record_size(layout, name, "records") + record_size(layout, name, "free")
}

/// Bytes of an index for each unit of capacity, rounded up.
fn index_size(name: &str) -> usize {
    let capacity = 1_000_000;
    let all =
        Capacities { positions: capacity, grants: capacity, vectors: capacity, ..Capacities::for_orders(capacity) };
    let layout = Layout::of(&Genesis::new(0, 1, all));
    let table = layout.tables().iter().find(|table| table.name == name).expect("an index");
    (table.record_size * table.records as usize).div_ceil(capacity as usize)
}

fn with_instruments(orders: u32) -> Genesis {
    Genesis::new(0, 1, Capacities { instruments: 1_000, ..Capacities::for_orders(orders) })
}

#[test]
fn the_example_is_the_one_that_is_compiled() {
    let example = read("core/examples/embed.rs");
    let code = example.find("use ").map(|start| &example[start..]).expect("the example uses something");
    assert_eq!(block(&read("README.md"), "```rust"), code);
}

#[test]
fn the_commands_are_the_ones_that_are_checked() {
    let commands = block(&read("README.md"), "```sh");
    let commands: Vec<&str> = commands.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).collect();
    assert_eq!(commands, ["cargo run --release", "cargo test --workspace"]);
    let checks = read(".ci/run");
    for command in commands {
        assert!(
            checks.lines().any(|line| line.trim().ends_with(command)),
            "`{command}` is not in .ci/run as it stands"
        );
    }
}

/// The figures of the real hour are those of the command above them.
#[test]
fn the_hour_is_timed_by_the_command_that_is_named() {
    let readme = read("README.md");
    let (above, _) = readme.split_once("| the real hour |").expect("the figures");
    let (_, lines) = above.rsplit_once("```sh\n").expect("a command");
    let mut lines = lines.lines();
    let folder = lines.next().and_then(|line| line.strip_prefix("cd ")).expect("a folder");
    let args = lines.next().and_then(|line| line.strip_prefix("cargo run --release -- ")).expect("a verb");
    let output = novate().current_dir(root().join(folder)).args(args.split(' ')).output().expect("the binary starts");
    let said = String::from_utf8(output.stdout).expect("text in UTF-8");
    // The times of a run are there and back, which is another figure.
    assert!(output.status.success() && said.contains("ns per command  "), "{said}");
}

#[test]
fn the_figures_of_memory_are_the_layouts() {
    let layout = Layout::of(&with_instruments(65_536));
    let slab = |name: &str| slab_size(&layout, name).to_string();
    let indexed = |name: &str, index: &str| (slab_size(&layout, name) + index_size(index)).to_string();
    let node = slab_size(&layout, "ladder_nodes") + record_size(&layout, "ladder_bitmaps", "records");
    let outcomes = record_size(&layout, "outcomes", "records") * with_instruments(1).outcome_window as usize;
    let records = |name: &str| record_size(&layout, name, "records");
    let valued = records("risks") + 2 * (records("worths") + records("lanes"));
    let instrument = slab_size(&layout, "instruments") + records("markets") + valued;
    let indexed_bytes = |name: &str, index: &str| slab_size(&layout, name) + index_size(index);
    let sums = ["vector_options", "vector_linear", "vector_orders"].map(records).iter().sum::<usize>();
    let vector = indexed_bytes("portfolios", "portfolios_index") + indexed_bytes("vectors", "vectors_index") + sums;
    let readme = read("README.md");
    for (unit, bytes) in [
        ("listed instrument", grouped(instrument)),
        ("listed underlying", slab("underlyings")),
        ("listed expiry", (slab_size(&layout, "expiries") + records("smiles")).to_string()),
        ("scenario set", (records("scenarios") + records("shocks") + records("terms")).to_string()),
        ("live order with further terms, besides", slab("complex_orders")),
        ("live order", indexed("orders", "client_order_ids")),
        ("live price level", slab("levels")),
        ("ladder node, for up to 64 adjacent ticks", node.to_string()),
        ("open account", slab("accounts")),
        ("open position", indexed("positions", "positions_index")),
        ("open session", grouped(slab_size(&layout, "sessions") + outcomes)),
        ("grant", indexed("grants", "grants_index")),
        ("vector, where margin is checked", grouped(vector)),
        ("live order there, besides", records("reserves").to_string()),
    ] {
        let row = format!("| {unit} | {bytes} |");
        assert!(readme.contains(&row), "the README lacks the row `{row}`");
    }
    let margined = grouped(index_size("positions_index") + 2 * records("stakes") + 4 * records("losses"));
    let sentence = format!("an instrument takes another {margined} bytes");
    assert!(readme.contains(&sentence), "the README does not say that {sentence}");
}

#[test]
fn a_thousand_instruments_fit_in_a_gigabyte() {
    let readme = read("README.md").replace('\n', " ");
    for orders in [65_536, 1_000_000] {
        let bytes = Layout::of(&with_instruments(orders)).bytes();
        assert!(bytes < GIGABYTE, "{bytes}");
        let (bytes, orders) = (grouped(bytes), grouped(orders as usize));
        assert!(readme.contains(&format!("{bytes} bytes at {orders}")), "{bytes} bytes at {orders}");
    }
    // A venue with many parties, too.
    let parties = Capacities {
        accounts: 10_000,
        sessions: 1_000,
        grants: 100_000,
        positions: 500_000,
        work_items: 1_000,
        ..with_instruments(4_000_000).capacities
    };
    assert!(Layout::of(&Genesis::new(0, 1, parties)).bytes() < GIGABYTE);
}
