//! The project as Vercel describes it: what is live, and the last request to move production.

use std::collections::BTreeMap;

use serde::Deserialize;
use shared::id::DeploymentId;
use shared::time::Ts;

use super::api::{Api, Trouble};
use super::paths::Call;
use super::{Kind, Move};

/// A deployment's free labels, given with `vercel deploy --meta key=value`, and those of its repository.
pub(super) type Meta = BTreeMap<String, String>;

/// A project.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Project {
    pub id: String,
    targets: Option<Targets>,
    pub last_alias_request: Option<AliasRequest>,
    rollback_description: Option<Description>,
    #[serde(default)]
    pub paused: bool,
    /// The server's clock when it answered.
    #[serde(skip)]
    pub date: Option<Ts>,
}

#[derive(Deserialize)]
struct Targets {
    production: Option<Production>,
}

/// What is live.
#[derive(Deserialize)]
pub(super) struct Production {
    pub id: DeploymentId,
    #[serde(default)]
    pub meta: Meta,
}

/// The last request to move production.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AliasRequest {
    pub from_deployment_id: Option<DeploymentId>,
    pub to_deployment_id: DeploymentId,
    pub job_status: JobStatus,
    /// Milliseconds since 1970, by the server's clock.
    pub requested_at: i64,
    #[serde(rename = "type")]
    pub kind: String,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum JobStatus {
    Succeeded,
    Failed,
    Skipped,
    Pending,
    InProgress,
    /// A word that is new to us: no success, and nothing to wait for either.
    #[serde(other)]
    Unclear,
}

impl JobStatus {
    pub(super) fn is_running(self) -> bool {
        matches!(self, Self::Pending | Self::InProgress)
    }
}

/// Why and by whom a project was rolled back.
#[derive(Deserialize)]
struct Description {
    description: Option<String>,
}

impl Project {
    /// What is live.
    pub(super) fn production(&self) -> Option<&Production> {
        self.targets.as_ref()?.production.as_ref()
    }

    /// Whether a deployment is live.
    pub(super) fn serves(&self, id: &DeploymentId) -> bool {
        self.production().is_some_and(|live| live.id == *id)
    }

    /// What is live, in words.
    pub(super) fn live(&self) -> String {
        self.production().map_or_else(|| "nothing".into(), |live| live.id.to_string())
    }

    /// The reason given for the last rollback.
    pub(super) fn rollback_reason(&self) -> Option<&str> {
        self.rollback_description.as_ref()?.description.as_deref()
    }

    /// The request that is being carried out, in words.
    pub(super) fn under_way(&self) -> Option<String> {
        let request = self.last_alias_request.as_ref()?;
        let says = format!("a {} to {}", request.kind, request.to_deployment_id);
        request.job_status.is_running().then_some(says)
    }
}

impl Api {
    /// The project now.
    pub(super) async fn project(&self) -> Result<Project, Trouble> {
        let reply = self.get(&Call::Project).await?;
        let project: Project = reply.read()?;
        Ok(Project { date: reply.date, ..project })
    }

    /// Whether a gradual release is under way, and what waits behind it.
    pub(super) async fn rolling_release(&self) -> Result<Option<RollingRelease>, Trouble> {
        let state: ReleaseState = self.get(&Call::RollingRelease).await?.read()?;
        Ok(state.rolling_release.filter(|release| release.state == "ACTIVE"))
    }

    /// The names that the last request left behind; bounded.
    pub(super) async fn unmoved(
        &self,
        project: &str,
        wanted: &Move<'_>,
    ) -> Result<Vec<String>, Trouble> {
        let call = match wanted.kind {
            Kind::Rollback => Call::UnmovedByRollback { project },
            Kind::Promote => Call::UnmovedByPromotion { project },
        };
        let list: Aliases = self.get(&call).await?.read()?;
        // The provider is asked for failed ones only; we believe what each says of itself.
        let failed = list.aliases.into_iter().filter(|one| one.status == "failed");
        Ok(failed.map(|one| one.alias.into_name()).collect())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReleaseState {
    rolling_release: Option<RollingRelease>,
}

/// A gradual release.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RollingRelease {
    state: String,
    /// What goes live once it is complete.
    pub queued_deployment_id: Option<DeploymentId>,
}

#[derive(Deserialize)]
struct Aliases {
    #[serde(default)]
    aliases: Vec<Alias>,
}

#[derive(Deserialize)]
struct Alias {
    alias: Name,
    status: String,
}

/// A rollback wraps the name, a promotion doesn't.
#[derive(Deserialize)]
#[serde(untagged)]
enum Name {
    Plain(String),
    Wrapped { alias: String },
}

impl Name {
    fn into_name(self) -> String {
        match self {
            Self::Plain(name) | Self::Wrapped { alias: name } => name,
        }
    }
}
