//! Making and proving backups with this machine's keys: for whoever types it, and for the server when it is due.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use functions::backup::{
    CODE, CONFIGURATION, Collected, Connection, Filing, Identities, Job, Named, Recipients,
    Scratch, Shelf, Signer, Tools, beat, code, collect, create, file, last_beat, live, prints,
    verify,
};
use functions::vendors::vercel::Vercel;
use functions::{clock, http};
use shared::backup::{Catalogue, Check, Level, Manifest};
use shared::effect::Deployment;
use shared::plan::Plan;
use shared::safety::BackupEvent;
use shared::time::{Span, Ts};

use crate::backups::{place, signing_key};
use crate::serve::{extra_roots, setting};
use crate::terminal::operations::survey::runtime;

/// What this version makes backups of, as the plan calls it.
const KINDS: [&str; 3] = [DATABASE, CONFIGURATION, CODE];
/// What can change at any time, and is looked at so often for it.
pub const WATCHED: [(&str, Span); 2] = [(CONFIGURATION, Span::hours(1)), (CODE, Span::mins(5))];
const DATABASE: &str = "database";
/// Where the signing key is, where nobody says.
const DEFAULT_KEY: &str = "allclear-backup.key";

/// PostgreSQL's programs.
pub fn tools() -> Tools {
    Tools::find(setting("ALLCLEAR_PG_BIN").as_deref())
}

fn wanted(name: &str, what: &str) -> Result<String> {
    setting(name)
        .filter(|value| !value.is_empty())
        .with_context(|| format!("{name} is not set: {what}"))
}

fn signer() -> Result<Signer> {
    let path = signing_key().unwrap_or_else(|| DEFAULT_KEY.into());
    Ok(Signer::at(Path::new(&path))?)
}

/// Makes this machine's signing key where there is none yet: without one, nobody's backups would count here.
pub fn have_key() -> Result<()> {
    signer().map(drop)
}

/// Makes a backup, and answers with its manifest and the name of the key that signed it.
pub fn make(what: &str, plan: &Plan) -> Result<(Manifest, String)> {
    match what {
        DATABASE => make_database(what, plan),
        CONFIGURATION => file_away(CONFIGURATION, &collected(plan)?, plan),
        CODE => file_away(CODE, &live_code(plan)?.collect()?, plan),
        _ => bail!("of `{what}` this version makes no backups yet: it makes {}", KINDS.join(", ")),
    }
}

/// Of what the server makes backups by itself: of code only where the provider can be asked what is live.
pub fn kinds() -> Vec<&'static str> {
    let known =
        |what: &&str| *what != CODE || setting("VERCEL_TOKEN").is_some_and(|it| !it.is_empty());
    KINDS.into_iter().filter(known).collect()
}

/// Makes another backup of what is watched, if none of those that are kept holds what is there now.
pub fn renew(what: &str, all: &Catalogue, plan: &Plan) -> Result<Option<(Manifest, String)>> {
    let kept = |now: &BTreeMap<String, String>, entries: usize| {
        let mut kept = all.of(what).take(entries).map(|entry| &entry.manifest.census.definitions);
        kept.any(|then| now.iter().all(|(name, print)| then.get(name) == Some(print)))
    };
    if what == CODE {
        let live = live_code(plan)?;
        let told = Collected { files: vec![live.told.clone()], lacks: vec![] };
        // After a rollback an older backup holds what is live.
        if kept(&prints(&told).definitions, usize::MAX) {
            return Ok(None);
        }
        return file_away(CODE, &live.collect()?, plan).map(Some);
    }
    let collected = collected(plan)?;
    let now = prints(&collected).definitions;
    let same = kept(&now, 1)
        && all
            .of(what)
            .next()
            .is_some_and(|last| last.manifest.census.definitions.len() == now.len());
    if same { Ok(None) } else { file_away(what, &collected, plan).map(Some) }
}

fn collected(plan: &Plan) -> Result<Collected> {
    let http = http::client(&extra_roots()?)?;
    Ok(runtime()?.block_on(collect(plan, &http, setting))?)
}

/// The deployment that is live.
struct LiveCode {
    deployment: Deployment,
    told: Named,
}

fn live_code(plan: &Plan) -> Result<LiveCode> {
    let http = http::client(&extra_roots()?)?;
    let vercel = Vercel::from_environment(plan.clone().into(), http, setting)
        .context("VERCEL_TOKEN is not set: it tells what is live")?;
    let (deployment, told) = runtime()?.block_on(live(&vercel))?;
    Ok(LiveCode { deployment, told })
}

impl LiveCode {
    fn collect(self) -> Result<Collected> {
        let repository = setting("ALLCLEAR_CODE_REPOSITORY").filter(|it| !it.is_empty());
        Ok(code(&self.deployment, self.told, repository.as_deref())?)
    }
}

fn file_away(what: &str, collected: &Collected, plan: &Plan) -> Result<(Manifest, String)> {
    let (store, signer) = (place(plan)?, signer()?);
    let recipients = Recipients::parse(&store.recipients)?;
    let manifest = file(Filing {
        what,
        from: if what == CODE {
            "what is live"
        } else {
            "the plan, the zone and the providers' settings"
        },
        collected,
        shelf: &Shelf::open(&store.place, setting)?,
        recipients: &recipients,
        signer: &signer,
        clock: clock::now,
    })?;
    Ok((manifest, signer.name()))
}

fn source() -> Result<Connection> {
    let url = wanted(
        "ALLCLEAR_DATABASE_URL",
        "the database's URL, postgres://user:password@host:5432/postgres",
    )?;
    Ok(Connection::parse(&url)?)
}

/// Writes the heartbeat into the database.
pub fn heartbeat() -> Result<()> {
    Ok(beat(&source()?, &tools())?)
}

/// The newest heartbeat in the database.
pub fn newest_beat() -> Result<Option<Ts>> {
    Ok(last_beat(&source()?, &tools())?)
}

fn make_database(what: &str, plan: &Plan) -> Result<(Manifest, String)> {
    let store = place(plan)?;
    let recipients = Recipients::parse(&store.recipients)?;
    let (source, tools, shelf, signer) =
        (source()?, tools(), Shelf::open(&store.place, setting)?, signer()?);
    let manifest = create(Job {
        what,
        source: &source,
        tools: &tools,
        shelf: &shelf,
        recipients: &recipients,
        signer: &signer,
        clock: clock::now,
    })?;
    Ok((manifest, signer.name()))
}

/// Proves a backup up to a level.
pub fn prove(manifest: &Manifest, level: Level, plan: &Plan) -> Result<Check> {
    let shelf = Shelf::open(&place(plan)?.place, setting)?;
    let (tools, signer) = (tools(), signer()?);
    if level < Level::L2 {
        return Ok(verify(manifest, level, &shelf, None, &signer, clock::now)?);
    }
    let server = if manifest.is_files() { None } else { Some(scratch_server()?) };
    let identities = identities()?;
    let policy = plan.backups.iter().find(|policy| policy.what == manifest.id.what());
    let scratch = Scratch {
        server: server.as_ref(),
        identities: &identities,
        tools: &tools,
        questions: policy.map_or(&[], |policy| &policy.questions),
    };
    Ok(verify(manifest, level, &shelf, Some(scratch), &signer, clock::now)?)
}

/// A check as the journal keeps it.
pub fn noted(check: &Check) -> BackupEvent {
    if check.passed() {
        return BackupEvent::Proven { backup: check.backup.clone(), level: check.level };
    }
    let why = format!("{} is not {}: {}", check.backup, check.level, check.faults_say());
    BackupEvent::Failed { what: check.backup.what().into(), why: why.into() }
}

/// Where databases may be restored.
pub fn scratch_server() -> Result<Connection> {
    let url = wanted(
        "ALLCLEAR_SCRATCH_URL",
        "a server on which databases may be made, never the live one",
    )?;
    Ok(Connection::parse(&url)?)
}

/// What opens backups.
pub fn identities() -> Result<Identities> {
    let key = wanted("ALLCLEAR_AGE_IDENTITY", "the file with an age identity that opens backups")?;
    Ok(Identities::read(Path::new(&key))?)
}
