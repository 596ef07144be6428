//! What can be typed: one grammar, with help texts for a tired person.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use shared::incident::Role;
use shared::plan::Severity;

mod change;

pub use change::{
    Abort, Change, ChangeVerb, DnsSetup, DnsVerb, HostingPlan, Named, NamesPlan, OperationVerb,
    Rollback, RollbackVerb,
};

/// The system that executes the disaster recovery plan.
#[derive(Debug, Parser)]
#[command(name = "allclear", version, max_term_width = 100)]
#[command(arg_required_else_help = true, args_override_self = true)]
#[command(after_help = "At 3 a.m.: `allclear incident list`, then `allclear incident ack NUMBER`.")]
pub struct Cli {
    /// Where incidents are kept.
    #[arg(long, global = true, env = "ALLCLEAR_STORE", default_value = "allclear.db")]
    pub store: PathBuf,
    /// The plan; without it `infra/plan.toml`, or the one built into this program.
    #[arg(long, global = true, env = "ALLCLEAR_PLAN")]
    pub plan_file: Option<PathBuf>,
    /// Who you are: a person's id in the plan.
    #[arg(long = "as", global = true, env = "ALLCLEAR_PERSON", value_name = "PERSON")]
    pub person: Option<String>,
    /// Answer in JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// When to use colours; `NO_COLOR` is respected.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// In a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Declare, acknowledge, update and end incidents.
    #[command(subcommand)]
    Incident(IncidentVerb),
    /// Point production at an earlier deployment. Only plans, until you `run` the plan.
    ///
    /// Example: allclear rollback "Complete application outage"
    Rollback(Rollback),
    /// Point production at a deployment for good. Only plans, until you `run` the plan.
    Promote(Change<HostingPlan>),
    /// Point DNS at the standby. Only plans, until you `run` the plan.
    Failover(Change<NamesPlan>),
    /// Point DNS at the primary again. Only plans, until you `run` the plan.
    Failback(Change<NamesPlan>),
    /// Prepare DNS ahead of a disaster, and see how it stands.
    #[command(subcommand)]
    Dns(DnsVerb),
    /// Look at operations, approve and run them.
    #[command(subcommand)]
    Operation(OperationVerb),
    /// Write an incident's report as Markdown and HTML.
    Report {
        /// The incident's number.
        number: u32,
        /// The folder for the two files.
        #[arg(long, default_value = "reports")]
        out: PathBuf,
    },
    /// Check the chain of every incident, or of one; name the first bad turn.
    Verify {
        /// The incident's number; without it, everything is checked.
        number: Option<u32>,
    },
    /// Say what is armed, what isn't, and why.
    Doctor,
    /// Stop every action; detection and paging go on.
    Freeze {
        /// Why.
        #[arg(required = true, value_parser = words)]
        why: Vec<String>,
    },
    /// Allow actions again.
    Unfreeze,
    /// Look at the plan.
    #[command(subcommand)]
    Plan(PlanVerb),
    /// Rehearse a scenario in a simulated town: nothing real is touched.
    Drill(DrillArgs),
    /// Run everything in one process: webhooks, probes, pages, recovery.
    Serve(ServeArgs),
    /// Print shell completions.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// What can be done with incidents.
#[derive(Debug, Subcommand)]
pub enum IncidentVerb {
    /// Something is broken: open an incident and page people.
    ///
    /// Example: allclear incident declare p1 frontend is down
    Declare {
        /// [p1..p4] [component] what you see. Without a severity the plan's classification counts, without a
        /// component the frontend.
        #[arg(required = true, value_parser = words)]
        words: Vec<String>,
    },
    /// List incidents, the newest first.
    List {
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: usize,
        /// Also those that turned out to be nothing.
        #[arg(long)]
        all: bool,
    },
    /// Show where an incident stands.
    Show {
        /// The incident's number; without it, the newest live one.
        number: Option<u32>,
    },
    /// "I have it": stops the paging.
    Ack {
        /// The incident's number; without it, the only open one.
        number: Option<u32>,
    },
    /// Tell everyone something.
    Update {
        /// The incident's number.
        number: u32,
        /// Your words.
        #[arg(required = true, value_parser = words)]
        text: Vec<String>,
    },
    /// Set the severity by hand.
    Severity {
        /// The incident's number.
        number: u32,
        /// p1 to p4.
        #[arg(value_parser = severity)]
        to: Severity,
        /// Why.
        #[arg(required = true, value_parser = words)]
        because: Vec<String>,
    },
    /// Give a role to somebody.
    Assign {
        /// The incident's number.
        number: u32,
        /// The role.
        #[arg(value_parser = role)]
        role: Role,
        /// The person's id in the plan.
        to: String,
    },
    /// "Users are fine again": keeps watching until all clear.
    Mitigated {
        /// The incident's number.
        number: u32,
    },
    /// "It is over": needs evidence.
    Resolve {
        /// The incident's number.
        number: u32,
        /// Resolve although evidence is missing or against it; say why.
        #[arg(long, value_name = "WHY", value_parser = words)]
        without_evidence: Option<String>,
    },
    /// "It is not over after all."
    Reopen {
        /// The incident's number.
        number: u32,
        /// Why.
        #[arg(required = true, value_parser = words)]
        because: Vec<String>,
    },
    /// Everything that happened, from the first failing probe on.
    Timeline {
        /// The incident's number; without it, the newest live one.
        number: Option<u32>,
    },
}

/// What can be done with the plan.
#[derive(Debug, Subcommand)]
pub enum PlanVerb {
    /// Check the plan against itself: contradictions, and what this system does about each.
    Check,
}

/// A drill.
#[derive(Debug, Args)]
pub struct DrillArgs {
    /// The scenario; without one, or with `list`, all of them are named.
    #[arg(default_value = "list", hide_default_value = true)]
    pub scenario: String,
    /// The seed: the same seed gives the same drill, byte for byte.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Something that goes wrong besides; may be repeated.
    #[arg(long)]
    pub fault: Vec<String>,
    /// Look at the real vendors instead of the town: what would be done right now, and what stands in the way.
    /// Nothing is changed.
    #[arg(long, conflicts_with_all = ["seed", "fault"])]
    pub live: bool,
    /// The folder for the report.
    #[arg(long, default_value = "reports")]
    pub out: PathBuf,
}

/// The server.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to listen.
    #[arg(long, env = "ALLCLEAR_LISTEN", default_value = "127.0.0.1:8333")]
    pub listen: std::net::SocketAddr,
    /// Serve in front of the simulated town, on the real clock, for hands-on training.
    #[arg(long, value_name = "SCENARIO", num_args = 0..=1, default_missing_value = "complete-outage")]
    pub rehearse: Option<String>,
    /// The town's seed.
    #[arg(long, default_value_t = 1, requires = "rehearse")]
    pub seed: u64,
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

/// A reason or a message is read by people: blank is not one.
fn words(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("say it in words".into()) } else { Ok(text.to_owned()) }
}

fn role(text: &str) -> Result<Role, String> {
    match text.to_lowercase().replace(['_', ' '], "-").as_str() {
        "incident-commander" | "commander" | "ic" => Ok(Role::IncidentCommander),
        "technical-lead" | "tech" | "tl" => Ok(Role::TechnicalLead),
        "communications-lead" | "comms" | "cl" => Ok(Role::CommunicationsLead),
        "business-lead" | "business" | "bl" => Ok(Role::BusinessLead),
        "assigned-developer" | "developer" | "dev" => Ok(Role::AssignedDeveloper),
        _ => Err("write commander, tech, comms, business or developer".into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_bare_reason_plans_and_only_run_runs() {
        let typed = |words: &[&str]| {
            Cli::try_parse_from([&["allclear"], words].concat()).map(|cli| cli.verb)
        };
        let Ok(Verb::Rollback(bare)) = typed(&["rollback", "Complete application outage"]) else {
            panic!("the plan's own words are understood")
        };
        assert!(bare.verb.is_none());
        assert_eq!(bare.plan.because, ["Complete application outage"]);
        let Ok(Verb::Rollback(run)) = typed(&["rollback", "run", "3", "--hash", "0123abcd"]) else {
            panic!("run is a verb")
        };
        assert!(matches!(run.verb, Some(RollbackVerb::Run(Named { number: 3, .. }))));
        assert!(typed(&["rollback", "run", "3"]).is_err(), "nothing runs without its plan");
        assert!(typed(&["failover"]).is_err(), "a reason is required");
        assert!(typed(&["failover", " "]).is_err(), "in words");
        assert!(matches!(typed(&["failback", "the primary is well"]), Ok(Verb::Failback(_))));
        for words in [&["dns", "setup"][..], &["dns", "setup", "--plan"]] {
            let Ok(Verb::Dns(DnsVerb::Setup(setup))) = typed(words) else { panic!("{words:?}") };
            assert_eq!(setup.apply, None, "showing comes first");
        }
    }

    #[test]
    fn a_tired_person_is_understood() {
        let cli = Cli::try_parse_from(["allclear", "incident", "assign", "7", "IC", "a"]).unwrap();
        assert!(matches!(
            cli.verb,
            Verb::Incident(IncidentVerb::Assign { role: Role::IncidentCommander, .. })
        ));
        let error = Cli::try_parse_from(["allclear", "incident", "severity", "7", "bad", "x"]);
        assert!(error.unwrap_err().to_string().contains("write p1"));
    }
}
