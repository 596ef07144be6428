//! Pointing production at another deployment: rollback, promotion, and undoing a rollback, which is a promotion.

use serde_json::json;
use shared::effect::{Change, Finding, Outcome};
use shared::id::EffectKey;

use super::answer::later;
use super::follow::{Asked, Before, Fate, Limits};
use super::paths::Call;
use super::project::Project;
use super::{Kind, Move, Vercel};
use crate::perform::Hold;

/// What the journal calls this means.
const BY: &str = "vercel";
/// A promotion that was taken, but waits.
const QUEUED: u16 = 202;

impl Vercel {
    /// Moves production, if it is still where the plan found it.
    pub(super) async fn act(&self, key: &EffectKey, wanted: &Move<'_>, hold: &Hold) -> Outcome {
        let project = match self.ready(wanted).await {
            Ok(project) => project,
            Err(outcome) => return outcome,
        };
        if let Err(why) = hold.stands().await {
            return later(why);
        }
        let description = key.to_string();
        let (id, to) = (project.id.as_str(), wanted.to.as_str());
        let call = match wanted.kind {
            Kind::Rollback => Call::RollBack { project: id, to, description: &description },
            Kind::Promote => Call::Promote { project: id, to },
        };
        match self.api.post(&call, &json!({})).await {
            Ok(reply) if reply.status == QUEUED => Outcome::Unknown { why: queued(wanted) },
            Ok(_accepted) => self.until_done(wanted, project).await,
            Err(trouble) => trouble.of_write(),
        }
    }

    /// The project, if nothing stands in the way: production is where the plan found it, and nobody is moving it.
    async fn ready(&self, wanted: &Move<'_>) -> Result<Project, Outcome> {
        let (project, rolling) = tokio::join!(self.api.project(), self.rolling(wanted.kind));
        let project = project.map_err(|trouble| trouble.of_read())?;
        if let Some(other) = project.under_way() {
            return Err(later(format!("{other} is under way: it is waited for")));
        }
        if !project.serves(wanted.from) {
            let why = format!("{} is live meanwhile: plan again", project.live());
            return Err(Outcome::Never { why });
        }
        if rolling? {
            return Err(Outcome::Never { why: ROLLING.into() });
        }
        Ok(project)
    }

    /// Whether a rolling release would hold this up. It is asked only for a promotion, which would wait behind it.
    async fn rolling(&self, kind: Kind) -> Result<bool, Outcome> {
        if kind == Kind::Rollback {
            return Ok(false);
        }
        let release = self.api.rolling_release().await;
        release.map(|release| release.is_some()).map_err(|trouble| trouble.of_read())
    }

    async fn until_done(&self, wanted: &Move<'_>, project: Project) -> Outcome {
        let before = Before { date: project.date, request: project.last_alias_request };
        let asked = Asked { wanted, before: Some(before) };
        let limits = Limits { all: self.patience.request, unseen: self.patience.request };
        match self.api.follow(&asked, &limits).await {
            Ok((Fate::Succeeded, _)) => Outcome::Done(changed(wanted)),
            // It is live all the same: whoever did not follow is named when this is verified.
            Ok((Fate::Failed, seen)) if seen.serves(wanted.to) => Outcome::Done(changed(wanted)),
            Ok((Fate::Failed, seen)) => self.failed(wanted, &seen).await,
            Ok((Fate::Skipped, seen)) => Outcome::Never {
                why: format!(
                    "the hosting provider skipped the {}: {} is live; plan again",
                    wanted.kind.says(),
                    seen.live()
                ),
            },
            Ok((Fate::Running | Fate::Unseen, seen)) => Outcome::Unknown {
                why: format!(
                    "the {} was accepted but is not done: {} is live",
                    wanted.kind.says(),
                    seen.live()
                ),
            },
            Err(trouble) => Outcome::Unknown { why: trouble.says() },
        }
    }

    async fn failed(&self, wanted: &Move<'_>, project: &Project) -> Outcome {
        let unmoved = match self.api.unmoved(&project.id, wanted).await {
            Ok(names) if names.is_empty() => "no name is reported as not moved".into(),
            Ok(names) => format!("not moved: {}", names.join(", ")),
            Err(trouble) => trouble.says(),
        };
        let why = format!(
            "the {} failed at the hosting provider: {} is live; {unmoved}",
            wanted.kind.says(),
            project.live()
        );
        Outcome::Never { why }
    }
}

/// What stands in the way of a promotion.
pub(super) const ROLLING: &str = "a rolling release is under way: complete or abort it at the hosting provider, then plan \
     again";

/// A promotion that the provider keeps for later: it may still happen, so it is no failure either.
pub(super) fn queued(wanted: &Move<'_>) -> String {
    format!(
        "the promotion of {} is queued behind a rolling release: complete that release, and it goes live",
        wanted.to
    )
}

fn changed(wanted: &Move<'_>) -> Finding {
    let Move { kind, from, to } = wanted;
    let change = |target: &str, before: String, after: String| Change {
        target: target.into(),
        before,
        after,
    };
    let (before, after) = match kind {
        Kind::Rollback => ("on", "off: new deployments do not go live"),
        Kind::Promote => ("off after a rollback", "on: new deployments go live"),
    };
    let mut changes =
        vec![change("assignment of the production domains", before.into(), after.into())];
    if from != to {
        changes.insert(0, change("production", from.to_string(), to.to_string()));
    }
    Finding::Changed { by: BY.into(), changes }
}
