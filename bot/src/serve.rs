//! `allclear serve`: reads the secrets, starts the log, and runs the one-process server until it is told to stop.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use functions::dead_man;
use functions::door;
use functions::http::{self, NoClient, Roots};
use functions::phone_tests;
use functions::routes::callbacks::{self, Callbacks};
use functions::server::{Config, ServeError, Server, rehearse};
use functions::store::Place;
use functions::vendors::dispatch::Dispatch;
use functions::vendors::phone::{Phones, canary, poll};
use serde_json::json;
use shared::town::{Scenario, Script, rehearsal_plan};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tracing_subscriber::EnvFilter;

use crate::grammar::ServeArgs;
use crate::keeping::Keeping;
use crate::orders::AtDesk;
use crate::settings::Settings;
use crate::slack;
use crate::slack::access::Access;
use crate::slack::api::Api;
use crate::slack::face::Face;
use crate::slack::inbox::Inbox;
use crate::slack::socket::{Socket, keep_open};
use crate::slack::teller::Teller;

/// Seconds between two canaries; without it there are none.
const CANARY_EVERY: &str = "ALLCLEAR_CANARY_EVERY";

/// Serves until SIGINT or SIGTERM.
pub fn run(args: &ServeArgs, settings: &Settings) -> Result<ExitCode> {
    if let Place::Table(name) = settings.place() {
        bail!("the table {name} is served by the functions on AWS: give `serve` a file of its own");
    }
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
    let served = runtime.block_on(async {
        let stop = stop().context("failed to listen for signals")?;
        match rehearsed {
            Some(scenario) => rehearse(config, Script::of(scenario), args.seed, stop).await,
            None => serve(config, stop).await,
        }
        .map_err(anyhow::Error::from)
    });
    // A backup that is under way may take hours. Without its manifest it is none, and the next server makes another.
    runtime.shutdown_background();
    served.map(|()| ExitCode::SUCCESS)
}

/// Serves with every vendor that is configured, and in Slack where that is.
async fn serve(
    config: Config,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let store = config.store.clone();
    let server = Server::open(config).await?;
    let vendors = Dispatch::from_environment(server.lookout(), setting);
    let mut beside = JoinSet::new();
    let server = with_phones(server, vendors.phones.as_ref(), &mut beside);
    let server = with_dead_man(server, vendors.phones.as_ref(), &mut beside);
    let server = with_backups(server, &mut beside);
    let surveyor = Dispatch::from_environment(server.lookout(), setting);
    let counter = AtDesk { desk: server.desk(), vendors: Arc::new(surveyor) };
    let access = match Access::read(setting) {
        Ok(Some(access)) => access,
        Ok(None) => return server.run(vendors, ending(stop, beside)).await,
        Err(half) => {
            tracing::error!("{half}");
            let server = server.with_status(move || json!({"slack": half.to_string()}));
            return server.run(vendors, ending(stop, beside)).await;
        }
    };
    let (lookout, app_token) = (server.lookout(), access.app_token.clone());
    let app = app_token.map(|token| Api::new(lookout.http.clone(), &access.url, &token));
    let face = Arc::new(Face::new(access, &lookout, counter, &store));
    let inbox = Arc::new(Inbox::new(Arc::clone(&face)));
    beside.spawn(slack::canary::watch(Arc::clone(&face), vendors.phones.clone()));
    if let Some(api) = app {
        let tls = Arc::new(http::tls(&lookout.roots).map_err(NoClient::from)?);
        beside.spawn(keep_open(Socket { api, tls, inbox: Arc::clone(&inbox) }));
    }
    let shown = Arc::clone(&face);
    let server = server.with_status(move || shown.line.health());
    let (teller, stop) = (Teller::new(vendors, face), ending(stop, beside));
    server.with_routes(slack::routes::routes(inbox)).run(teller, stop).await
}

/// What lives beside the server ends before it does: the desk waits for everybody who holds it.
async fn ending(stop: impl Future<Output = ()>, mut beside: JoinSet<()>) {
    stop.await;
    beside.shutdown().await;
}

/// Answers what carriers ask, and asks those that are silent, as long as the server lives.
fn with_phones(server: Server, phones: Option<&Arc<Phones>>, beside: &mut JoinSet<()>) -> Server {
    let Some(phones) = phones else { return server };
    let (desk, lookout) = (server.desk(), server.lookout());
    phones.tell(desk.clone());
    beside.spawn(poll::run(Arc::clone(phones), desk.clone(), lookout.clock));
    beside.spawn(phone_tests::run(Arc::clone(&lookout.plan), desk.clone(), lookout.clock));
    if !phones.is_dry() {
        beside.spawn(phone_tests::review(Arc::clone(&lookout.plan), desk.clone(), lookout.clock));
    }
    let every = setting(CANARY_EVERY).and_then(|text| text.parse().ok());
    if let Some(seconds) = every {
        beside.spawn(canary::run(Arc::clone(phones), Duration::from_secs(seconds)));
    }
    let callbacks =
        Callbacks::from_environment(lookout.plan, desk, lookout.clock, Arc::clone(phones), setting);
    server.with_routes(callbacks::routes(callbacks))
}

/// Proves to the outside that pages get out, where somebody listens.
fn with_dead_man(server: Server, phones: Option<&Arc<Phones>>, beside: &mut JoinSet<()>) -> Server {
    let address = setting(dead_man::ADDRESS).filter(|it| !it.trim().is_empty());
    let lookout = server.lookout();
    let (Some(address), Some(phone)) = (address, &lookout.plan.phone) else {
        return server;
    };
    let canaries = phones.filter(|_| setting(CANARY_EVERY).is_some()).cloned();
    let (limits, desk, clock) = (phone.dead_man, server.desk(), lookout.clock);
    let switch = dead_man::Switch { limits, address, desk, canaries, http: lookout.http, clock };
    let told = dead_man::Told::default();
    beside.spawn(dead_man::run(switch, told.clone()));
    server.with_status(move || told.health())
}

/// Makes and proves backups when they are due, as long as the server lives.
fn with_backups(server: Server, beside: &mut JoinSet<()>) -> Server {
    let (desk, lookout) = (server.desk(), server.lookout());
    let Some(keeping) = Keeping::under(lookout.plan) else { return server };
    beside.spawn(Arc::clone(&keeping).run(desk, lookout.clock));
    server.with_status(move || keeping.health())
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
