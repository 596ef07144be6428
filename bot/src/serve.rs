//! `allclear serve`: reads the secrets, starts the log, and runs the one-process server until it is told to stop.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use functions::door;
use functions::http::Roots;
use functions::server::{Config, rehearse, serve};
use shared::town::{Scenario, Script, rehearsal_plan};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::grammar::ServeArgs;
use crate::settings::Settings;

/// Serves until SIGINT or SIGTERM.
pub fn run(args: &ServeArgs, settings: &Settings) -> Result<ExitCode> {
    let filter = EnvFilter::builder().with_default_directive(tracing::Level::INFO.into());
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(filter.from_env()?)
        .init();
    let rehearsed = args.rehearse.as_deref().map(str::parse::<Scenario>).transpose();
    let rehearsed = rehearsed.map_err(anyhow::Error::msg)?;
    let plan = match rehearsed {
        Some(_) => Arc::new(rehearsal_plan(&settings.plan)),
        None => Arc::clone(&settings.plan),
    };
    let config = Config {
        store: settings.store.clone(),
        listen: args.listen,
        secrets: door::secrets(&plan.sources, setting)?,
        plan,
        probes: true,
        roots: extra_roots()?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = stop().context("failed to listen for signals")?;
        match rehearsed {
            Some(scenario) => rehearse(config, Script::of(scenario), args.seed, stop).await,
            None => serve(config, setting, stop).await,
        }
        .map_err(anyhow::Error::from)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The certificates named by `ALLCLEAR_EXTRA_ROOTS`, a PEM file, for private authorities.
pub(crate) fn extra_roots() -> Result<Roots> {
    let Some(path) = setting("ALLCLEAR_EXTRA_ROOTS") else { return Ok(Roots::default()) };
    let named = || format!("failed to read ALLCLEAR_EXTRA_ROOTS, {path}");
    let pem = std::fs::read(&path).with_context(named)?;
    Roots::read(&pem).map_err(anyhow::Error::msg).with_context(named)
}

/// A setting of the environment.
#[expect(clippy::disallowed_methods, reason = "the main reads the settings, once")]
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn stop() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
