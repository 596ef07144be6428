//! What can be typed in a terminal: the grammar that every face shares, and what only a terminal needs.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use shared::grammar::{numbered, words};

/// The system that executes the disaster recovery plan.
#[derive(Debug, Parser)]
#[command(name = "allclear", version, max_term_width = 100)]
#[command(arg_required_else_help = true, args_override_self = true)]
#[command(after_help = "At 3 a.m.: `allclear incident list`, then `allclear incident ack NUMBER`.")]
pub struct Cli {
    /// Where incidents are kept: a file, or `dynamodb:TABLE` for the table that the functions on AWS share.
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

impl Cli {
    /// Understands the words of a command line, the program's name first.
    ///
    /// # Errors
    /// Usage, with what to type instead; asking for help counts as one.
    pub fn understand(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let words: Vec<OsString> = words.into_iter().collect();
        let texts: Option<Vec<String>> =
            words.iter().map(|word| word.to_str().map(ToOwned::to_owned)).collect();
        match texts {
            Some(mut texts) => {
                let said = texts.split_off(texts.len().min(1));
                texts.extend(numbered(&Self::command(), said, None));
                Self::try_parse_from(texts)
            }
            // What is no text names no incident.
            None => Self::try_parse_from(words),
        }
    }
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
    /// What every face understands.
    #[command(flatten)]
    Said(shared::grammar::Verb),
    /// Prepare DNS ahead of a disaster, and see how it stands.
    #[command(subcommand)]
    Dns(DnsVerb),
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

/// What can be done about DNS ahead of a disaster.
#[derive(Debug, Subcommand)]
pub enum DnsVerb {
    /// Failover records and health checks: show what has to be made, and make it.
    Setup(DnsSetup),
    /// Where our names lead, what the health checks find, and what differs from the plan.
    Status,
}

/// `allclear dns setup …`
#[derive(Debug, Args)]
pub struct DnsSetup {
    /// Only show what would be made; this is what happens without more.
    #[arg(long, conflicts_with = "apply")]
    pub plan: bool,
    /// Make what you saw: the first digits of the hash that was shown with it.
    #[arg(long, value_name = "DIGITS")]
    pub apply: Option<String>,
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

#[cfg(test)]
mod tests {

    use shared::grammar::{IncidentVerb, Named, RollbackVerb, Verb as Said};
    use shared::incident::Role;

    use super::*;

    fn typed(words: &[&str]) -> Result<Verb, clap::Error> {
        let words = ["allclear"].iter().chain(words).map(OsString::from);
        Cli::understand(words).map(|cli| cli.verb)
    }

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_bare_reason_plans_and_only_run_runs() {
        let Ok(Verb::Said(Said::Rollback(bare))) =
            typed(&["rollback", "Complete application outage"])
        else {
            panic!("the plan's own words are understood")
        };
        assert!(bare.verb.is_none());
        assert_eq!(bare.plan.because, ["Complete application outage"]);
        let Ok(Verb::Said(Said::Rollback(run))) =
            typed(&["rollback", "run", "3", "--hash", "0123abcd"])
        else {
            panic!("run is a verb")
        };
        assert!(matches!(run.verb, Some(RollbackVerb::Run(Named { number: 3, .. }))));
        assert!(typed(&["rollback", "run", "3"]).is_err(), "nothing runs without its plan");
        assert!(typed(&["failover"]).is_err(), "a reason is required");
        assert!(typed(&["failover", " "]).is_err(), "in words");
        let back = typed(&["failback", "the primary is well"]);
        assert!(matches!(back, Ok(Verb::Said(Said::Failback(_)))));
        for words in [&["dns", "setup"][..], &["dns", "setup", "--plan"]] {
            let Ok(Verb::Dns(DnsVerb::Setup(setup))) = typed(words) else { panic!("{words:?}") };
            assert_eq!(setup.apply, None, "showing comes first");
        }
    }

    #[test]
    fn a_number_is_understood_wherever_flags_stand_and_a_reason_is_left_alone() {
        for words in [
            &["incident", "ack", "7"][..],
            &["incident", "--as", "bob", "ack", "7"],
            &["incident", "ack", "--json", "--as", "bob", "7"],
            &["--as", "incident", "incident", "acknowledge", "#7"],
        ] {
            let Ok(Verb::Said(Said::Incident(IncidentVerb::Ack(on)))) = typed(words) else {
                panic!("{words:?}")
            };
            assert_eq!(on.number, Some(7), "{words:?}");
        }
        let reason = ["failover", "the", "incident", "ack", "3", "times"];
        let Ok(Verb::Said(Said::Failover(plan))) = typed(&reason) else { panic!("a reason") };
        assert_eq!(plan.plan.because.join(" "), "the incident ack 3 times");
    }

    #[test]
    fn a_tired_person_is_understood() {
        assert!(matches!(
            typed(&["incident", "assign", "7", "IC", "a"]),
            Ok(Verb::Said(Said::Incident(IncidentVerb::Assign {
                role: Role::IncidentCommander,
                on,
                ..
            }))) if on.number == Some(7)
        ));
        let error = typed(&["incident", "severity", "7", "bad", "x"]);
        assert!(error.unwrap_err().to_string().contains("write p1"));
    }
}
