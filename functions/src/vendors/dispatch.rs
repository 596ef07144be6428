//! Which vendor performs which effect. Adding a vendor means adding a line here.

use shared::effect::{Effect, Look, Outcome};
use shared::id::EffectKey;

use super::dry::Dry;
use super::lookout::Lookout;
use crate::perform::{Hold, Perform};

/// Routes each effect to its vendor; what has no configured vendor goes to dry-run.
pub struct Dispatch {
    /// Looks.
    pub lookout: Lookout,
}

impl Dispatch {
    /// Every vendor whose credentials are set. `read` gives a setting of the environment by its name.
    pub fn from_environment(lookout: Lookout, read: impl Fn(&str) -> Option<String>) -> Self {
        let _vendors_follow = read;
        Self { lookout }
    }
}

impl Perform for Dispatch {
    async fn perform(&self, key: &EffectKey, effect: &Effect, hold: &Hold) -> Outcome {
        match effect {
            // Whatever was begun here was begun in dry-run: only dry-run can say what became of it.
            Effect::Look(look) if !matches!(look, Look::ReadBack { .. }) => {
                self.lookout.perform(key, effect, hold).await
            }
            Effect::Page(_)
            | Effect::Look(_)
            | Effect::Act(_)
            | Effect::Purge(_)
            | Effect::Tell(_)
            | Effect::Report
            | Effect::WakeAt { .. } => Dry.perform(key, effect, hold).await,
        }
    }
}
