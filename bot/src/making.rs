//! Making and proving backups with this machine's keys: for whoever types it, and for the server when it is due.

use std::path::Path;

use anyhow::{Context, Result, bail};
use functions::backup::{
    Connection, Identities, Job, Recipients, Scratch, Shelf, Signer, Tools, create, verify,
};
use functions::clock;
use shared::backup::{Check, Level, Manifest};
use shared::plan::Plan;
use shared::safety::BackupEvent;

use crate::backups::{place, signing_key};
use crate::serve::setting;

/// What this version makes backups of, as the plan calls it.
pub const KINDS: [&str; 1] = ["database"];
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
    if !KINDS.contains(&what) {
        bail!("of `{what}` this version makes no backups yet: it makes those of the database");
    }
    let store = place(plan)?;
    let recipients = Recipients::parse(&store.recipients)?;
    let url = wanted(
        "ALLCLEAR_DATABASE_URL",
        "the database's URL, postgres://user:password@host:5432/postgres",
    )?;
    let (source, tools, shelf, signer) =
        (Connection::parse(&url)?, tools(), Shelf::open(&store.place, setting)?, signer()?);
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
    let (server, identities) = scratch()?;
    let scratch = Scratch { server: &server, identities: &identities, tools: &tools };
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

/// Where may be restored, and with which key.
pub fn scratch() -> Result<(Connection, Identities)> {
    let url = wanted(
        "ALLCLEAR_SCRATCH_URL",
        "a server on which databases may be made, never the live one",
    )?;
    let key = wanted("ALLCLEAR_AGE_IDENTITY", "the file with an age identity that opens backups")?;
    Ok((Connection::parse(&url)?, Identities::read(Path::new(&key))?))
}
