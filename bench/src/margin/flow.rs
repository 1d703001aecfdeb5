//! Flow A with margin checked on every order.

use std::io;

use novate_core::terms::MarginModel;

use super::flow_venue::{genesis_of, set_up_records};
use super::{Contestant, Duel, Goal, Plan, Run};
use crate::compare;
use crate::novate::{Novate, Told, owners};
use crate::peers::{Contender, Measured};
use crate::workload::{Flow, Rules, Tally};

/// How much longer a command may take with the model of futures.
const GOAL_FUTURES: f64 = 1.6;

pub(super) fn duel(model: MarginModel, plan: Plan) -> io::Result<Duel> {
    let flow = Flow::generate(compare::Case::A.spec(plan.is_quick));
    let told = Told::behind(&flow, genesis_of(&flow), set_up_records(&owners(), model))?;
    let expected = flow.expected(Rules::NOVATE, u64::from).tally;
    Ok(Duel {
        unit: "command",
        units: flow.measured().len(),
        goal: if model == MarginModel::Futures { Goal::Ratio(GOAL_FUTURES) } else { Goal::Open },
        subject: Box::new(OnFlow { novate: Novate::told(told)?, expected }),
        peer: Box::new(OnFlow { novate: Novate::new(&flow)?, expected }),
        ticks: None,
    })
}

/// Novate on the flow, with margin or without; its trades are the same.
struct OnFlow {
    novate: Novate,
    expected: Tally,
}

impl Contestant for OnFlow {
    fn run(&mut self) -> io::Result<Run> {
        let Measured { elapsed, tally, hash } = self.novate.run()?;
        Ok(Run { elapsed, hash, is_right: tally == self.expected })
    }
}
