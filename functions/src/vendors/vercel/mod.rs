//! Vercel: what is deployed, pointing production at another deployment, and what became of it.
//!
//! Acceptance is never success here: a change is followed until the provider reports it for our own request, and a
//! success of somebody else's is not ours. There is deliberately no clock but the server's: windows of time come from
//! its `Date`. Nothing falls back to editing aliases one by one, for that would leave half a change behind.

mod act;
mod answer;
mod api;
mod deployments;
mod follow;
mod paths;
mod project;
mod purge;
mod read_back;
mod settings;
mod site;
mod survey;
mod verify;

use std::sync::Arc;
use std::time::Duration;

use shared::effect::{Act, Effect, Look, Outcome};
use shared::id::{DeploymentId, EffectKey};
use shared::plan::Plan;

use crate::perform::{Hold, Perform};
use api::{Api, Token};

/// Where Vercel's API is, unless `VERCEL_API_URL` says otherwise.
const API_URL: &str = "https://api.vercel.com";

/// The hosting provider. It has no `Debug`: it holds a token.
pub struct Vercel {
    api: Api,
    plan: Arc<Plan>,
    /// How long something is followed before we say that we don't know.
    pub patience: Patience,
}

/// How long changes are followed.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The provider's own work on a request: 180 s, as Vercel's command-line tool waits.
    pub request: Duration,
    /// A request that may have been lost on its way, before we say that it never arrived.
    pub unseen: Duration,
    /// The site and its caches, after the provider is done.
    pub site: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            request: Duration::from_mins(3),
            unseen: Duration::from_secs(5),
            site: Duration::from_mins(1),
        }
    }
}

impl Vercel {
    /// The provider as the environment has it: `VERCEL_TOKEN`, and where they differ from the usual `VERCEL_API_URL` and
    /// `VERCEL_TEAM_ID`. `None` without a token.
    pub fn from_environment(
        plan: Arc<Plan>,
        http: reqwest::Client,
        read: impl Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let set = |name| read(name).filter(|value: &String| !value.trim().is_empty());
        let token = Token::new(&set("VERCEL_TOKEN")?);
        let base = set("VERCEL_API_URL").unwrap_or_else(|| API_URL.into());
        let team = set("VERCEL_TEAM_ID").or_else(|| plan.hosting.team.clone());
        let project = plan.hosting.project.clone();
        let api = Api { base, token, team, project, http };
        Some(Self { api, plan, patience: Patience::default() })
    }
}

impl Perform for Vercel {
    async fn perform(&self, key: &EffectKey, effect: &Effect, hold: &Hold) -> Outcome {
        match effect {
            Effect::Look(Look::Deployments) => self.deployments().await,
            Effect::Look(Look::Survey(aim)) if aim.toward().is_none() => self.survey().await,
            Effect::Look(Look::ReadBack { operation, act }) => match Move::of(act) {
                Some(wanted) => self.read_back(operation, &wanted).await,
                None => not_ours(),
            },
            Effect::Look(Look::Verify(act)) => match Move::of(act) {
                Some(wanted) => self.verify(&wanted).await,
                None => not_ours(),
            },
            Effect::Act(act) => match Move::of(act) {
                Some(wanted) => self.act(key, &wanted, hold).await,
                None => not_ours(),
            },
            Effect::Purge(act) => self.purge(act).await,
            Effect::Look(_)
            | Effect::Page(_)
            | Effect::Tell(_)
            | Effect::Report
            | Effect::WakeAt { .. } => not_ours(),
        }
    }
}

fn not_ours() -> Outcome {
    Outcome::Never { why: "the hosting provider does not do this".into() }
}

/// The two ways in which production moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// To an earlier deployment; new ones do not go live until it is undone.
    Rollback,
    /// To any deployment; new ones go live again.
    Promote,
}

impl Kind {
    /// As Vercel writes it.
    fn as_str(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Promote => "promote",
        }
    }

    fn says(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Promote => "promotion",
        }
    }
}

/// Production moving from one deployment to another.
struct Move<'a> {
    kind: Kind,
    from: &'a DeploymentId,
    to: &'a DeploymentId,
}

impl<'a> Move<'a> {
    fn of(act: &'a Act) -> Option<Self> {
        match act {
            Act::RollBack { from, to } => Some(Self { kind: Kind::Rollback, from, to }),
            Act::Promote { from, to } => Some(Self { kind: Kind::Promote, from, to }),
            Act::FailOver | Act::FailBack | Act::Restart(_) => None,
        }
    }
}
