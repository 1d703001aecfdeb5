//! Benchmarks of novate: reproducible [flows](workload), [published peers](peers) measured beside it on them, seeded
//! [fuzzers](fuzz), and what [records times](latency) in `novate run` too.
//!
//! The feature `peers`, on by default, brings the peers' crates and the binary `compare`. It changes nothing that novate
//! computes; the command line leaves it out.

#[cfg(feature = "peers")]
pub mod compare;
#[cfg(feature = "peers")]
pub mod duel;
pub mod flow_c;
pub mod fuzz;
#[cfg(feature = "peers")]
pub mod journal;
pub mod latency;
pub mod machine;
#[cfg(feature = "peers")]
mod margined;
pub mod novate;
mod open_loop;
pub mod peers;
#[cfg(feature = "peers")]
pub mod pipeline;
#[cfg(feature = "peers")]
pub mod placement;
#[cfg(feature = "peers")]
pub mod pricing;
mod records;
#[cfg(feature = "peers")]
pub mod rings;
#[cfg_attr(not(feature = "peers"), allow(dead_code, reason = "comparisons with peers need most of it"))]
mod statistics;
pub mod warm;
pub mod workload;

#[cfg(feature = "peers")]
#[allow(missing_docs)]
pub fn margin_probe() {
    use crate::peers::Contender;
    use novate_core::terms::MarginModel;
    let flow = workload::Flow::generate(workload::FlowSpec::A.with_commands(2_000_000));
    let mut off = novate::Novate::new(&flow).unwrap();
    let make = |model| novate::Novate::told(novate::Told::behind(&flow, margined::genesis_of(&flow), margined::set_up_records(&novate::owners(), model)).unwrap()).unwrap();
    let mut futures = make(MarginModel::Futures);
    let mut portfolio = make(MarginModel::Portfolio);
    for _ in 0..5 {
        let a = off.run().unwrap();
        let b = futures.run().unwrap();
        let c = portfolio.run().unwrap();
        println!("off {:?} futures {:?} portfolio {:?} ratio {:.3} {:.3} trades {} {} {}", a.elapsed / 2_000_000, b.elapsed / 2_000_000, c.elapsed / 2_000_000, b.elapsed.as_secs_f64() / a.elapsed.as_secs_f64(), c.elapsed.as_secs_f64() / a.elapsed.as_secs_f64(), a.tally.trades, b.tally.trades, c.tally.trades);
    }
}

#[cfg(feature = "peers")]
#[allow(missing_docs)]
pub fn margin_probe2() {
    use crate::peers::Contender;
    use novate_core::terms::MarginModel;
    let n: u32 = std::env::args().nth(2).map_or(200_000, |n| n.parse().unwrap());
    let flow = workload::Flow::generate(workload::FlowSpec::A.with_commands(n));
    let make = |model| novate::Novate::told(novate::Told::behind(&flow, margined::genesis_of(&flow), margined::set_up_records(&novate::owners(), model)).unwrap()).unwrap();
    let mut it = match std::env::args().nth(1).as_deref() { Some("f") => make(MarginModel::Futures), Some("p") => make(MarginModel::Portfolio), _ => novate::Novate::new(&flow).unwrap() };
    let m = it.run().unwrap();
    println!("{:?}", m.elapsed / n);
}
