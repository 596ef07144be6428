//! What can be said about who is on call, and who is to be woken.

use clap::{Args, Subcommand};

use super::{On, words};

/// `allclear oncall …`
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct OnCall {
    /// What is asked; without it, who is on call now.
    #[command(subcommand)]
    pub verb: Option<OnCallVerb>,
}

/// The verbs of `oncall`.
#[derive(Clone, Debug, Subcommand)]
pub enum OnCallVerb {
    /// Who is on call now.
    Now,
    /// Who is on call after that.
    Next,
    /// The shifts of the next seven days.
    Week,
    /// Somebody stands in for whoever it would be.
    ///
    /// Example: oncall override lead-developer --from 2026-12-24T18:00 --until 2026-12-25T09:00
    #[command(alias = "cover")]
    Override {
        /// The person, by their id in the plan.
        person: String,
        /// From when, by the rotation's clock or as RFC 3339; without it, now.
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Until when.
        #[arg(long, value_name = "TIME")]
        until: String,
    },
    /// They don't stand in after all.
    Cancel {
        /// The number that was shown with it.
        number: u32,
    },
}

/// `allclear page …`
#[derive(Clone, Debug, Args)]
pub struct Page {
    /// For which incident; without it, the one that is open.
    #[command(flatten)]
    pub on: On,
    /// Whom, and why: a person's id, a role, `oncall` or `all`. `page test PERSON` tests a phone, `page tests` shows
    /// what came of it.
    ///
    /// Example: page tech nobody answers --on 7
    #[arg(required = true, value_parser = words)]
    pub words: Vec<String>,
}
