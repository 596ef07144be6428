//! `allclear backup prune`: shows what the plan no longer keeps, and deletes exactly what was shown.

use anyhow::{Result, bail};
use functions::backup::Shelf;
use serde_json::json;
use shared::backup::Prune;
use shared::safety::BackupEvent;

use super::Answer;
use super::backup::note;
use super::paint::count;
use crate::backups::{catalogue, place, size};
use crate::serve::setting;
use crate::settings::Settings;

/// Plans it, or carries the plan out that these digits name.
pub fn run(digits: Option<&str>, settings: &Settings) -> Result<Answer> {
    let plan = &settings.plan;
    let (all, standing) = (catalogue(plan)?, settings.standing()?);
    let prune = Prune::plan(&plan.backups, &all, standing.backups.vanished(&all), settings.now());
    let Some(digits) = digits else { return Ok(shown(&prune)) };
    if !prune.hash().is_named(digits) {
        bail!("{digits} is not what would be deleted now: `allclear backup prune` shows that");
    }
    let by = settings.speaker()?;
    let shelf = Shelf::open(&place(plan)?.place, setting)?;
    for one in &prune.backups {
        // On record before it is gone: what was deleted without a trace is what an intruder did.
        let because = format!("{}; asked for by {by}", one.because).into();
        note(settings, vec![BackupEvent::Deleted { backup: one.backup.clone(), because }])?;
        shelf.forget(&one.backup)?;
    }
    for stray in &prune.strays {
        note(settings, vec![BackupEvent::Swept { name: stray.name.as_str().into() }])?;
        shelf.sweep(stray)?;
    }
    let (backups, strays) = (prune.backups.len(), prune.strays.len());
    let text = format!("Deleted {} and {}.\n", count(backups, "backup"), count(strays, "stray"));
    Ok(Answer { text, json: json!({"deleted": backups, "swept": strays}) })
}

fn shown(prune: &Prune) -> Answer {
    let hash = prune.hash();
    let rows = prune.backups.iter().map(|one| format!("  {}: {}\n", one.backup, one.because));
    let strays = prune
        .strays
        .iter()
        .map(|one| format!("  {}: {}, {}\n", one.name, size(one.bytes), one.because));
    let rows: String = rows.chain(strays).collect();
    let text = if prune.is_empty() {
        "Nothing to delete: the plan keeps everything that is there.\n".into()
    } else {
        format!(
            "Would be deleted for ever\n{rows}Then say: allclear backup prune {}\n",
            hash.short()
        )
    };
    let backups: Vec<_> =
        prune.backups.iter().map(|one| json!({"id": one.backup, "because": one.because})).collect();
    let strays: Vec<_> = prune.strays.iter().map(|one| json!(one.name)).collect();
    Answer { text, json: json!({"backups": backups, "strays": strays, "hash": hash}) }
}
