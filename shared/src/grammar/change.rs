//! What can be typed to change something: every dangerous verb, without more, only plans.

use clap::{Args, Subcommand};

use super::words;

/// `allclear rollback …`
#[derive(Clone, Debug, Args)]
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
#[derive(Clone, Debug, Subcommand)]
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
#[derive(Clone, Debug, Args)]
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
#[derive(Clone, Debug, Subcommand)]
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
#[derive(Clone, Debug, Subcommand)]
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
