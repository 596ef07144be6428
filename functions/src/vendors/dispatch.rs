//! Which vendor performs which effect. Adding a vendor means adding a line here.

use std::sync::Arc;

use shared::effect::{Act, Effect, Look, Outcome};
use shared::id::EffectKey;

use super::aws::Aws;
use super::dns::DnsHands;
use super::dry::Dry;
use super::lookout::Lookout;
use super::phone::Phones;
use super::vercel::Vercel;
use crate::perform::{Hold, Perform};

/// Routes each effect to its vendor; what has no configured vendor goes to dry-run.
pub struct Dispatch {
    /// Looks that need no credentials.
    pub lookout: Lookout,
    /// What moves our names.
    pub dns: Option<DnsHands>,
    /// What serves the application.
    pub hosting: Option<Vercel>,
    /// What wakes people.
    pub phones: Option<Arc<Phones>>,
}

/// Whose work an effect is.
enum Share {
    Dns,
    Hosting,
    Lookout,
    Phones,
    Nobody,
}

impl Dispatch {
    /// Every vendor whose credentials are set. `read` gives a setting of the environment by its name.
    pub fn from_environment(lookout: Lookout, read: impl Fn(&str) -> Option<String>) -> Self {
        let hosting = Vercel::from_environment(lookout.plan.clone(), lookout.http.clone(), &read);
        let aws = Aws::from_environment(lookout.http.clone(), &read);
        let servers = read("ALLCLEAR_NAME_SERVERS").unwrap_or_default();
        let dns = aws.map(|aws| DnsHands::new(&lookout, aws).asking(&servers));
        let phones = Phones::from_environment(&lookout, &read).map(Arc::new);
        Self { lookout, dns, hosting, phones }
    }
}

impl Perform for Dispatch {
    async fn perform(&self, key: &EffectKey, effect: &Effect, hold: &Hold) -> Outcome {
        match (share(effect), &self.dns, &self.hosting) {
            (Share::Dns, Some(dns), _) => dns.perform(key, effect, hold).await,
            (Share::Hosting, _, Some(hosting)) => hosting.perform(key, effect, hold).await,
            (Share::Lookout, ..) => self.lookout.perform(key, effect, hold).await,
            (Share::Dns, None, _) => without(key, effect, hold, "AWS_ACCESS_KEY_ID").await,
            (Share::Hosting, _, None) => without(key, effect, hold, "VERCEL_TOKEN").await,
            (Share::Phones, ..) => match &self.phones {
                Some(phones) => phones.perform(key, effect, hold).await,
                None => Dry.perform(key, effect, hold).await,
            },
            (Share::Nobody, ..) => Dry.perform(key, effect, hold).await,
        }
    }
}

fn share(effect: &Effect) -> Share {
    match effect {
        Effect::Look(Look::Survey(aim)) if aim.toward().is_some() => Share::Dns,
        Effect::Look(Look::Deployments | Look::Survey(_)) | Effect::Purge(_) => Share::Hosting,
        Effect::Act(act) | Effect::Look(Look::Verify(act) | Look::ReadBack { act, .. }) => {
            share_of(act)
        }
        Effect::Look(
            Look::VendorStatus(_)
            | Look::Dns
            | Look::Standby
            | Look::ControlSite
            | Look::CriticalPath,
        ) => Share::Lookout,
        Effect::Page(_) => Share::Phones,
        Effect::Tell(_) | Effect::Report | Effect::WakeAt { .. } => Share::Nobody,
    }
}

fn share_of(act: &Act) -> Share {
    match act {
        Act::FailOver | Act::FailBack => Share::Dns,
        Act::RollBack { .. } | Act::Promote { .. } => Share::Hosting,
        Act::Restart(_) => Share::Nobody,
    }
}

/// Without credentials a look says which setting is missing, and an action is rehearsed. Whatever was begun like this
/// was begun in dry-run: only dry-run can say what became of it.
async fn without(key: &EffectKey, effect: &Effect, hold: &Hold, setting: &str) -> Outcome {
    match effect {
        Effect::Look(Look::Deployments | Look::Survey(_) | Look::Verify(_)) => {
            Outcome::Never { why: format!("{setting} is not set") }
        }
        _ => Dry.perform(key, effect, hold).await,
    }
}
