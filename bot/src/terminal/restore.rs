//! `allclear backup restore run` and `approve`: into a new database only, by name, by as many people as the plan wants.

use std::path::Path;

use anyhow::{Result, bail};
use functions::backup::{Restore, Restored, Shelf, restore, unfile};
use serde_json::json;
use shared::backup::{BackupId, restore_hash};
use shared::grammar::Which;
use shared::id::PersonId;
use shared::ledger::Hash;
use shared::safety::BackupEvent;

use super::Answer;
use super::backup::note;
use crate::backups::{catalogue, chosen, place};
use crate::making::{identities, scratch_server, tools};
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
    let unproven = unproven || manifest.is_files();
    if let (Some(why), false) =
        (standing.backups.unproven(&settings.plan, settings.now()), unproven)
    {
        bail!(
            "restore is not armed: {why}. `allclear backup verify LATEST --level L2` arms it; when there is no time, \
             say --unproven, it is on record"
        );
    }
    let needed = settings.plan.approvals.restore as usize;
    if let Some(waits) = agreed(&manifest.id, into, &by, needed, settings)? {
        return Ok((waits, false));
    }
    let shelf = Shelf::open(&place(&settings.plan)?.place, setting)?;
    let (identities, tools) = (identities()?, tools());
    let server = if manifest.is_files() { None } else { Some(scratch_server()?) };
    let target = server.map(|server| server.to(into));
    let begun = BackupEvent::Restored { by, backup: manifest.id.clone(), into: into.into() };
    note(settings, vec![begun])?;
    let (shelf, identities, clock) = (&shelf, &identities, functions::clock::now);
    let (done, target, equal) = match &target {
        None => {
            let done = unfile(manifest, shelf, identities, Some(Path::new(into)), clock)?;
            (done, into.to_owned(), "every file is equal")
        }
        Some(target) => {
            let order = Restore { manifest, shelf, identities, tools: &tools, target, clock };
            (restore(order)?, target.to_string(), "rows, policies, grants and extensions are equal")
        }
    };
    Ok(told(&manifest.id, &target, equal, &done))
}

fn told(id: &BackupId, target: &str, equal: &str, done: &Restored) -> (Answer, bool) {
    let same = done.differences.is_empty();
    let text = if same {
        format!("✓ {id} is restored into {target} in {}: {equal}.\n", done.took)
    } else {
        format!(
            "✗ {} is restored into {target}, but differs:\n  {}\n",
            id,
            done.differences.join("\n  ")
        )
    };
    let json =
        json!({"id": id, "into": target, "took_ms": done.took, "differences": done.differences});
    (Answer { text, json }, same)
}

/// Notes that whoever speaks agrees; what is still missing is the answer, `None` when nothing is.
pub(super) fn agreed(
    backup: &BackupId,
    into: &str,
    by: &PersonId,
    needed: usize,
    settings: &Settings,
) -> Result<Option<Answer>> {
    let (standing, hash) = (settings.standing()?, restore_hash(backup, into));
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
