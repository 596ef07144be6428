//! Whether a move whose reply was lost took place. It never asks for it again.

use shared::effect::{Finding, Outcome};
use shared::id::EffectKey;

use super::act::queued;
use super::answer::later;
use super::follow::{Asked, Fate, Limits};
use super::project::Project;
use super::{Kind, Move, Vercel};

impl Vercel {
    /// Reads back: by the last request, by what is live, and by the operation's key in a rollback's description.
    pub(super) async fn read_back(&self, operation: &EffectKey, wanted: &Move<'_>) -> Outcome {
        let asked = Asked { wanted, before: None };
        let limits = Limits { all: self.patience.request, unseen: self.patience.unseen };
        match self.api.follow(&asked, &limits).await {
            Ok((Fate::Succeeded, _)) => applied(true),
            Ok((Fate::Failed | Fate::Skipped, seen)) => {
                applied(wanted.from != wanted.to && seen.serves(wanted.to))
            }
            Ok((Fate::Running, seen)) => later(format!(
                "the {} is not done yet: {} is live",
                wanted.kind.says(),
                seen.live()
            )),
            Ok((Fate::Unseen, seen)) => self.unseen(operation, wanted, &seen).await,
            Err(trouble) => trouble.of_read(),
        }
    }

    /// The last request is not ours. It may have been overwritten by another, or ours was never made.
    async fn unseen(&self, operation: &EffectKey, wanted: &Move<'_>, project: &Project) -> Outcome {
        let named = project.rollback_reason() == Some(operation.to_string().as_str());
        let there = wanted.from != wanted.to && project.serves(wanted.to);
        if there || (wanted.kind == Kind::Rollback && named) {
            return applied(true);
        }
        if !project.serves(wanted.from) {
            let why = format!("it cannot be told: {} is live meanwhile", project.live());
            return Outcome::Never { why };
        }
        if wanted.kind == Kind::Rollback {
            return applied(false);
        }
        match self.api.rolling_release().await {
            Ok(Some(release)) if release.queued_deployment_id.as_ref() == Some(wanted.to) => {
                Outcome::Never { why: queued(wanted) }
            }
            Ok(_) => applied(false),
            Err(trouble) => trouble.of_read(),
        }
    }
}

fn applied(applied: bool) -> Outcome {
    Outcome::Done(Finding::ReadBack { applied })
}
