//! Following a request until the provider is done with it.
//!
//! Vercel keeps only the last request of a project, whoever made it. Its own command-line tool takes the success of any
//! request for its own, and trusts the local clock; we recognise ours by what it is, and by the server's clock.

use std::time::Duration;

use shared::time::Ts;
use tokio::time::{Instant, sleep};

use super::Move;
use super::answer::TRY_AGAIN;
use super::api::{Api, Trouble};
use super::project::{AliasRequest, JobStatus, Project};

/// The first wait between two looks; it doubles …
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// … up to this one.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// A request we made, or may have made.
pub(super) struct Asked<'a> {
    pub wanted: &'a Move<'a>,
    /// The project as it was just before; `None` when only a crash knows.
    pub before: Option<Before>,
}

/// What was there before a request.
pub(super) struct Before {
    /// The server's clock.
    pub date: Option<Ts>,
    /// The last request then: never ours.
    pub request: Option<AliasRequest>,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is done, and production is where it should be.
    Succeeded,
    /// Something did not move.
    Failed,
    /// The provider left it out, because of another one.
    Skipped,
    /// It is being carried out.
    Running,
    /// The provider's last request is not ours.
    Unseen,
}

impl Asked<'_> {
    /// How far our request is, as the project tells.
    pub(super) fn fate(&self, project: &Project) -> Fate {
        let Some(request) = project.last_alias_request.as_ref().filter(|one| self.is_ours(one))
        else {
            return Fate::Unseen;
        };
        match request.job_status {
            JobStatus::Succeeded if project.serves(self.wanted.to) => Fate::Succeeded,
            JobStatus::Failed => Fate::Failed,
            JobStatus::Skipped => Fate::Skipped,
            JobStatus::Succeeded
            | JobStatus::Pending
            | JobStatus::InProgress
            | JobStatus::Unclear => Fate::Running,
        }
    }

    fn is_ours(&self, request: &AliasRequest) -> bool {
        let Move { kind, from, to } = self.wanted;
        let from_there = request.from_deployment_id.as_ref().is_none_or(|one| one == *from);
        request.kind == kind.as_str()
            && request.to_deployment_id == **to
            && from_there
            && self.before.as_ref().is_none_or(|before| before.precedes(request))
    }
}

impl Before {
    fn precedes(&self, request: &AliasRequest) -> bool {
        let known = self.request.as_ref();
        known.is_none_or(|known| known.requested_at != request.requested_at)
            && self.date.is_none_or(|date| request.requested_at >= date.0)
    }
}

/// How long to follow.
pub(super) struct Limits {
    /// In all.
    pub all: Duration,
    /// Until a request that is not seen counts as never made.
    pub unseen: Duration,
}

impl Api {
    /// Looks again and again until the request is over, is not seen for too long, or patience ends; `Err` when not even
    /// the last look brought an answer.
    pub(super) async fn follow(
        &self,
        asked: &Asked<'_>,
        limits: &Limits,
    ) -> Result<(Fate, Project), Trouble> {
        let start = Instant::now();
        let mut wait = FIRST_WAIT;
        loop {
            let seen = self.project().await.map(|project| (asked.fate(&project), project));
            let limit = match &seen {
                Ok((Fate::Succeeded | Fate::Failed | Fate::Skipped, _)) => return seen,
                Ok((Fate::Unseen, _)) => limits.unseen,
                Ok((Fate::Running, _)) | Err(_) => limits.all,
            };
            if start.elapsed() + wait > limit {
                return seen;
            }
            sleep(wait.max(seen.as_ref().err().map_or(Duration::ZERO, asked_wait))).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

/// A limit is obeyed while following, too.
fn asked_wait(trouble: &Trouble) -> Duration {
    match trouble {
        Trouble::Refused(refusal) if refusal.status == 429 => {
            refusal.wait.unwrap_or(TRY_AGAIN).to_std()
        }
        _ => Duration::ZERO,
    }
}
