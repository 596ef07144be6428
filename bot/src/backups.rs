//! What every face tells about backups: read from the manifests, in words and in JSON. Nothing here makes, proves or
//! restores one: that is for a terminal, where the keys are.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, anyhow, bail};
use functions::backup::{Shelf, Signer, Trust};
use functions::http;
use functions::vendors::supabase::Supabase;
use serde_json::json;
use shared::backup::{
    Catalogue, Due, Entry, Host, Manifest, Meter, PITR, Reading, Recoverable, Speed, due, expired,
    recipe,
};
use shared::grammar::{BackupVerb, RestoreVerb, Which};
use shared::plan::{BackupStore, Plan};
use shared::time::Ts;

use crate::making::newest_beat;
use crate::serve::{extra_roots, setting};
use crate::terminal::Answer;
use crate::terminal::operations::survey::runtime;
use crate::terminal::paint::count;

/// What a logical backup never holds, whatever is in the database.
const NOT_CONTAINED: [&str; 4] = [
    "stored files: only their rows are in it",
    "passwords of database roles, and keys in vault or pgsodium: set them anew",
    "settings of the database itself and of the project: auth, storage, network, functions, secrets",
    "roles that the target has already: they stay as they are there",
];
/// Strays named one by one.
const STRAYS_NAMED: usize = 5;

/// Whether nothing is said by it.
pub fn only_looks(verb: &BackupVerb) -> bool {
    match verb {
        BackupVerb::List
        | BackupVerb::Recipe(_)
        | BackupVerb::Status
        | BackupVerb::Pitr
        | BackupVerb::Restore(RestoreVerb::Plan(_)) => true,
        BackupVerb::Create { .. }
        | BackupVerb::Verify { .. }
        | BackupVerb::Prune { .. }
        | BackupVerb::Restore(
            RestoreVerb::Run { .. } | RestoreVerb::Pitr { .. } | RestoreVerb::Approve { .. },
        ) => false,
    }
}

/// Where the plan keeps backups.
pub fn place(plan: &Plan) -> Result<&BackupStore> {
    plan.backup_store.as_ref().ok_or_else(|| {
        anyhow!("the plan says nowhere to keep backups: fill in [backup_store] in the plan")
    })
}

/// Whose backups count: those in the plan, and this machine's own key where it has one.
pub fn trust(store: &BackupStore) -> Result<Trust> {
    let own = signing_key().filter(|path| Path::new(path).exists());
    let own = own.map(|path| Signer::at(Path::new(&path)).map(|key| key.name())).transpose()?;
    let trust = Trust::new(store.signers.iter().cloned().chain(own));
    if trust.is_empty() {
        bail!(
            "nobody's backups count: put the signing key's public half into `signers` of [backup_store]"
        );
    }
    Ok(trust)
}

/// The file of the key that signs.
pub fn signing_key() -> Option<String> {
    setting("ALLCLEAR_BACKUP_KEY").filter(|path| !path.is_empty())
}

/// Everything that is kept.
pub fn catalogue(plan: &Plan) -> Result<Catalogue> {
    let store = place(plan)?;
    Ok(Shelf::open(&store.place, setting)?.catalogue(&trust(store)?)?)
}

/// From when the newest backup of each kind is; empty where none can be read.
pub fn newest(plan: &Plan) -> BTreeMap<String, Ts> {
    catalogue(plan).map(|all| all.newest()).unwrap_or_default()
}

/// What chat may have: what only looks.
pub fn in_chat(verb: &BackupVerb, plan: &Plan, now: Ts) -> Result<Answer> {
    let from_terminal = |what: &str| {
        bail!(
            "{what} needs keys that chat must not have: `allclear backup …` on the machine that has them"
        )
    };
    match verb {
        BackupVerb::Create { .. } => from_terminal("making a backup"),
        BackupVerb::Verify { .. } => from_terminal("proving a backup"),
        BackupVerb::Prune { .. } => from_terminal("deleting backups"),
        BackupVerb::Restore(
            RestoreVerb::Run { .. } | RestoreVerb::Pitr { .. } | RestoreVerb::Approve { .. },
        ) => from_terminal("restoring"),
        BackupVerb::List
        | BackupVerb::Recipe(_)
        | BackupVerb::Status
        | BackupVerb::Pitr
        | BackupVerb::Restore(RestoreVerb::Plan(_)) => looked(verb, plan, now),
    }
}

/// Answers what only looks.
pub fn looked(verb: &BackupVerb, plan: &Plan, now: Ts) -> Result<Answer> {
    if matches!(verb, BackupVerb::Pitr) {
        return Ok(moments(&recoverable()?, now));
    }
    let all = catalogue(plan)?;
    match verb {
        BackupVerb::Status => Ok(status(plan, &all, now)),
        BackupVerb::Recipe(which) => {
            let text = recipe(&chosen(&all, which)?.manifest, &place(plan)?.place);
            Ok(Answer { json: json!({"recipe": text}), text })
        }
        BackupVerb::Restore(RestoreVerb::Plan(which)) => {
            Ok(restore_plan(chosen(&all, which)?, &all, now))
        }
        BackupVerb::List
        | BackupVerb::Pitr
        | BackupVerb::Create { .. }
        | BackupVerb::Verify { .. }
        | BackupVerb::Prune { .. }
        | BackupVerb::Restore(
            RestoreVerb::Run { .. } | RestoreVerb::Pitr { .. } | RestoreVerb::Approve { .. },
        ) => Ok(list(&all, now)),
    }
}

/// The backup that is meant.
pub fn chosen<'a>(all: &'a Catalogue, which: &Which) -> Result<&'a Entry> {
    Ok(all.resolve(&which.id, &which.of, which.before)?)
}

fn list(all: &Catalogue, now: Ts) -> Answer {
    let mut text: String = all.entries().iter().rev().map(|entry| row(entry, now)).collect();
    if text.is_empty() {
        text = "No backups.\n".into();
    }
    let strays = &all.strays;
    if !strays.is_empty() {
        let bytes = size(strays.iter().map(|one| one.bytes).sum());
        text += &format!("\nNo backups, but there: {}, {bytes}\n", count(strays.len(), "object"));
        let named = strays.iter().take(STRAYS_NAMED);
        text += &named.map(|one| format!("  {}: {}\n", one.name, one.because)).collect::<String>();
    }
    let rows = all.entries().iter().rev().map(|entry| {
        json!({
            "id": entry.id(),
            "snapshot_at": entry.manifest.snapshot_at.rfc3339(),
            "level": entry.level(),
            "broken": entry.broken().map(shared::backup::Check::faults_say),
            "stored_bytes": entry.manifest.stored_bytes(),
            "plain_bytes": entry.manifest.plain_bytes(),
            "rows": entry.manifest.census.rows(),
            "lacks": entry.manifest.lacks,
        })
    });
    let strays = strays.iter().map(|one| json!({"name": one.name, "because": one.because}));
    Answer {
        text,
        json: json!({"backups": rows.collect::<Vec<_>>(), "strays": strays.collect::<Vec<_>>()}),
    }
}

fn row(entry: &Entry, now: Ts) -> String {
    let (level, made) = (entry.level(), &entry.manifest);
    let broken = entry.broken().map_or_else(String::new, |check| {
        format!("  ✗ {} FAILED: {}", check.level, check.faults_say())
    });
    format!(
        "{}  {} old  {level} {}  {} ({} plain), {}{broken}\n",
        entry.id(),
        now.since(made.snapshot_at),
        level.says(),
        size(made.stored_bytes()),
        size(made.plain_bytes()),
        holds(made),
    )
}

/// How much is in it.
pub fn holds(made: &Manifest) -> String {
    if made.is_files() {
        return count(made.census.definitions.len(), "file");
    }
    count(made.census.rows() as usize, "row")
}

fn status(plan: &Plan, all: &Catalogue, now: Ts) -> Answer {
    let mut meter = Meter::read(plan, all, now);
    let counted_on = plan.backups.iter().any(|policy| policy.what == PITR);
    let unseen = counted_on.then(|| count_in(&mut meter, plan, now)).and_then(Result::err);
    let mut text = String::from("If it were lost now\n");
    for reading in &meter.readings {
        text += &format!("  {}\n", says(reading));
    }
    let contradictions: Vec<String> =
        meter.readings.iter().filter_map(Reading::contradiction).collect();
    text += &titled("Cannot be kept", &contradictions);
    text += &titled("ALARM", &meter.alarms());
    let unseen: Vec<String> = unseen.iter().map(|why| format!("{why:#}")).collect();
    text += &titled("Not counted: what the provider can go back to", &unseen);
    let late: Vec<String> = plan
        .backups
        .iter()
        .filter(|policy| all.of(&policy.what).next().is_some())
        .flat_map(|policy| {
            let entries: Vec<Entry> = all.of(&policy.what).cloned().collect();
            due(policy, &entries, now)
                .into_iter()
                .map(|due| overdue(&policy.what, &due, now))
                .collect::<Vec<_>>()
        })
        .collect();
    text += &titled("Overdue", &late);
    let stored: u64 = all.entries().iter().map(|entry| entry.manifest.stored_bytes()).sum();
    let over: usize = plan.backups.iter().map(|policy| expired(policy, all, now).len()).sum();
    text += &format!(
        "\n{}, {}; {over} past what the plan keeps; {} in the store without being backups\n",
        count(all.entries().len(), "backup"),
        size(stored),
        count(all.strays.len(), "object"),
    );
    let readings = meter.readings.iter().map(|it| {
        json!({
            "component": it.component, "rpo_ms": it.rpo, "would_lose_ms": it.loses,
            "rto_ms": it.rto, "restore_takes_ms": it.takes, "planned_loss_ms": it.planned_loss,
        })
    });
    Answer {
        text,
        json: json!({
            "components": readings.collect::<Vec<_>>(), "alarms": meter.alarms(),
            "cannot_be_kept": contradictions, "overdue": late, "expired": over,
        }),
    }
}

fn titled(title: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    format!("\n{title}\n{}", lines.iter().map(|line| format!("  {line}\n")).collect::<String>())
}

fn says(reading: &Reading) -> String {
    let loses = reading.loses.map_or_else(|| "everything".into(), |it| it.to_string());
    let takes =
        reading.takes.map_or_else(|| "nobody has timed a restore".into(), |it| it.to_string());
    let name = reading.component.as_str();
    format!(
        "{name:16} loses {loses} (plan {}), back in {takes} (plan {})",
        reading.rpo, reading.rto
    )
}

fn overdue(what: &str, due: &Due, now: Ts) -> String {
    let last =
        due.last.map_or_else(|| "never done".into(), |at| format!("last {} ago", now.since(at)));
    format!("{what}: {} {}, {last}, wanted every {}", due.level, due.level.says(), due.every)
}

fn restore_plan(entry: &Entry, all: &Catalogue, now: Ts) -> Answer {
    let made = &entry.manifest;
    let lost = now.since(made.snapshot_at);
    let takes = Speed::of(all.entries()).map(|speed| speed.span_of(made.plain_bytes()));
    let takes_say = takes.map_or_else(
        || "unknown: no restore was timed yet, `backup verify --level L2` times one".into(),
        |it| format!("about {it}, as the last restores did"),
    );
    let (level, newer) =
        (entry.level(), all.of(entry.id().what()).take_while(|it| it.id() != entry.id()).count());
    let newer = if newer == 0 { String::new() } else { format!(" ({newer} newer ones are there)") };
    let warn =
        if level < shared::backup::Level::L1 { "  ✗ nobody has read it back yet" } else { "" };
    let mut text = format!(
        "Restore {}{newer}\n  Lost: everything after {}, {lost}\n  Time: {takes_say}\n  Proven: {level} {}{warn}\n  \
         From: {}, {}, {}\n  Where: {}\n  Not in it:\n",
        entry.id(),
        made.snapshot_at,
        level.says(),
        source(made),
        size(made.plain_bytes()),
        holds(made),
        Host::of(made.plain_bytes(), Speed::of(all.entries())).says(),
    );
    let lacks = lacks(made);
    text += &lacks.iter().map(|it| format!("    {it}\n")).collect::<String>();
    let place = if made.is_files() { "folder" } else { "database" };
    text += &format!(
        "  Nothing has happened. Into a new {place}: allclear backup restore run {} --into NAME\n",
        entry.id()
    );
    Answer {
        text,
        json: json!({
            "id": entry.id(), "lost_ms": lost, "takes_ms": takes, "level": level, "not_contained": lacks,
        }),
    }
}

/// The provider's project, with this machine's token.
pub fn provider() -> Result<Supabase> {
    let project = Supabase::from_environment(http::client(&extra_roots()?)?, setting);
    project.ok_or_else(|| {
        anyhow!("SUPABASE_ACCESS_TOKEN and SUPABASE_PROJECT_REF (20 small letters) are not set")
    })
}

/// What the provider can go back to, and the newest heartbeat where one is written.
fn recoverable() -> Result<Recoverable> {
    let project = provider()?;
    let known = runtime()?.block_on(project.recoverable());
    let known = known.map_err(|why| anyhow!("{why}"))?;
    // A database that can't be asked has no heartbeat to show: then every minute counts as lost.
    Ok(Recoverable { heartbeat: newest_beat().ok().flatten(), ..known })
}

fn count_in(meter: &mut Meter, plan: &Plan, now: Ts) -> Result<()> {
    recoverable()?.count_in(meter, plan, now);
    Ok(())
}

fn moments(known: &Recoverable, now: Ts) -> Answer {
    let mut text = format!("The project is {}\n", known.project);
    text += &match (known.enabled, known.earliest, known.latest) {
        (true, Some(earliest), Some(latest)) => format!("Any moment from {earliest} to {latest}\n"),
        (true, _, _) => "Point-in-time recovery is bought, and has no backup yet\n".into(),
        (false, _, _) => "No moment: point-in-time recovery isn't bought\n".into(),
    };
    text += &known.loses(now).map_or_else(
        || "Lost now: everything, as far as the provider goes\n".into(),
        |loses| format!("Lost now: {loses}\n"),
    );
    if known.enabled && known.heartbeat.is_none() {
        text += "  No heartbeat is written: an idle database looks like a loss\n";
    }
    text += &known.whole.iter().map(|(at, state)| format!("  {at}  {state}\n")).collect::<String>();
    let at = |moment: Option<Ts>| moment.map(Ts::rfc3339);
    let json = json!({
        "project": known.project, "enabled": known.enabled, "earliest": at(known.earliest),
        "latest": at(known.latest), "would_lose_ms": known.loses(now), "heartbeat": at(known.heartbeat),
    });
    Answer { text, json }
}

fn source(made: &Manifest) -> String {
    if made.is_files() {
        return made.source.database.clone();
    }
    format!("{} on PostgreSQL {}", made.source.database, made.source.version)
}

/// What somebody might look for in it in vain.
fn lacks(made: &Manifest) -> Vec<String> {
    let always: &[&str] = if made.is_files() { &[] } else { &NOT_CONTAINED };
    made.lacks.iter().cloned().chain(always.iter().map(ToString::to_string)).collect()
}

/// Bytes as people say them.
pub fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1_000.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1_000.0;
    }
    format!("{value:.1} TB")
}
