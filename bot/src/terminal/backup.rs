//! `allclear backup`: what only looks is answered from the manifests; making, proving and restoring happen here, where
//! the keys are.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use functions::backup::{
    Connection, Identities, Job, Recipients, Restore, Scratch, Shelf, Signer, Tools, create,
    restore, verify,
};
use serde_json::json;
use shared::backup::{Level, Manifest};
use shared::grammar::{BackupVerb, RestoreVerb, Which};

use super::Answer;
use super::paint::count;
use crate::backups::{catalogue, chosen, looked, place, signing_key, size};
use crate::serve::setting;
use crate::settings::Settings;

/// Where the signing key is, where nobody says.
const DEFAULT_KEY: &str = "allclear-backup.key";

/// Does what a verb says. A check that finds something wrong ends like a failed command.
pub fn run(verb: &BackupVerb, settings: &Settings, out: &mut dyn Write) -> Result<ExitCode> {
    let (answer, good) = match verb {
        BackupVerb::List
        | BackupVerb::Status
        | BackupVerb::Recipe(_)
        | BackupVerb::Restore(RestoreVerb::Plan(_)) => {
            (looked(verb, &settings.plan, settings.now())?, true)
        }
        BackupVerb::Create { what } => (make(what, settings)?, true),
        BackupVerb::Verify { which, level } => prove(which, *level, settings)?,
        BackupVerb::Restore(RestoreVerb::Run { which, into }) => bring_back(which, into, settings)?,
    };
    if settings.json {
        writeln!(out, "{:#}", answer.json)?;
    } else {
        out.write_all(answer.text.as_bytes())?;
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

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

fn make(what: &str, settings: &Settings) -> Result<Answer> {
    if what != "database" {
        bail!("of `{what}` this version makes no backups yet: it makes those of the database");
    }
    let store = place(&settings.plan)?;
    let recipients = Recipients::parse(&store.recipients)?;
    let url = wanted(
        "ALLCLEAR_DATABASE_URL",
        "the database's URL, postgres://user:password@host:5432/postgres",
    )?;
    let (source, tools, shelf, signer) =
        (Connection::parse(&url)?, tools(), Shelf::open(&store.place)?, signer()?);
    let clock = functions::clock::now;
    let manifest = create(Job {
        what,
        source: &source,
        tools: &tools,
        shelf: &shelf,
        recipients: &recipients,
        signer: &signer,
        clock,
    })?;
    let key = signer.name();
    let unknown = !store.signers.iter().any(|known| known.eq_ignore_ascii_case(&key));
    let hint = if unknown {
        format!("Elsewhere it counts once {key} is in `signers` of [backup_store].\n")
    } else {
        String::new()
    };
    let text = format!(
        "{}Proven so far: L0, it exists. Next: allclear backup verify {}\n{hint}",
        made(&manifest),
        manifest.id
    );
    Ok(Answer { text, json: json!(manifest) })
}

fn made(manifest: &Manifest) -> String {
    format!(
        "Backup {}: {} of {}, {} stored, in {}.\n",
        manifest.id,
        count(manifest.census.rows() as usize, "row"),
        count(manifest.census.tables.len(), "table"),
        size(manifest.stored_bytes()),
        manifest.made_at.since(manifest.snapshot_at),
    )
}

fn prove(which: &Which, level: Level, settings: &Settings) -> Result<(Answer, bool)> {
    let store = place(&settings.plan)?;
    let shelf = Shelf::open(&store.place)?;
    let all = catalogue(&settings.plan)?;
    let (manifest, tools, signer) = (&chosen(&all, which)?.manifest, tools(), signer()?);
    let clock = functions::clock::now;
    let check = if level >= Level::L2 {
        let (server, identities) = scratch()?;
        let scratch = Scratch { server: &server, identities: &identities, tools: &tools };
        verify(manifest, level, &shelf, Some(scratch), &signer, clock)?
    } else {
        verify(manifest, level, &shelf, None, &signer, clock)?
    };
    let said = if check.passed() {
        format!(
            "✓ {} {}: {}, {} read in {}\n",
            check.level,
            check.level.says(),
            check.backup,
            size(check.bytes),
            check.took
        )
    } else {
        format!("✗ {} FAILED for {}: {}\n", check.level, check.backup, check.faults_say())
    };
    Ok((Answer { text: said, json: json!(check) }, check.passed()))
}

/// Where may be restored, and with which key.
fn scratch() -> Result<(Connection, Identities)> {
    let url = wanted(
        "ALLCLEAR_SCRATCH_URL",
        "a server on which databases may be made, never the live one",
    )?;
    let key = wanted("ALLCLEAR_AGE_IDENTITY", "the file with an age identity that opens backups")?;
    Ok((Connection::parse(&url)?, Identities::read(Path::new(&key))?))
}

fn bring_back(which: &Which, into: &str, settings: &Settings) -> Result<(Answer, bool)> {
    let all = catalogue(&settings.plan)?;
    let (manifest, tools) = (&chosen(&all, which)?.manifest, tools());
    let shelf = Shelf::open(&place(&settings.plan)?.place)?;
    let (server, identities) = scratch()?;
    let target = server.to(into);
    let clock = functions::clock::now;
    let order = Restore {
        manifest,
        shelf: &shelf,
        identities: &identities,
        tools: &tools,
        target: &target,
        clock,
    };
    let done = restore(order)?;
    let same = done.differences.is_empty();
    let text = if same {
        format!(
            "✓ {} is restored into {target} in {}: rows, policies, grants and extensions are equal.\n",
            manifest.id, done.took
        )
    } else {
        format!(
            "✗ {} is restored into {target}, but differs:\n  {}\n",
            manifest.id,
            done.differences.join("\n  ")
        )
    };
    let json = json!({"id": manifest.id, "into": target.to_string(), "took_ms": done.took, "differences": done.differences});
    Ok((Answer { text, json }, same))
}

/// What `doctor` says about backups.
pub fn doctor(settings: &Settings) -> Vec<(&'static str, String)> {
    let Some(store) = &settings.plan.backup_store else {
        return vec![(
            "missing",
            "backups of our own: [backup_store] in the plan is not filled in".into(),
        )];
    };
    let mut lines = vec![];
    let mut said = |result: Result<String, functions::backup::Failure>| match result {
        Ok(says) => lines.push(("backups", says)),
        Err(why) => lines.push(("missing", format!("backups: {why}"))),
    };
    let tools = tools();
    said(tools.version("pg_dump").map(|version| format!("pg_dump {version}")));
    said(Recipients::parse(&store.recipients).map(|all| count(all.names().len(), "recipient")));
    said(
        Shelf::open(&store.place)
            .and_then(|shelf| shelf.is_writable())
            .map(|()| format!("{} can be written to", store.place)),
    );
    match catalogue(&settings.plan) {
        Ok(all) => {
            let meter = shared::backup::Meter::read(&settings.plan, &all, settings.now());
            lines.extend(meter.alarms().into_iter().map(|alarm| ("ALARM", alarm)));
        }
        Err(why) => lines.push(("unknown", format!("how old the newest backup is: {why:#}"))),
    }
    lines
}
