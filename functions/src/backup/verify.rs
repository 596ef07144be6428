//! Proving a backup, level by level, and keeping the proof beside it.

use shared::backup::{Check, Level, Manifest};
use shared::plan::Question;

use super::restore::remove;
use super::stream::read_through;
use super::{
    Connection, Failure, Identities, Restore, Session, Shelf, Signer, Tools, restore, unfile,
};
use crate::clock::Clock;

/// What a check needs that restores: never the live server.
#[derive(Clone, Copy, Debug)]
pub struct Scratch<'a> {
    /// A server on which databases may come and go; the database it names is only asked to make them. Files need none.
    pub server: Option<&'a Connection>,
    /// What opens the backup.
    pub identities: &'a Identities,
    /// PostgreSQL's programs.
    pub tools: &'a Tools,
    /// What the plan asks a restored database at L3.
    pub questions: &'a [Question],
}

/// Proves a backup up to a level, and records what came of it. A fault is a result, not an error: it takes earlier
/// proofs away.
pub fn verify(
    manifest: &Manifest,
    level: Level,
    shelf: &Shelf,
    scratch: Option<Scratch>,
    signer: &Signer,
    clock: Clock,
) -> Result<Check, Failure> {
    if level > Level::L2 && scratch.is_none_or(|it| it.questions.is_empty() || manifest.is_files())
    {
        return Err(Failure::Setup(
            "L3 asks a restored database the plan's questions: write `questions` into its [[backups]]; files answer none"
                .into(),
        ));
    }
    let began = clock();
    let mut check = Check {
        backup: manifest.id.clone(),
        level,
        at: began,
        took: shared::time::Span::ZERO,
        bytes: 0,
        restored_in: None,
        faults: vec![],
    };
    if level >= Level::L1 {
        for object in &manifest.objects {
            match read_through(object, shelf) {
                Ok(bytes) => check.bytes += bytes,
                Err(why @ Failure::Damaged(_)) => check.faults.push(why.to_string()),
                Err(why) => return Err(why),
            }
        }
    }
    if level >= Level::L2 && check.faults.is_empty() {
        try_restore(&mut check, manifest, shelf, scratch.ok_or_else(unset)?, clock)?;
    }
    check.at = clock();
    check.took = check.at.since(began);
    shelf.record(&check, signer)?;
    Ok(check)
}

/// Anything but yes is a fault: no, nothing, and a query that fails.
fn answered(one: &Question, restored: &Connection, tools: &Tools) -> Result<(), String> {
    let sql = one.sql.trim().trim_end_matches(';');
    let answer = Session::open(restored, tools).and_then(|mut session| {
        session.json::<Option<bool>>(&format!("select pg_catalog.to_jsonb(({sql}))"))
    });
    match answer {
        Ok(Some(true)) => Ok(()),
        Ok(_) => Err(format!("{} It does not say yes", one.ask)),
        Err(why) => Err(format!("{} {why}", one.ask)),
    }
}

fn unset() -> Failure {
    Failure::Setup(
        "L2 restores: ALLCLEAR_SCRATCH_URL names a server for it, ALLCLEAR_AGE_IDENTITY the key"
            .into(),
    )
}

/// What is missing on our side is an error and no proof of anything; what is wrong with the backup is a fault.
fn try_restore(
    check: &mut Check,
    manifest: &Manifest,
    shelf: &Shelf,
    scratch: Scratch,
    clock: Clock,
) -> Result<(), Failure> {
    let Scratch { server, identities, tools, questions } = scratch;
    let (done, gone) = if manifest.is_files() {
        (unfile(manifest, shelf, identities, None, clock), Ok(()))
    } else {
        let name = format!("allclear_check_{}_{}", manifest.id.at().0, clock().0);
        let target = server.ok_or_else(unset)?.to(&name);
        let order = Restore { manifest, shelf, identities, tools, target: &target, clock };
        let done = restore(order);
        if done.is_ok() && check.level >= Level::L3 {
            let asked = questions.iter().filter_map(|one| answered(one, &target, tools).err());
            check.faults.extend(asked);
        }
        // It goes whatever came of it, and also where it could not be counted any more.
        (done, remove(&target, tools))
    };
    match done {
        Ok(done) => {
            check.restored_in = Some(done.took);
            check.faults.extend(done.differences);
            gone
        }
        Err(why @ (Failure::Damaged(_) | Failure::Program { .. } | Failure::Truncated(_))) => {
            check.faults.push(why.to_string());
            Ok(())
        }
        Err(why) => Err(why),
    }
}
