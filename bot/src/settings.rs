//! What a command needs to know besides its words: the plan, the store, who speaks, how to paint.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use functions::clock;
use functions::http;
use functions::store::{Place, PlacedStore};
use shared::engine::Engine;
use shared::id::PersonId;
use shared::plan::{self, Date, Plan};
use shared::safety::Standing;
use shared::store::MemoryStore;
use shared::time::Ts;

use crate::grammar::{Cli, Colour};
use crate::serve::{extra_roots, setting};
use crate::terminal::paint::Brush;

/// Where a checkout keeps its plan.
const PLAN_IN_CHECKOUT: &str = "infra/plan.toml";
/// Columns, where the terminal doesn't say.
const DEFAULT_WIDTH: usize = 80;

/// What a command needs to know.
pub struct Settings {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Where it came from, as people name it.
    pub plan_name: String,
    /// The store's file.
    pub store: PathBuf,
    /// Who speaks, if they said so.
    pub person: Option<PersonId>,
    /// Whether to answer in JSON.
    pub json: bool,
    /// Whether to use colours.
    pub colours: bool,
    /// Columns of the terminal.
    pub width: usize,
}

impl Settings {
    /// Reads the plan and the terminal's properties.
    pub fn read(cli: &Cli, terminal: Terminal) -> Result<Self> {
        let (plan_name, text) = plan_text(cli.plan_file.as_deref())?;
        let plan = plan::read::read(&plan_name, &text).map_err(|mistakes| {
            let said: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            anyhow::anyhow!("the plan has mistakes\n{}", said.join("\n"))
        })?;
        let colours = match cli.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => terminal.is_terminal && !terminal.no_color,
        };
        Ok(Self {
            plan: Arc::new(plan),
            plan_name,
            store: cli.store.clone(),
            person: cli.person.as_deref().map(PersonId::from),
            json: cli.json,
            colours,
            width: terminal.width.unwrap_or(DEFAULT_WIDTH),
        })
    }

    /// Where the store is.
    pub fn place(&self) -> Place {
        Place::of(&self.store)
    }

    /// Opens the store and takes up what is in it.
    pub fn engine(&self) -> Result<Engine<PlacedStore>> {
        let store = self.place().open(client, setting)?;
        Ok(Engine::open(self.plan.clone(), store, self.now())?)
    }

    /// Opens the store to look only: a mistyped path is an error then, not an empty store in which all is clear.
    pub fn reader(&self) -> Result<Engine<PlacedStore>> {
        Ok(Engine::open(self.plan.clone(), self.read_only()?, self.now())?)
    }

    /// The store itself, to look only.
    pub fn read_only(&self) -> Result<PlacedStore> {
        Ok(self.place().open_read_only(client, setting)?)
    }

    /// What may act and what is owed; without a store yet, what the plan alone says.
    pub fn standing(&self) -> Result<Standing> {
        if self.place().exists() {
            return Ok(self.reader()?.standing().clone());
        }
        let empty = Engine::open(self.plan.clone(), MemoryStore::default(), self.now())?;
        Ok(empty.standing().clone())
    }

    /// The time; the one place where a command asks for it.
    pub fn now(&self) -> Ts {
        clock::now()
    }

    /// The day; plans count in UTC.
    pub fn today(&self) -> Date {
        let now = jiff::Timestamp::from_millisecond(self.now().0).unwrap_or_default();
        Date(now.to_zoned(jiff::tz::TimeZone::UTC).date())
    }

    /// How to paint for this terminal.
    pub fn brush(&self) -> Brush {
        Brush { width: self.width, colours: self.colours }
    }

    /// Who speaks; an error lists who could.
    pub fn speaker(&self) -> Result<PersonId> {
        let known = || {
            let ids: Vec<&str> = self.plan.people.iter().map(|one| one.id.as_str()).collect();
            ids.join(", ")
        };
        match &self.person {
            Some(person) if self.plan.person(person).is_some() => Ok(person.clone()),
            Some(person) => bail!("`{person}` is not in the plan: people are {}", known()),
            None => bail!("say who you are: --as PERSON or ALLCLEAR_PERSON, one of {}", known()),
        }
    }
}

/// What the main found out about the terminal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terminal {
    /// Whether stdout is one.
    pub is_terminal: bool,
    /// Whether `NO_COLOR` is set.
    pub no_color: bool,
    /// Its columns.
    pub width: Option<usize>,
}

/// A client of the store's own.
pub(crate) fn client() -> Result<reqwest::Client, String> {
    let roots = extra_roots().map_err(|error| format!("{error:#}"))?;
    http::client(&roots).map_err(|error| error.to_string())
}

fn plan_text(path: Option<&Path>) -> Result<(String, String)> {
    let checkout = Path::new(PLAN_IN_CHECKOUT);
    match path {
        Some(path) => read_file(path),
        None if checkout.exists() => read_file(checkout),
        None => Ok(("the built-in plan".into(), plan::built_in_text().into())),
    }
}

fn read_file(path: &Path) -> Result<(String, String)> {
    let name = path.display().to_string();
    let text =
        std::fs::read_to_string(path).with_context(|| format!("failed to read the plan {name}"))?;
    Ok((name, text))
}
