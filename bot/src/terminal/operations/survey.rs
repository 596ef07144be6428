//! The vendors that this terminal has the credentials of: no server is needed to look at them.

use anyhow::Result;
use functions::http;
use functions::vendors::dispatch::Dispatch;
use functions::vendors::lookout::Lookout;

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

/// A runtime for one command.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
