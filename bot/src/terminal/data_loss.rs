//! `allclear drill data-loss`: a real PostgreSQL is filled, backed up and damaged; the loss is found, the backup is
//! restored elsewhere and compared. What was lost and how long it took is measured and put beside the plan.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use functions::backup::{
    Cluster, Connection, HEARTBEAT, Identities, Job, Recipients, Restore, Session, Shelf, Signer,
    Tools, Trust, count, create, restore, specimen, verify,
};
use functions::clock;
use serde_json::json;
use shared::backup::{Level, Manifest, recipe};
use shared::time::{Span, Ts};

use crate::backups::size;
use crate::grammar::DrillArgs;
use crate::making::tools;
use crate::serve::setting;
use crate::settings::Settings;

/// The drill's name.
pub const NAME: &str = "data-loss";
/// The drill in a line.
pub const WHAT: &str =
    "back up a real PostgreSQL, lose its data, restore it elsewhere; RPO and RTO are measured";

/// Accounts in the database; everything else follows from them.
const ACCOUNTS: u32 = 2_000;
/// What goes wrong: a table dropped, and rows that shouldn't be gone.
const DAMAGE: &str = "drop table public.blobs; delete from public.orders where id % 3 = 0";

/// What the drill needs, gone when it ends.
struct Stage {
    tools: Tools,
    live: Cluster,
    scratch: Cluster,
    shelf: Shelf,
    place: String,
    signer: Signer,
    identities: Identities,
    recipients: Recipients,
}

/// Runs it; fails when the restored data differ, or when the plan's recovery time isn't kept.
pub fn run(args: &DrillArgs, settings: &Settings, out: &mut dyn Write) -> Result<ExitCode> {
    anyhow::ensure!(
        args.fault.is_empty() && !args.live,
        "the drill {NAME} has no faults and nothing live"
    );
    let folder = tempfile::Builder::new().prefix("allclear-").tempdir()?;
    let mut say = |line: &str| {
        if settings.json { Ok(()) } else { writeln!(out, "{}  {line}", clock::now().clock()) }
    };
    say(
        "Drill: data loss. Two scratch PostgreSQL servers on this machine; nothing real is touched.",
    )?;
    let stage = Stage::set(folder.path())?;
    let live = stage.live.connection("postgres")?;
    let mut session = Session::open(&live, &stage.tools)?;
    session.tell(&specimen(ACCOUNTS))?;
    say("A database like Supabase's is there: accounts, orders, files, policies, triggers.")?;

    let manifest = stage.back_up(&live)?;
    say(&format!(
        "Backed up: {}, {} stored, {} rows.",
        manifest.id,
        size(manifest.stored_bytes()),
        manifest.census.rows()
    ))?;
    let check = verify(&manifest, Level::L1, &stage.shelf, None, &stage.signer, clock::now)?;
    anyhow::ensure!(check.passed(), "the fresh backup is broken: {}", check.faults_say());
    say(&format!(
        "Proven: {} {}, {} read in {}.",
        check.level,
        check.level.says(),
        size(check.bytes),
        check.took
    ))?;

    session.tell(HEARTBEAT)?;
    session.tell(DAMAGE)?;
    let lost_at = clock::now();
    say("Work goes on, then a table is dropped and a third of the orders deleted.")?;
    let noticed = manifest.census.differences(&count(&mut session)?);
    anyhow::ensure!(!noticed.is_empty(), "the loss was not noticed");
    say(&format!("Found out: {}.", noticed.join("; ")))?;
    say(&stage.not_onto_the_live_one(&manifest, &live)?)?;

    let target = stage.scratch.connection("restored")?;
    let done = restore(stage.order(&manifest, &target))?;
    let back_at = clock::now();
    let same = done.differences.is_empty();
    say(&format!(
        "Restored into {target} in {}: {}.",
        done.took,
        if same { "every row and rule is equal" } else { "IT DIFFERS" }
    ))?;
    let lost = lost(&mut session, &target, &stage.tools)?;
    let measured =
        Measured { lost, took: back_at.since(lost_at), same, differences: done.differences };
    tell(&measured, &manifest, &stage.place, settings, out)
}

impl Stage {
    fn set(folder: &Path) -> Result<Self> {
        let tools = tools();
        let at = |name: &str| -> Result<std::path::PathBuf> {
            let path = folder.join(name);
            std::fs::create_dir(&path)?;
            Ok(path)
        };
        let hint = "this drill needs PostgreSQL's server; ALLCLEAR_PG_BIN names the folder of its programs";
        let live = Cluster::start(&tools, &at("live")?).context(hint)?;
        let scratch = Cluster::start(&tools, &at("scratch")?).context(hint)?;
        let ((identities, one), (_, other)) = (Identities::generate(), Identities::generate());
        let place = at("backups")?.display().to_string();
        Ok(Self {
            tools,
            live,
            scratch,
            shelf: Shelf::open(&place, setting)?,
            place,
            signer: Signer::at(&folder.join("signing-key"))?,
            identities,
            recipients: Recipients::parse(&[one, other])?,
        })
    }

    fn back_up(&self, source: &Connection) -> Result<Manifest> {
        let made = create(Job {
            what: "database",
            source,
            tools: &self.tools,
            shelf: &self.shelf,
            recipients: &self.recipients,
            signer: &self.signer,
            clock: clock::now,
        })?;
        // Read back as anybody would: what counts is in the store.
        Ok(self.shelf.manifest(&made.id, &Trust::new([self.signer.name()]))?)
    }

    fn order<'a>(&'a self, manifest: &'a Manifest, target: &'a Connection) -> Restore<'a> {
        Restore {
            manifest,
            shelf: &self.shelf,
            identities: &self.identities,
            tools: &self.tools,
            target,
            clock: clock::now,
        }
    }

    /// The plan's "db reset" in another dress: it has to be refused.
    fn not_onto_the_live_one(&self, manifest: &Manifest, live: &Connection) -> Result<String> {
        match restore(self.order(manifest, live)) {
            Err(refused) => Ok(format!("Restoring onto the live one is refused: {refused}.")),
            Ok(_) => anyhow::bail!("a restore onto the live database was not refused"),
        }
    }
}

/// From the newest heartbeat that came back to the newest one that was ever written.
fn lost(live: &mut Session, restored: &Connection, tools: &Tools) -> Result<Span> {
    const NEWEST: &str =
        "select (extract(epoch from pg_catalog.max(beat)) * 1000)::bigint from public.heartbeat";
    let last: i64 = live.json(NEWEST)?;
    let back: i64 = Session::open(restored, tools)?.json(NEWEST)?;
    Ok(Ts(last).since(Ts(back)))
}

struct Measured {
    lost: Span,
    took: Span,
    same: bool,
    differences: Vec<String>,
}

fn tell(
    measured: &Measured,
    manifest: &Manifest,
    place: &str,
    settings: &Settings,
    out: &mut dyn Write,
) -> Result<ExitCode> {
    let Measured { lost, took, same, differences } = measured;
    let database = settings.plan.component(&"database".into());
    let (rpo, rto) = database.map_or((Span::ZERO, Span::ZERO), |it| (it.rpo, it.rto));
    let kept = *took <= rto;
    if settings.json {
        let answer = json!({
            "drill": NAME, "equal": same, "differences": differences, "lost_ms": lost, "rpo_ms": rpo,
            "took_ms": took, "rto_ms": rto, "manifest": manifest,
        });
        writeln!(out, "{answer:#}")?;
    } else {
        let sign = |kept| if kept { '✓' } else { '✗' };
        writeln!(out, "\n{} lost   {lost} of work (the plan allows {rpo})", sign(*lost <= rpo))?;
        writeln!(out, "{} back   {took} after the loss (the plan allows {rto})", sign(kept))?;
        let worst = settings.plan.worst_loss(&"database".into()).filter(|worst| *worst > rpo);
        if let Some(worst) = worst {
            writeln!(
                out,
                "✗ plan   backups every {worst} lose up to {worst}: {rpo} needs point-in-time recovery"
            )?;
        }
        for difference in differences {
            writeln!(out, "✗ {difference}")?;
        }
        writeln!(out, "\nWithout us:\n{}", recipe(manifest, place))?;
    }
    Ok(if *same && kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
