//! What can be said to the system: one grammar for every face. The terminal reads its arguments with it, chat and text
//! messages what people typed there.
//!
//! Nothing is done here, and nobody is asked who they are.

use clap::Subcommand;

mod backup;
mod change;
pub mod chat;
mod declaration;
mod incident;
mod numbered;
mod people;
pub mod sms;

pub use backup::{BackupVerb, RestoreVerb, Which};
pub use change::{
    Abort, Change, ChangeVerb, HostingPlan, Named, NamesPlan, OperationVerb, Rollback, RollbackVerb,
};
pub use declaration::declaration;
pub use incident::{IncidentVerb, On, role, severity};
pub use numbered::numbered;
pub use people::{OnCall, OnCallVerb, Page};

/// What every face understands.
#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Declare, acknowledge, update and end incidents.
    #[command(subcommand)]
    Incident(IncidentVerb),
    /// Point production at an earlier deployment. Only plans, until you `run` the plan.
    ///
    /// Example: rollback "Complete application outage"
    Rollback(Rollback),
    /// Point production at a deployment for good. Only plans, until you `run` the plan.
    Promote(Change<HostingPlan>),
    /// Point DNS at the standby. Only plans, until you `run` the plan.
    Failover(Change<NamesPlan>),
    /// Point DNS at the primary again. Only plans, until you `run` the plan.
    Failback(Change<NamesPlan>),
    /// Who is on call now and next, and who stands in.
    Oncall(OnCall),
    /// Wake somebody by name for an incident, or test their phone.
    Page(Page),
    /// Look at operations, approve and run them.
    #[command(subcommand)]
    Operation(OperationVerb),
    /// Backups: list, make, prove and restore them.
    #[command(subcommand)]
    Backup(BackupVerb),
}

/// A reason or a message is read by people: blank is not one.
pub fn words(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("say it in words".into()) } else { Ok(text.to_owned()) }
}
