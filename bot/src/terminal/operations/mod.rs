//! How operations are shown in a terminal, and running one.

use std::process::ExitCode;

use serde_json::json;
use shared::effect::Survey;
use shared::id::DeploymentId;
use shared::operation::{Ending, Operation, Stage};
use shared::safety::Standing;

use super::Answer;
use crate::settings::Settings;

mod page;
pub mod run;
pub mod survey;

pub use page::{by_phone, gate_label, operation_page, operation_row, proposal_rows, stage_says};

/// Exit code of an operation that took place and of which not everybody has heard yet.
const PARTLY: u8 = 3;

/// An operation's page.
pub fn page(operation: &Operation, standing: &Standing, settings: &Settings) -> Answer {
    let text = operation_page(operation, standing, settings);
    Answer { text, json: page::operation_json(operation, settings) }
}

/// A list of operations.
pub fn list(all: &[Operation], settings: &Settings) -> Answer {
    let text = if all.is_empty() {
        "No operations.\n".to_owned()
    } else {
        all.iter().map(|one| operation_row(one, settings)).collect()
    };
    Answer { text, json: all.iter().map(|one| page::operation_json(one, settings)).collect() }
}

/// What could be rolled back to, and what could not be seen.
pub fn candidates(survey: &Survey, pins: &[DeploymentId], settings: &Settings) -> Answer {
    let list = survey.deployments.clone().unwrap_or_default();
    let rows = list.iter().map(|one| page::candidate_row(one, pins, settings));
    let troubles = survey.troubles.iter();
    let troubles = troubles.map(|trouble| settings.brush().labelled("trouble", trouble));
    Answer { text: rows.chain(troubles).collect(), json: json!(list) }
}

/// Success is verified, or rehearsed to its end; never merely begun.
fn exit_code(operation: &Operation) -> ExitCode {
    match &operation.stage {
        Stage::Over(Ending::Verified { .. } | Ending::WouldHave) => ExitCode::SUCCESS,
        Stage::Over(Ending::PartlyVerified { .. }) => ExitCode::from(PARTLY),
        _ => ExitCode::FAILURE,
    }
}
