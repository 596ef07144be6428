//! Lints the plan against its own contradictions and says what the system does about each.
//!
//! Findings are computed from the plan's values: correct a value and its finding goes. Mistakes of
//! the text itself are found earlier, in [`read`](super::read).

use serde::Serialize;

use crate::plan::{Date, Person, Plan, address, is_placeholder};

mod commands;
mod operations;
mod phone;
mod targets;

pub use commands::{DENIED_COMMANDS, DeniedCommand, denied_command};
pub use operations::days_since;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Two of the plan's promises, or a promise and the world, can't both be true.
    Contradiction,
    /// Something will go wrong one day.
    Warning,
    /// Good to know.
    Note,
}

/// One thing the plan gets wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The kind of finding, 1 to 24: two findings of one row have the same cause.
    pub row: u8,
    /// How much it matters.
    pub level: Level,
    /// What the plan says.
    pub plan_says: String,
    /// What is wrong with it.
    pub problem: String,
    /// What the system does about it.
    pub system_does: String,
}

/// Everything the plan gets wrong on that day, in the order of the rows.
pub fn check(plan: &Plan, today: Date) -> Vec<Finding> {
    let mut found = Findings(Vec::new());
    found.about_targets(plan);
    found.about_operations(plan, today);
    found.about_the_phone_tree(plan, today);
    found.0.sort_by_key(|finding| finding.row);
    // Two runbooks may hold the same words.
    found.0.dedup();
    found.0
}

/// Why nothing may be armed, one reason a line; empty when the plan is complete.
///
/// Whoever can't be reached can't stop a machine either (safety rule 13).
pub fn disarmed_because(plan: &Plan) -> Vec<String> {
    let people = plan.people.iter().filter_map(missing_of);
    let vendors = plan.vendors.iter().filter(|vendor| is_placeholder(&vendor.support));
    let vendors = vendors.map(|vendor| format!("{} has no support contact", vendor.name));
    let mail =
        is_placeholder(&plan.channels.mail_list).then(|| "the mail list has no address".into());
    let dns = [("primary", &plan.dns.primary), ("standby", &plan.dns.standby)];
    let dns =
        dns.into_iter().filter(|(_, text)| is_placeholder(text) || address::is_documentation(text));
    let dns = dns.map(|(which, text)| format!("the {which}'s address {text} is only an example"));
    people.chain(vendors).chain(mail).chain(dns).collect()
}

/// What a person's entry still lacks, e.g. `Lead Developer has no name, phone`.
fn missing_of(person: &Person) -> Option<String> {
    let fields = [("name", &person.name), ("phone", &person.phone), ("mail", &person.email)];
    let missing: Vec<&str> =
        fields.iter().filter(|(_, text)| is_placeholder(text)).map(|(name, _)| *name).collect();
    (!missing.is_empty()).then(|| format!("{} has no {}", person.title, missing.join(", ")))
}

/// What was found so far.
struct Findings(Vec<Finding>);

impl Findings {
    fn add(
        &mut self,
        row: u8,
        level: Level,
        plan_says: impl Into<String>,
        problem: impl Into<String>,
        system_does: impl Into<String>,
    ) {
        let (plan_says, problem) = (plan_says.into(), problem.into());
        self.0.push(Finding { row, level, plan_says, problem, system_does: system_does.into() });
    }
}

/// A share as people say it, e.g. `0.1 %`.
fn percent(share: f64) -> String {
    let text = format!("{:.4}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests;
