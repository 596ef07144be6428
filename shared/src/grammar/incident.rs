//! What can be done with incidents.

use clap::{Args, Subcommand};

use super::{Page, words};
use crate::incident::Role;
use crate::plan::Severity;

/// The verbs of `incident`.
#[derive(Clone, Debug, Subcommand)]
pub enum IncidentVerb {
    /// Something is broken: open an incident and page people.
    ///
    /// Example: incident declare p1 frontend is down
    #[command(aliases = ["new", "open"])]
    Declare {
        /// [p1..p4] [component] what you see. Without a severity the plan's classification counts, without a
        /// component the frontend.
        #[arg(required = true, value_parser = words)]
        words: Vec<String>,
    },
    /// List incidents, the newest first.
    #[command(alias = "ls")]
    List {
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: usize,
        /// Also those that turned out to be nothing.
        #[arg(long)]
        all: bool,
    },
    /// Show where an incident stands; without a number, the newest live one.
    #[command(alias = "status")]
    Show(On),
    /// "I have it": stops the paging.
    #[command(aliases = ["a", "acknowledge"])]
    Ack(On),
    /// "I can't": the next one on the ladder is paged now.
    #[command(aliases = ["cant", "no", "pass"])]
    Decline(On),
    /// Tell everyone something.
    #[command(alias = "edit")]
    Update {
        /// Which one.
        #[command(flatten)]
        on: On,
        /// Your words.
        #[arg(required = true, value_parser = words)]
        text: Vec<String>,
    },
    /// Set the severity by hand.
    #[command(alias = "sev")]
    Severity {
        /// Which one.
        #[command(flatten)]
        on: On,
        /// p1 to p4.
        #[arg(value_parser = severity)]
        to: Severity,
        /// Why.
        #[arg(required = true, value_parser = words)]
        because: Vec<String>,
    },
    /// Give a role to somebody: commander, tech, comms, business or developer.
    #[command(alias = "role")]
    Assign {
        /// Which one.
        #[command(flatten)]
        on: On,
        /// The role.
        #[arg(value_parser = role)]
        role: Role,
        /// The person: by their id in the plan, or as chat mentions them.
        to: String,
    },
    /// Give the command to somebody else, with a word on where things stand.
    Handoff {
        /// Which one.
        #[command(flatten)]
        on: On,
        /// The person: by their id in the plan, or as chat mentions them.
        to: String,
        /// Where things stand.
        #[arg(required = true, value_parser = words)]
        text: Vec<String>,
    },
    /// Wake somebody by name: a person, a role, oncall or all.
    #[command(alias = "wake")]
    Page(Page),
    /// "Users are fine again": keeps watching until all clear.
    #[command(aliases = ["mit", "mitigate"])]
    Mitigated(On),
    /// "It is over": needs evidence.
    #[command(aliases = ["resolved", "fixed"])]
    Resolve {
        /// Which one.
        #[command(flatten)]
        on: On,
        /// Resolve although evidence is missing or against it; say why.
        #[arg(long, value_name = "WHY", value_parser = words)]
        without_evidence: Option<String>,
    },
    /// "It is not over after all."
    Reopen {
        /// Which one.
        #[command(flatten)]
        on: On,
        /// Why.
        #[arg(required = true, value_parser = words)]
        because: Vec<String>,
    },
    /// Everything that happened, from the first failing probe on.
    Timeline(On),
    /// Recovery times against the plan's targets, and where the whole report is.
    Report(On),
    /// Stop every action; detection and paging go on.
    Freeze {
        /// Why.
        #[arg(required = true, value_parser = words)]
        why: Vec<String>,
    },
    /// Allow actions again.
    Unfreeze,
}

/// Which incident is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct On {
    /// The incident's number; it may also stand right after the verb: `ack 7`, `update #7 the cache is warm`.
    #[arg(long = "on", value_name = "NUMBER")]
    pub number: Option<u32>,
}

/// Reads a severity as people type it.
pub fn severity(text: &str) -> Result<Severity, String> {
    match text.to_lowercase().as_str() {
        "p1" | "1" => Ok(Severity::P1),
        "p2" | "2" => Ok(Severity::P2),
        "p3" | "3" => Ok(Severity::P3),
        "p4" | "4" => Ok(Severity::P4),
        _ => Err("write p1 (complete outage), p2 (partial), p3 (minor) or p4".into()),
    }
}

/// Reads a role as people type it.
pub fn role(text: &str) -> Result<Role, String> {
    match text.to_lowercase().replace(['_', ' '], "-").as_str() {
        "incident-commander" | "commander" | "ic" => Ok(Role::IncidentCommander),
        "technical-lead" | "tech" | "tl" => Ok(Role::TechnicalLead),
        "communications-lead" | "comms" | "cl" => Ok(Role::CommunicationsLead),
        "business-lead" | "business" | "bl" => Ok(Role::BusinessLead),
        "assigned-developer" | "developer" | "dev" => Ok(Role::AssignedDeveloper),
        _ => Err("write commander, tech, comms, business or developer".into()),
    }
}
