//! The recent production deployments, which of them the provider would go back to, and what they say of the database.
//!
//! Whether older code works on today's database is told by two labels that a build gives its deployment:
//! `vercel deploy --meta schema=20260801 --meta schemaExpandOnlySince=20260615`. `schema` is the version of the schema it
//! was built for, as text that sorts; `schemaExpandOnlySince` is the oldest such version since which migrations only
//! added things. Going back is compatible if the target's `schema` is not older than what the *live* deployment says.
//! Without both labels nobody can tell, and a person must say go.

use std::collections::BTreeSet;

use serde::Deserialize;
use shared::effect::{Deployment, Finding, Outcome};
use shared::id::DeploymentId;
use shared::time::Ts;

use super::Vercel;
use super::api::{Api, Trouble};
use super::paths::Call;
use super::project::{Meta, Project};

/// Pages of a hundred: more deployments than any age that a rollback is allowed to have.
const PAGES: usize = 3;
/// Where the commit stands, by the kind of repository.
const COMMITS: [&str; 4] =
    ["githubCommitSha", "gitlabCommitSha", "bitbucketCommitSha", "gitCommitSha"];

impl Vercel {
    /// The recent deployments, newest first.
    pub(crate) async fn deployments(&self) -> Outcome {
        let (project, rows) = tokio::join!(self.api.project(), self.api.rows());
        match (project, rows) {
            (Ok(project), Ok(rows)) => Outcome::Done(Finding::Deployments(rows.join(&project))),
            (Err(trouble), _) | (_, Err(trouble)) => trouble.of_read(),
        }
    }
}

/// The commit a deployment was built from.
pub(super) fn commit(meta: &Meta) -> Option<&str> {
    COMMITS.iter().find_map(|key| meta.get(*key)).map(String::as_str)
}

/// What two listings brought.
pub(super) struct Rows {
    all: Vec<Row>,
    candidates: BTreeSet<DeploymentId>,
}

#[derive(Deserialize)]
struct Page {
    deployments: Vec<Row>,
    pagination: Pagination,
}

#[derive(Deserialize)]
struct Pagination {
    next: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    uid: DeploymentId,
    created: i64,
    ready: Option<i64>,
    alias_assigned: Option<Assigned>,
    is_rollback_candidate: Option<bool>,
    checks_conclusion: Option<String>,
    expiration: Option<i64>,
    deleted: Option<i64>,
    #[serde(default)]
    soft_deleted_by_retention: bool,
    #[serde(default)]
    meta: Meta,
    creator: Option<Creator>,
}

/// A moment, or only whether.
#[derive(Deserialize)]
#[serde(untagged)]
enum Assigned {
    At(i64),
    Whether(#[expect(dead_code, reason = "it tells no moment")] bool),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Creator {
    username: Option<String>,
    github_login: Option<String>,
    email: Option<String>,
}

impl Api {
    /// Both listings, at the same time.
    pub(super) async fn rows(&self) -> Result<Rows, Trouble> {
        let (all, candidates) = tokio::join!(self.listed(false), self.listed(true));
        let candidates = candidates?.into_iter().map(|row| row.uid).collect();
        Ok(Rows { all: all?, candidates })
    }

    async fn listed(&self, candidates: bool) -> Result<Vec<Row>, Trouble> {
        let mut rows = Vec::new();
        let mut until = None;
        for _ in 0..PAGES {
            let page: Page = self.get(&Call::Deployments { candidates, until }).await?.read()?;
            rows.extend(page.deployments);
            until = page.pagination.next;
            if until.is_none() {
                break;
            }
        }
        Ok(rows)
    }
}

impl Rows {
    /// The deployments as the domain knows them, newest first.
    pub(super) fn join(&self, project: &Project) -> Vec<Deployment> {
        let since = project.production().and_then(|live| live.meta.get("schemaExpandOnlySince"));
        let mut list: Vec<Deployment> =
            self.all.iter().map(|row| self.deployment(row, project, since)).collect();
        list.sort_by_key(|one| std::cmp::Reverse(one.live_at));
        list
    }

    fn deployment(&self, row: &Row, project: &Project, since: Option<&String>) -> Deployment {
        let schema = row.meta.get("schema").zip(since);
        Deployment {
            id: row.uid.clone(),
            live_at: row.live_at(),
            current: project.serves(&row.uid),
            candidate: self.candidates.contains(&row.uid) && row.is_kept(project.date),
            proven: row.checks_conclusion.as_deref() == Some("succeeded"),
            schema_compatible: schema.map(|(schema, since)| schema >= since),
            commit: commit(&row.meta).map(str::to_owned),
            by: row.creator.as_ref().and_then(Creator::name),
        }
    }
}

impl Row {
    fn live_at(&self) -> Ts {
        match self.alias_assigned {
            Some(Assigned::At(at)) => Ts(at),
            _ => Ts(self.ready.unwrap_or(self.created)),
        }
    }

    /// Retention takes candidates away; a list may be older than that.
    fn is_kept(&self, now: Option<Ts>) -> bool {
        let expired = self.expiration.zip(now).is_some_and(|(at, now)| at <= now.0);
        let gone = self.deleted.is_some() || self.soft_deleted_by_retention;
        self.is_rollback_candidate != Some(false) && !expired && !gone
    }
}

impl Creator {
    fn name(&self) -> Option<String> {
        [&self.username, &self.github_login, &self.email].into_iter().find_map(Clone::clone)
    }
}
