//! The project's own backups: what there is, and going back to a moment.

use serde::Deserialize;
use serde_json::json;
use shared::backup::Recoverable;
use shared::time::Ts;

use super::{Supabase, Trouble};

const BACKUPS: &str = "database/backups";
const GO_BACK: &str = "database/backups/restore-pitr";

#[derive(Deserialize)]
struct Found {
    pitr_enabled: bool,
    #[serde(default)]
    backups: Vec<Backup>,
    #[serde(default)]
    physical_backup_data: Moments,
}

#[derive(Deserialize)]
struct Backup {
    status: String,
    inserted_at: jiff::Timestamp,
}

/// Seconds since 1970.
#[derive(Default, Deserialize)]
struct Moments {
    #[serde(default)]
    earliest_physical_backup_date_unix: Option<i64>,
    #[serde(default)]
    latest_physical_backup_date_unix: Option<i64>,
}

#[derive(Deserialize)]
struct Project {
    status: String,
}

impl Supabase {
    /// The project's reference.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// What can be gone back to. The heartbeat is in the database: this doesn't know it.
    pub async fn recoverable(&self) -> Result<Recoverable, Trouble> {
        let garbled = |why: serde_json::Error| Trouble::Lost(format!("{BACKUPS}: {why}"));
        let found: Found = serde_json::from_value(self.get(BACKUPS).await?).map_err(garbled)?;
        let project: Project = serde_json::from_value(self.get("").await?).map_err(garbled)?;
        let moments = &found.physical_backup_data;
        let at = |seconds: Option<i64>| seconds.map(|it| Ts(it.saturating_mul(1_000)));
        let whole = found.backups.into_iter();
        Ok(Recoverable {
            enabled: found.pitr_enabled,
            earliest: at(moments.earliest_physical_backup_date_unix),
            latest: at(moments.latest_physical_backup_date_unix),
            whole: whole.map(|it| (Ts(it.inserted_at.as_millisecond()), it.status)).collect(),
            project: project.status,
            heartbeat: None,
        })
    }

    /// Asks for the whole project to go back to a moment: what was written since is lost, and it is away meanwhile. Asked
    /// once: after a lost reply nobody knows whether it goes back.
    pub async fn go_back(&self, to: Ts) -> Result<(), Trouble> {
        let body = json!({"recovery_time_target_unix": to.0.div_euclid(1_000)});
        self.answer(self.http.post(self.address(GO_BACK)).json(&body)).await.map(drop)
    }
}
