//! The engine at the boundary that embedders use: records in, events out.

mod allocations;
mod batches;
mod capacity;
mod crowded;
mod digest;
mod estimates;
#[cfg(feature = "serde")]
mod fields;
mod golden;
mod hedged;
mod implied;
mod margin;
mod pricing;
mod ring;
mod scenarios;
mod sessions;
mod smiles;
mod storm;
mod trackers;
mod valuation;
mod venue;
