//! The one-process server: every route, the desk, the outbox and the prober over an embedded store, wired in one place.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use serde_json::Value;
use shared::engine::Engine;
use shared::plan::Plan;
use shared::store::StoreError;
use shared::town::Script;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::clock::{self, Clock};
use crate::desk::{self, Desk, Opened};
use crate::door::{Door, Secrets};
use crate::http::{self, NoClient, Roots};
use crate::outbox::{self, Outbox};
use crate::perform::{KillSwitch, Perform};
use crate::prober::{self, Eye, Prober};
use crate::routes::{Reception, Vitals, signs_of_life, webhooks};
use crate::store::{DELIVERIES_KEPT, ServerLock, SqliteStore};
use crate::vendors::lookout::Lookout;
use crate::vendors::town::LiveTown;

/// Where the server listens unless it is told otherwise: on this machine only.
pub const LISTEN: &str = "127.0.0.1:8333";

/// How often, and how many times, it is asked whether the desk has closed.
const CLOSE_POLL: Duration = Duration::from_millis(20);
const CLOSE_POLLS: u32 = 250;

/// How often old deliveries are forgotten.
const FORGET_EVERY: Duration = Duration::from_hours(6);

/// What the server is told by its main.
pub struct Config {
    /// The store's file.
    pub store: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The plan, read and right.
    pub plan: Arc<Plan>,
    /// What the webhooks' senders know.
    pub secrets: Secrets,
    /// Whether this process probes the components.
    pub probes: bool,
    /// Whom it trusts besides the built-in roots.
    pub roots: Roots,
}

/// Why the server did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Somebody else listens there.
    #[error("failed to listen on {0}: {1}; give another address with --listen")]
    Listen(SocketAddr, io::Error),
    /// The store, or its lock, can't be had.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no HTTP client.
    #[error(transparent)]
    Client(#[from] NoClient),
    /// A thread or a socket broke.
    #[error("failed to serve: {0}")]
    Broken(#[from] io::Error),
}

/// A server that holds its port, its lock and its store, and does not answer yet.
pub struct Server {
    store: PathBuf,
    listener: TcpListener,
    reception: Reception,
    vitals: Vitals,
    more: Router,
    opened: Opened,
    switch: KillSwitch,
    lookout: Lookout,
    prober: Option<Prober>,
    _lock: ServerLock,
}

/// Serves in front of the simulated town, on the real clock: vendors, monitors and people are simulated, nothing real
/// is touched. The plan must be a [`shared::town::rehearsal_plan`].
pub async fn rehearse(
    config: Config,
    script: Script,
    seed: u64,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let town = LiveTown::new(Arc::clone(&config.plan), script, seed, clock::now);
    let server = Server::open(Config { probes: false, ..config }).await?;
    let mut living = JoinSet::new();
    living.spawn(town.clone().live(server.desk()));
    let shutdown = async move {
        shutdown.await;
        living.shutdown().await;
    };
    server.run(town, shutdown).await
}

impl Server {
    /// Takes the port, the lock and the store, in this order, and opens the desk.
    pub async fn open(config: Config) -> Result<Self, ServeError> {
        let Config { store, listen, plan, secrets, probes, roots } = config;
        let taken = |error| ServeError::Listen(listen, error);
        let listener = TcpListener::bind(listen).await.map_err(taken)?;
        let lock = ServerLock::take(&store)?;
        let switch = KillSwitch::beside(&store);
        let clock: Clock = clock::now;
        let engine = Engine::open(Arc::clone(&plan), SqliteStore::open(&store)?, clock())?;
        let opened = desk::open(engine, clock)?;
        let http = http::client(&roots)?;
        let desk = opened.desk.clone();
        let vantage = prober::own_vantage(&plan).filter(|_| probes);
        let eye = |vantage| Eye { plan: Arc::clone(&plan), http: http.clone(), clock, vantage };
        let prober = vantage.map(|vantage| Prober { eye: eye(vantage), desk: desk.clone() });
        let door = Door::new(secrets, http.clone());
        let deliveries = Box::new(desk.clone());
        let reception = Reception { plan: Arc::clone(&plan), deliveries, door, clock };
        let vitals = Vitals { desk, switch: switch.clone(), beside: Vec::new() };
        let lookout = Lookout { plan, http, roots, clock };
        Ok(Self {
            store,
            listener,
            reception,
            vitals,
            more: Router::new(),
            opened,
            switch,
            lookout,
            prober,
            _lock: lock,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What looks at the world without credentials.
    pub fn lookout(&self) -> Lookout {
        self.lookout.clone()
    }

    /// The way to the desk, for other faces in this process.
    pub fn desk(&self) -> Desk {
        self.opened.desk.clone()
    }

    /// Answers these routes, too.
    #[must_use]
    pub fn with_routes(self, routes: Router) -> Self {
        Self { more: self.more.merge(routes), ..self }
    }

    /// Shows these fields in `/health`, too.
    #[must_use]
    pub fn with_status(mut self, says: impl Fn() -> Value + Send + Sync + 'static) -> Self {
        self.vitals.beside.push(Box::new(says));
        self
    }

    /// Serves until `shutdown`; then what is under way is left to be owed again, and the desk is closed.
    pub async fn run<P: Perform>(
        self,
        performer: P,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        let Opened { desk, lanes, thread } = self.opened;
        let mut background = JoinSet::new();
        background.spawn(outbox::run(Outbox { desk, performer, switch: self.switch }, lanes));
        if let Some(prober) = self.prober {
            background.spawn(prober::run(prober));
        }
        background.spawn(forget_deliveries(self.store));
        tracing::info!(address = %self.listener.local_addr()?, "serving");
        let router = webhooks(Arc::new(self.reception));
        let router = router.merge(signs_of_life(self.vitals)).merge(self.more);
        axum::serve(self.listener, router).with_graceful_shutdown(shutdown).await?;
        background.shutdown().await;
        // With its last caller gone the desk ends; what it answered is on disk, so that nobody must wait for long.
        for _ in 0..CLOSE_POLLS {
            if thread.is_finished() {
                break;
            }
            sleep(CLOSE_POLL).await;
        }
        Ok(())
    }
}

/// Keeps raw deliveries only as long as they are worth keeping.
async fn forget_deliveries(store: PathBuf) {
    loop {
        let before = clock::now() - DELIVERIES_KEPT;
        let forgotten = SqliteStore::open(&store).and_then(|mut it| it.forget_deliveries(before));
        match forgotten {
            Ok(count) => tracing::info!(count, "old deliveries forgotten"),
            Err(error) => tracing::warn!(%error, "failed to forget old deliveries"),
        }
        sleep(FORGET_EVERY).await;
    }
}
