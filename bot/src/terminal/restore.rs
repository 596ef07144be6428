//! `allclear backup restore run` and `approve`: into a new database only, by name, by as many people as the plan wants.

use anyhow::{Result, bail};
use functions::backup::{Restore, Shelf, restore};
use serde_json::json;
use shared::backup::{BackupId, restore_hash};
use shared::grammar::Which;
use shared::id::PersonId;
use shared::ledger::Hash;
use shared::safety::{BackupEvent, Standing};

use super::Answer;
use super::backup::note;
use crate::backups::{catalogue, chosen, place};
use crate::making::{scratch, tools};
use crate::serve::setting;
use crate::settings::Settings;

/// Restores a backup into a new database, once everybody who has to agrees.
pub fn run(
    which: &Which,
    into: &str,
    unproven: bool,
    settings: &Settings,
) -> Result<(Answer, bool)> {
    let by = settings.speaker()?;
    let all = catalogue(&settings.plan)?;
    let manifest = &chosen(&all, which)?.manifest;
    let standing = settings.standing()?;
    if let (Some(why), false) =
        (standing.backups.unproven(&settings.plan, settings.now()), unproven)
    {
        bail!(
            "restore is not armed: {why}. `allclear backup verify LATEST --level L2` arms it; when there is no time, \
             say --unproven, it is on record"
        );
    }
    if let Some(waits) = agreed(&manifest.id, into, &by, &standing, settings)? {
        return Ok((waits, false));
    }
    let shelf = Shelf::open(&place(&settings.plan)?.place, setting)?;
    let ((server, identities), tools) = (scratch()?, tools());
    let target = server.to(into);
    let begun = BackupEvent::Restored { by, backup: manifest.id.clone(), into: into.into() };
    note(settings, vec![begun])?;
    let done = restore(Restore {
        manifest,
        shelf: &shelf,
        identities: &identities,
        tools: &tools,
        target: &target,
        clock: functions::clock::now,
    })?;
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

/// Notes that whoever speaks agrees; what is still missing is the answer, `None` when nothing is.
fn agreed(
    backup: &BackupId,
    into: &str,
    by: &PersonId,
    standing: &Standing,
    settings: &Settings,
) -> Result<Option<Answer>> {
    let (needed, hash) = (settings.plan.approvals.restore as usize, restore_hash(backup, into));
    let mut people = standing.backups.agreeing(hash, &settings.plan, settings.now());
    let new = !people.contains(&by);
    if new {
        people.push(by);
    }
    if needed > 1 && new {
        note(settings, vec![BackupEvent::RestoreAgreed { by: by.clone(), hash }])?;
    }
    Ok((people.len() < needed).then(|| waits(backup, into, hash, needed - people.len(), settings)))
}

fn waits(backup: &BackupId, into: &str, hash: Hash, missing: usize, settings: &Settings) -> Answer {
    let text = format!(
        "Nothing has happened. {missing} more must agree within {} that {backup} is restored into {into}:\n  \
         allclear --as SOMEBODY backup restore approve {}\nThen say the same again.\n",
        settings.plan.approvals.valid_for,
        hash.short(),
    );
    Answer { text, json: json!({"id": backup, "into": into, "hash": hash, "missing": missing}) }
}

/// Agrees to a restore that somebody else began.
pub fn approve(digits: &str, settings: &Settings) -> Result<(Answer, bool)> {
    let (by, standing) = (settings.speaker()?, settings.standing()?);
    let (plan, now) = (&settings.plan, settings.now());
    let named = standing.backups.agreed.iter().find(|one| one.hash.is_named(digits));
    let Some(one) = named.filter(|one| now.since(one.since) <= plan.approvals.valid_for) else {
        bail!(
            "no restore of the last {} is named {digits}: begin it anew",
            plan.approvals.valid_for
        );
    };
    if one.people.contains(&by) {
        bail!("{by} agrees already: it has to be somebody else");
    }
    let hash = one.hash;
    note(settings, vec![BackupEvent::RestoreAgreed { by: by.clone(), hash }])?;
    let text = format!("{by} agrees to the restore {}.\n", hash.short());
    Ok((Answer { text, json: json!({"hash": hash, "by": by}) }, true))
}
