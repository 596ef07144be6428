//! What can be typed to change something: every dangerous verb, without more, only plans.

use clap::{Args, Subcommand};

use super::words;

/// `allclear rollback …`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct Rollback {
    /// What to do; without it, a plan is made.
    #[command(subcommand)]
    pub verb: Option<RollbackVerb>,
    /// The plan that is asked for.
    #[command(flatten)]
    pub plan: HostingPlan,
}

/// What can be done about a rollback.
#[derive(Debug, Subcommand)]
pub enum RollbackVerb {
    /// Show what a rollback would change; nothing happens.
    Plan(HostingPlan),
    /// List the deployments that could be rolled back to.
    Candidates,
    /// Plan the way back: promote what was rolled back from, so that new deployments go live again.
    Undo(HostingPlan),
    /// Agree to the plan you saw.
    Approve(Named),
    /// Do it.
    Run(Named),
    /// Call it off.
    Abort(Abort),
}

/// `allclear failover …`, `failback …`, `promote …`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct Change<P: Args> {
    /// What to do; without it, a plan is made.
    #[command(subcommand)]
    pub verb: Option<ChangeVerb<P>>,
    /// The plan that is asked for.
    #[command(flatten)]
    pub plan: P,
}

/// What can be done about a change.
#[derive(Debug, Subcommand)]
pub enum ChangeVerb<P: Args> {
    /// Show what would change; nothing happens.
    Plan(P),
    /// Agree to the plan you saw.
    Approve(Named),
    /// Do it.
    Run(Named),
    /// Call it off.
    Abort(Abort),
}

/// What can be done with operations of any kind.
#[derive(Debug, Subcommand)]
pub enum OperationVerb {
    /// List operations, the newest first.
    List {
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Show an operation: what changes, what speaks for and against it, what happened.
    Show {
        /// The operation's number.
        number: u32,
    },
    /// Agree to the plan you saw.
    Approve(Named),
    /// Do it; where it was begun already, go on.
    Run(Named),
    /// Call it off.
    Abort(Abort),
}

/// A plan that points production elsewhere.
#[derive(Clone, Debug, Args)]
pub struct HostingPlan {
    /// Why: it lands in the timeline.
    #[arg(required = true, value_parser = words)]
    pub because: Vec<String>,
    /// The deployment, by its id.
    #[arg(long, value_name = "DEPLOYMENT")]
    pub to: Option<String>,
    /// The incident it belongs to; without it, the open one.
    #[arg(long, value_name = "NUMBER")]
    pub incident: Option<u32>,
}

/// A plan that points our names elsewhere.
#[derive(Clone, Debug, Args)]
pub struct NamesPlan {
    /// Why: it lands in the timeline.
    #[arg(required = true, value_parser = words)]
    pub because: Vec<String>,
    /// The incident it belongs to; without it, the open one.
    #[arg(long, value_name = "NUMBER")]
    pub incident: Option<u32>,
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

/// An operation, and the plan of it that was seen.
#[derive(Clone, Debug, Args)]
pub struct Named {
    /// The operation's number.
    pub number: u32,
    /// The first digits of the hash of the plan you saw.
    #[arg(long, value_name = "DIGITS")]
    pub hash: String,
}

/// An operation that is called off.
#[derive(Clone, Debug, Args)]
pub struct Abort {
    /// The operation's number.
    pub number: u32,
    /// Why.
    #[arg(required = true, value_parser = words)]
    pub because: Vec<String>,
}
