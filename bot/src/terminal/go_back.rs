//! `allclear backup restore pitr`: asks the provider to put the live database back to a moment. The one restore that
//! touches what is live, so it takes two people, and a fresh backup of what is there.

use anyhow::{Result, bail};
use functions::vendors::supabase::Trouble;
use serde_json::json;
use shared::backup::moment_id;
use shared::safety::BackupEvent;
use shared::time::{Span, Ts};

use super::Answer;
use super::backup::note;
use super::operations::survey::runtime;
use super::restore::agreed;
use crate::backups::{catalogue, provider};
use crate::settings::Settings;

/// Fewest people, whatever the plan says: what was written since the moment is gone for good.
const PEOPLE_MIN: usize = 2;
/// The newest backup of our own must not be older: it is what is left if the moment was the wrong one.
const FRESH: Span = Span::mins(30);

/// Goes back to `moment`, or to the last one, once enough people agree.
pub fn run(moment: Option<Ts>, no_backup: bool, settings: &Settings) -> Result<(Answer, bool)> {
    let (by, now) = (settings.speaker()?, settings.now());
    let project = provider()?;
    let runtime = runtime()?;
    let known = runtime.block_on(project.recoverable()).map_err(|why| anyhow::anyhow!("{why}"))?;
    let moment = known.moment(moment).map_err(anyhow::Error::msg)?;
    let Some(id) = moment_id(moment) else { bail!("{moment} is no moment") };
    if !no_backup {
        let newest = catalogue(&settings.plan)?.newest().get("database").copied();
        if newest.is_none_or(|at| now.since(at) > FRESH) {
            bail!(
                "no backup of the database is younger than {FRESH}: `allclear backup create` first, it is what is left if \
                 {moment} was the wrong moment. When it can't be read any more, say --no-backup"
            );
        }
    }
    let into = format!("live:{}", project.project());
    let needed = (settings.plan.approvals.restore as usize).max(PEOPLE_MIN);
    if let Some(mut waits) = agreed(&id, &into, &by, needed, settings)? {
        let lost = now.since(moment);
        waits.text +=
            &format!("The project is away meanwhile, and {lost} of work is lost for good.\n");
        return Ok((waits, false));
    }
    note(settings, vec![BackupEvent::Restored { by, backup: id, into: into.as_str().into() }])?;
    let asked = runtime.block_on(project.go_back(moment));
    if let Err(why) = asked {
        let unknown = matches!(why, Trouble::Lost(_));
        let what_now = if unknown {
            ". It may go back all the same: `allclear backup pitr` shows its state; don't ask again before"
        } else {
            ": nothing has happened"
        };
        bail!("{why}{what_now}");
    }
    let rto = settings.plan.component(&"database".into()).map_or(Span::ZERO, |it| it.rto);
    let text = format!(
        "✓ Supabase takes {} back to {moment}. `allclear backup pitr` shows its state.\n  \
         Not ACTIVE_HEALTHY after {rto}? Restores get stuck: then `allclear backup restore run LATEST --into NAME`\n  \
         Old sessions and keys come back with it: rotate them again.\n",
        project.project()
    );
    Ok((
        Answer { text, json: json!({"moment": moment.rfc3339(), "project": project.project()}) },
        true,
    ))
}
