//! `novate run`: feed a flow and sum up what came of it.

use serde::Serialize;

use super::Verdict;
use crate::cli::RunArgs;
use crate::error::Error;
use crate::flow::{Settings, feed};
use crate::input::Source;
use crate::output::{Listing, OutcomeObject, Output, list_outcome};

/// The result as JSON.
#[derive(Serialize)]
struct RunObject {
    flow: String,
    #[serde(flatten)]
    outcome: OutcomeObject,
}

/// Feeds the flow and prints its outcome.
pub(crate) fn run(args: RunArgs, json: bool) -> Result<Verdict, Error> {
    let source = args.flow.map_or(Source::Bundled, Source::File);
    let outcome = feed(&source, Settings::try_from(args.feed)?, &mut ())?;

    let mut output = Output::new(json);
    output.json_line(&RunObject { flow: source.name(), outcome: OutcomeObject::from(&outcome) });
    let mut listing = Listing::new();
    listing.row("flow", &source.name());
    list_outcome(&mut listing, &outcome);
    output.text_line(&listing.lines());
    output.write()?;
    Ok(Verdict::Right)
}
