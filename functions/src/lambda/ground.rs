//! What every function stands on. It is built in init, whose processor time is not throttled, and from the environment
//! alone: no chain of credentials is searched, and nothing is asked that may be gone in a disaster.

use std::path::Path;
use std::sync::Arc;

use shared::engine::Engine;
use shared::plan::{self, Plan};
use shared::store::StoreError;

use crate::clock::{self, Clock};
use crate::desk::{self, Desk};
use crate::http::{self, NoClient, Roots};
use crate::store::dynamo::{DynamoStore, Table, snapshot};
use crate::vendors::aws::Aws;
use crate::vendors::lookout::Lookout;

use super::queues::Queues;
use super::secrets::Vault;

/// Reads a setting of the environment by its name.
pub type Read = fn(&str) -> Option<String>;

/// The plan that the artefact brings along.
const PLAN: &str = "plan.toml";

/// What every function stands on.
pub struct Ground {
    /// The plan, read and right.
    pub plan: Arc<Plan>,
    /// The shared client.
    pub http: reqwest::Client,
    /// Whom it trusts besides the built-in roots.
    pub roots: Roots,
    /// The time.
    pub clock: Clock,
    /// The Region this runs in.
    pub region: String,
    /// The log of commits, and what lies beside it.
    pub table: Table,
    /// The lanes.
    pub queues: Queues,
    /// The environment, and the secrets this function may read.
    pub vault: Arc<Vault>,
    /// Names this environment among those of its function.
    pub environment: String,
    read: Read,
}

/// Why a function can't start.
#[derive(Debug, thiserror::Error)]
pub enum NoGround {
    /// A setting is missing that the template gives.
    #[error("{0} is not set: deploy infra/template.yaml again")]
    Unset(&'static str),
    /// The plan in the artefact is wrong; it was not checked before it was deployed.
    #[error("the plan has mistakes: {0}")]
    Plan(String),
    /// A file of the artefact can't be read.
    #[error("failed to read {0}: {1}")]
    File(String, std::io::Error),
    /// There is no HTTP client.
    #[error(transparent)]
    Client(#[from] NoClient),
    /// Extra roots are no certificates.
    #[error("failed to read ALLCLEAR_EXTRA_ROOTS: {0}")]
    Roots(String),
    /// There is no thread for the desk.
    #[error("failed to open the desk: {0}")]
    Thread(std::io::Error),
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Ground {
    /// Reads the environment that the template describes.
    pub fn from_environment(read: Read) -> Result<Self, NoGround> {
        let set = |name: &'static str| {
            read(name).filter(|it| !it.is_empty()).ok_or(NoGround::Unset(name))
        };
        let root = read("LAMBDA_TASK_ROOT").unwrap_or_else(|| ".".into());
        let plan = Arc::new(plan_in(Path::new(&root))?);
        let roots = roots(read)?;
        let http = http::client(&roots)?;
        let region = set("AWS_REGION")?;
        let aws = Aws::from_environment(http.clone(), read)
            .ok_or(NoGround::Unset("AWS_ACCESS_KEY_ID"))?;
        let table = Table::new(aws.dynamodb(&region, http.clone()), set("ALLCLEAR_TABLE")?);
        let queues = Queues::new(aws.clone(), region.clone(), read);
        let vault = Arc::new(Vault::new(aws.clone(), region.clone(), read));
        let environment = read("AWS_LAMBDA_LOG_STREAM_NAME").unwrap_or_default();
        Ok(Self {
            plan,
            http,
            roots,
            clock: clock::now,
            region,
            table,
            queues,
            vault,
            environment,
            read,
        })
    }

    /// Writes a snapshot if the log has grown enough for one.
    pub async fn shorten(&self) -> Result<(), NoGround> {
        let table = self.own_table()?;
        let written =
            tokio::task::spawn_blocking(move || snapshot::write(&DynamoStore::open(table)?));
        let written = written.await.map_err(|broken| NoGround::Thread(broken.into()))??;
        if let Some(commit) = written {
            tracing::info!(commit, "a snapshot was written");
        }
        Ok(())
    }

    /// The table, by connections of their own: a connection belongs to the thread that opened it.
    fn own_table(&self) -> Result<Table, NoGround> {
        let http = http::client(&self.roots)?;
        let aws = Aws::from_environment(http.clone(), self.read)
            .ok_or(NoGround::Unset("AWS_ACCESS_KEY_ID"))?;
        Ok(Table::new(aws.dynamodb(&self.region, http), self.table.name.clone()))
    }

    /// A desk of its own over the table, which lets no time pass by itself. Its connections belong to its own thread.
    pub async fn desk(&self) -> Result<Desk, NoGround> {
        let (table, plan, clock) = (self.own_table()?, Arc::clone(&self.plan), self.clock);
        let opened = tokio::task::spawn_blocking(move || {
            let engine = Engine::open(plan, DynamoStore::open(table)?.behind_inbox(), clock())?;
            desk::open_still(engine, clock).map_err(NoGround::Thread)
        });
        opened.await.map_err(|broken| NoGround::Thread(broken.into()))?
    }

    /// What looks at the world without credentials.
    pub fn lookout(&self) -> Lookout {
        Lookout {
            plan: Arc::clone(&self.plan),
            http: self.http.clone(),
            roots: self.roots.clone(),
            clock: self.clock,
        }
    }
}

/// The plan beside the program; without one, the built-in one.
fn plan_in(root: &Path) -> Result<Plan, NoGround> {
    let path = root.join(PLAN);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => plan::built_in_text().into(),
        Err(error) => return Err(NoGround::File(path.display().to_string(), error)),
    };
    plan::read::read(PLAN, &text).map_err(|mistakes| {
        let said: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        NoGround::Plan(said.join("; "))
    })
}

fn roots(read: Read) -> Result<Roots, NoGround> {
    let Some(path) = read("ALLCLEAR_EXTRA_ROOTS") else { return Ok(Roots::default()) };
    let pem = std::fs::read(&path).map_err(|error| NoGround::File(path, error))?;
    Roots::read(&pem).map_err(NoGround::Roots)
}
