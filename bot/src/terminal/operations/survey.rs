//! Looking before planning, with this terminal's own credentials: no server is needed for it.

use anyhow::{Result, bail};
use functions::http;
use functions::perform::{Hold, Perform};
use functions::vendors::dispatch::Dispatch;
use functions::vendors::lookout::Lookout;
use shared::effect::{Aim, Effect, Finding, Look, Outcome, Survey};
use shared::id::EffectKey;
use shared::operation::OPERATIONS_STREAM;

use crate::serve::{extra_roots, setting};
use crate::settings::Settings;

/// Every vendor that this terminal has the credentials of.
pub fn vendors(settings: &Settings) -> Result<Dispatch> {
    let roots = extra_roots()?;
    let http = http::client(&roots)?;
    let plan = settings.plan.clone();
    let lookout = Lookout { plan, http, roots, clock: functions::clock::now };
    Ok(Dispatch::from_environment(lookout, setting))
}

/// What a plan for this aim depends on, right now.
pub fn survey(settings: &Settings, aim: Aim) -> Result<Survey> {
    let vendors = vendors(settings)?;
    let key = EffectKey { stream: OPERATIONS_STREAM.into(), turn: 0, position: 0 };
    let look = Effect::Look(Look::Survey(aim));
    let seen = runtime()?.block_on(vendors.perform(&key, &look, &Hold::Free));
    match seen {
        Outcome::Done(Finding::Surveyed(survey)) => Ok(survey),
        Outcome::Never { why } | Outcome::Later { why, .. } | Outcome::Unknown { why } => {
            bail!("nothing can be planned: {why}")
        }
        Outcome::Done(_) => bail!("nothing can be planned: the answer is of another kind"),
    }
}

/// A runtime for one command.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
