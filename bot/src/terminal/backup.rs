//! `allclear backup`: what only looks is answered from the manifests; making, proving and restoring happen here, where
//! the keys are.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use functions::backup::{Recipients, Shelf};
use serde_json::json;
use shared::backup::{Level, Manifest};
use shared::grammar::{BackupVerb, RestoreVerb, Which};
use shared::safety::BackupEvent;

use super::paint::count;
use super::{Answer, go_back, prune, restore};
use crate::backups::{catalogue, chosen, holds, looked, place, size};
use crate::making::{self, tools};
use crate::serve::setting;
use crate::settings::Settings;

/// Does what a verb says. A check that finds something wrong ends like a failed command.
pub fn run(verb: &BackupVerb, settings: &Settings, out: &mut dyn Write) -> Result<ExitCode> {
    let (answer, good) = match verb {
        BackupVerb::List
        | BackupVerb::Status
        | BackupVerb::Pitr
        | BackupVerb::Recipe(_)
        | BackupVerb::Restore(RestoreVerb::Plan(_)) => {
            (looked(verb, &settings.plan, settings.now())?, true)
        }
        BackupVerb::Create { what } => (make(what, settings)?, true),
        BackupVerb::Verify { which, level } => prove(which, *level, settings)?,
        BackupVerb::Prune { hash } => (prune::run(hash.as_deref(), settings)?, true),
        BackupVerb::Restore(RestoreVerb::Run { which, into, unproven }) => {
            restore::run(which, into, *unproven, settings)?
        }
        BackupVerb::Restore(RestoreVerb::Pitr { moment, no_backup }) => {
            go_back::run(*moment, *no_backup, settings)?
        }
        BackupVerb::Restore(RestoreVerb::Approve { hash }) => restore::approve(hash, settings)?,
    };
    if settings.json {
        writeln!(out, "{:#}", answer.json)?;
    } else {
        out.write_all(answer.text.as_bytes())?;
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn make(what: &str, settings: &Settings) -> Result<Answer> {
    let (manifest, key) = making::make(what, &settings.plan)?;
    note(settings, vec![BackupEvent::Made { backup: manifest.id.clone() }])?;
    let store = place(&settings.plan)?;
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

/// Puts it on record in the safety journal, under the name of whoever speaks.
pub(super) fn note(settings: &Settings, events: Vec<BackupEvent>) -> Result<()> {
    let by = settings.person.as_ref().map_or("terminal", |person| person.as_str());
    let now = settings.now();
    let mut engine = settings.engine()?;
    engine
        .batch(now, |engine| engine.note_backups(events, by, "backup", now))
        .context("it is done, but the journal can't be written")
}

fn made(manifest: &Manifest) -> String {
    let holds = if manifest.is_files() {
        holds(manifest)
    } else {
        format!("{} of {}", holds(manifest), count(manifest.census.tables.len(), "table"))
    };
    let lacks = manifest.lacks.iter().map(|one| format!("  Not in it: {one}\n"));
    format!(
        "Backup {}: {holds}, {} stored, in {}.\n{}",
        manifest.id,
        size(manifest.stored_bytes()),
        manifest.made_at.since(manifest.snapshot_at),
        lacks.collect::<String>(),
    )
}

fn prove(which: &Which, level: Level, settings: &Settings) -> Result<(Answer, bool)> {
    let all = catalogue(&settings.plan)?;
    let check = making::prove(&chosen(&all, which)?.manifest, level, &settings.plan)?;
    note(settings, vec![making::noted(&check)])?;
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
        Shelf::open(&store.place, setting)
            .and_then(|shelf| shelf.ready())
            .map(|says| format!("{}: {says}", store.place)),
    );
    match catalogue(&settings.plan) {
        Ok(all) => {
            let meter = shared::backup::Meter::read(&settings.plan, &all, settings.now());
            lines.extend(meter.alarms().into_iter().map(|alarm| ("ALARM", alarm)));
            if let Ok(standing) = settings.standing() {
                let gone = standing.backups.vanished(&all);
                lines.extend(gone.map(|id| {
                    (
                        "ALARM",
                        format!(
                            "{id} was whole once and is not any more, and nobody here deleted it"
                        ),
                    )
                }));
            }
        }
        Err(why) => lines.push(("unknown", format!("how old the newest backup is: {why:#}"))),
    }
    if let Ok(standing) = settings.standing() {
        let backups = &standing.backups;
        lines.extend(backups.failing.iter().map(|(what, (since, why))| {
            ("ALARM", format!("the backup of the {what} fails since {since}: {why}"))
        }));
        let unproven = backups.unproven(&settings.plan, settings.now());
        lines.push(unproven.map_or_else(
            || ("armed", "restore".to_owned()),
            |why| {
                ("disarmed", format!("restore: {why}; `allclear backup verify --level L2` is one"))
            },
        ));
    }
    lines
}
