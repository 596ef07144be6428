//! What can be said about backups.

use std::convert::Infallible;

use clap::{Args, Subcommand};

use crate::backup::{Level, Wanted};
use crate::time::Ts;

/// `allclear backup …`
#[derive(Clone, Debug, Subcommand)]
pub enum BackupVerb {
    /// List the backups, the newest first, with how far each is proven.
    List,
    /// Make one now.
    Create {
        /// What is backed up, as the plan calls it: database, config, code.
        #[arg(default_value = "database", value_parser = what)]
        what: String,
    },
    /// Prove one: L0 it is there, L1 every checksum matches, L2 restored elsewhere and equal, L3 the plan's
    /// questions answered.
    Verify {
        /// Which one.
        #[command(flatten)]
        which: Which,
        /// How far.
        #[arg(long, default_value = "L1")]
        level: Level,
    },
    /// Plan a restore, and carry it out.
    #[command(subcommand)]
    Restore(RestoreVerb),
    /// Print the commands that restore it with stock tools alone.
    Recipe(Which),
    /// Show what the provider itself can go back to: its backups, and the moments of point-in-time recovery.
    Pitr,
    /// What would be lost now, how long a restore takes, what is overdue.
    Status,
    /// Show what the plan no longer keeps; with the hash that is shown, delete exactly that.
    Prune {
        /// The hash of what was shown.
        #[arg(value_name = "HASH")]
        hash: Option<String>,
    },
}

/// `allclear backup restore …`
#[derive(Clone, Debug, Subcommand)]
pub enum RestoreVerb {
    /// Show what would be lost, how long it would take, what is not in it; nothing happens.
    Plan(Which),
    /// Restore it into a new database; files into a new folder.
    Run {
        /// Which one.
        #[command(flatten)]
        which: Which,
        /// The new database's name, on the server of `ALLCLEAR_SCRATCH_URL`: it is made, or has to be empty. Of files, the
        /// new folder.
        #[arg(long, value_name = "DATABASE")]
        into: String,
        /// Although no drill has proven lately that backups restore; it is on record.
        #[arg(long)]
        unproven: bool,
    },
    /// Ask the provider to put the live database back to a moment; two people have to agree.
    Pitr {
        /// The moment, e.g. 2026-11-22T03:04:05Z; the last one that can be had where none is given.
        moment: Option<Ts>,
        /// Although there is no fresh backup of what is there now.
        #[arg(long)]
        no_backup: bool,
    },
    /// Agree to a restore that somebody else began, by the hash it showed.
    Approve {
        /// The hash.
        hash: String,
    },
}

/// Which backup.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// An id, `LATEST` or `LATEST_CLEAN`: the newest one that is verified and older than the breach.
    pub id: Wanted,
    /// When the first sign of the breach was, for `LATEST_CLEAN`: e.g. 2026-11-22T03:04:05Z.
    #[arg(long, value_name = "MOMENT")]
    pub before: Option<Ts>,
    /// What is meant by `LATEST`, as the plan calls it.
    #[arg(long, value_name = "WHAT", default_value = "database", value_parser = what)]
    pub of: String,
}

/// The plan's word for what people say in short.
#[expect(clippy::unnecessary_wraps, reason = "as clap wants it")]
fn what(said: &str) -> Result<String, Infallible> {
    Ok(match said {
        "config" => "configuration",
        "code" => "application-code",
        other => other,
    }
    .into())
}
