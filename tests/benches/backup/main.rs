//! What a backup costs beside what everybody would use instead: the same database, in one run, in turns.
//!
//! `BACKUP_BENCH_MB` is how large the plain dump is (1,024), `BACKUP_BENCH_ROUNDS` how often each way is measured (3);
//! figures are medians. The server's processor time is nobody's: it is the same dump for all of them, and our count of
//! rows runs there as well.

mod database;
mod measure;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use measure::{Cost, run};
use serde_json::Value;
use tests::bench::median;
use tests::bench::report::{Figure, Goal, print};
use tests::binary::shipped;
use tests::parts;
use tests::standin::postgres::Postgres;

/// Backups that are there at once: 30 days, every 6 h.
const KEPT: f64 = 120.0;
/// Where things are below the folder of the run.
const IDENTITY: &str = "one.txt";
const AGED: &str = "plain.age";

/// One way to make a backup, measured.
#[derive(Default)]
struct Way {
    costs: Vec<Cost>,
    /// MB it left.
    stored: f64,
}

impl Way {
    fn of(&self, figure: impl Fn(&Cost) -> f64) -> f64 {
        median(&self.costs.iter().map(figure).collect::<Vec<_>>())
    }

    fn cpu(&self) -> f64 {
        self.of(|cost| cost.cpu)
    }

    fn wall(&self) -> f64 {
        self.of(|cost| cost.wall)
    }

    fn peak(&self) -> f64 {
        self.of(|cost| cost.peak)
    }
}

/// The folder, the servers, and how programs find them.
struct Place {
    folder: tempfile::TempDir,
    live: Postgres,
    variables: Vec<(&'static str, String)>,
    recipients: Vec<String>,
}

fn main() -> Result<()> {
    let place = Place::new(asked("BACKUP_BENCH_MB", 1_024))?;
    let rounds = asked("BACKUP_BENCH_ROUNDS", 3);
    let (mut ours, mut pipe, mut restic) = (Way::default(), Way::default(), Way::default());
    let mut verify = Way::default();
    for _ in 0..rounds {
        ours.costs.push(place.ours()?);
        ours.stored = megabytes(&place.at("store"))?;
        verify.costs.push(place.sh("$ALLCLEAR backup verify LATEST --level L1")?.0);
        pipe.costs.push(place.pipe()?);
        pipe.stored = megabytes(&place.at(AGED))?;
        place.afresh("restic", "restic init -q")?;
        restic.costs.push(place.restic()?);
        restic.stored = megabytes(&place.at("restic"))?;
    }
    making(&place, &ours, &pipe, &restic)?;
    proving(&ours, &verify);
    restoring(&place, rounds)?;
    again(&place, &ours, &restic)
}

fn making(place: &Place, ours: &Way, pipe: &Way, restic: &Way) -> Result<()> {
    let plain: f64 = place.manifest()?["objects"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it["plain"]["bytes"].as_f64())
        .sum();
    let row = |name: &str, way: &Way| {
        [
            Figure::plain(format!("{name}: client CPU"), way.cpu(), "s"),
            Figure::plain(format!("{name}: wall"), way.wall(), "s"),
            Figure::plain(format!("{name}: peak memory"), way.peak(), "MB"),
            Figure::plain(format!("{name}: stored"), way.stored, "MB"),
        ]
    };
    let mut figures = vec![Figure::plain("plain dump", plain / 1e6, "MB")];
    figures.extend(row("allclear backup create", ours));
    figures.extend(row("pg_dump -Fc -Z0 | zstd -3 | age", pipe));
    figures.extend(row("pg_dump | restic backup --stdin", restic));
    figures.extend([
        Figure::new("CPU against the pipe", ours.cpu() / pipe.cpu(), "", Goal::AtMost(1.1)),
        Figure::new("CPU against restic", ours.cpu() / restic.cpu(), "", Goal::AtMost(0.6)),
        Figure::plain("wall against the pipe", ours.wall() / pipe.wall(), ""),
        Figure::new("stored against zstd -3", ours.stored / pipe.stored, "", Goal::AtMost(1.03)),
        Figure::new("peak memory, all programs", ours.peak(), "MB", Goal::AtMost(100.0)),
    ]);
    print("a first full backup", &figures);
    Ok(())
}

fn proving(ours: &Way, verify: &Way) {
    let speed = ours.stored / verify.cpu();
    print(
        "reading every byte again (L1)",
        &[
            Figure::plain("wall", verify.wall(), "s"),
            Figure::plain("peak memory", verify.peak(), "MB"),
            Figure::new("speed of a core", speed, "MB/s", Goal::AtLeast(500.0)),
        ],
    );
}

/// Ours decrypts and checks every byte first and counts every row afterwards; theirs reads a file nobody encrypted.
fn restoring(place: &Place, rounds: u32) -> Result<()> {
    let (mut ours, mut peer, mut alone) = (Way::default(), Way::default(), vec![]);
    place.sh("pg_dump -Fc -Z0 bench -f local.dump")?;
    for _ in 0..rounds {
        place.sh("dropdb --if-exists copy; createdb copy")?;
        peer.costs.push(place.sh("pg_restore -j2 -d copy local.dump")?.0);
        place.sh("dropdb --if-exists copy")?;
        let (cost, said) = place.sh(
            "$ALLCLEAR --json --as lead-developer backup restore run LATEST --into copy --unproven",
        )?;
        ours.costs.push(cost);
        let said: Value = serde_json::from_str(&said)?;
        alone.push(said["took_ms"].as_f64().context("no time")? / 1e3);
    }
    let ratio = median(&alone) / peer.wall();
    print(
        "restoring into a new database",
        &[
            Figure::plain("pg_restore -j2 from a local file: wall", peer.wall(), "s"),
            Figure::plain("allclear backup restore run: wall, rows counted", ours.wall(), "s"),
            Figure::plain("allclear backup restore run: the restore alone", median(&alone), "s"),
            Figure::plain("allclear backup restore run: peak memory", ours.peak(), "MB"),
            Figure::new("restore against pg_restore -j2", ratio, "", Goal::AtMost(1.05)),
        ],
    );
    Ok(())
}

/// The price of whole backups, said where their speed is said.
fn again(place: &Place, ours: &Way, restic: &Way) -> Result<()> {
    database::change(&mut place.live.session("bench")?)?;
    let (next, theirs) = (place.ours()?, place.restic()?);
    let (stored, added) =
        (megabytes(&place.at("store"))?, megabytes(&place.at("restic"))? - restic.stored);
    let days = |first: f64, each: f64| first + (KEPT - 1.0) * each;
    let (month, peer) = (days(ours.stored, stored), days(restic.stored, added));
    print(
        "the next backup, one row in a hundred changed",
        &[
            Figure::plain("allclear: client CPU", next.cpu, "s"),
            Figure::plain("restic: client CPU", theirs.cpu, "s"),
            Figure::plain("allclear: added", stored, "MB"),
            Figure::plain("restic: added", added, "MB"),
            Figure::plain("allclear: 30 days of four a day", month, "MB"),
            Figure::plain("restic: 30 days of four a day", peer, "MB"),
            Figure::plain("allclear stores more than restic", month / peer, "times"),
        ],
    );
    Ok(())
}

impl Place {
    fn new(megabytes: u32) -> Result<Self> {
        let live = Postgres::start()?;
        live.session("postgres")?.tell("create database bench")?;
        database::fill(&mut live.session("bench")?, megabytes)?;
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let bin = parts::postgres().canonicalize()?;
        let path = |name: &str| folder.path().join(name).display().to_string();
        let host = live.url("bench");
        let host = host.split(['=', '&']).nth(1).unwrap_or_default();
        let variables = vec![
            ("PATH", format!("{}:/usr/bin:/bin", bin.display())),
            ("PGHOST", host.to_owned()),
            ("PGUSER", "postgres".into()),
            ("ALLCLEAR", shipped().display().to_string()),
            ("ALLCLEAR_PG_BIN", bin.display().to_string()),
            ("ALLCLEAR_DATABASE_URL", live.url("bench")),
            ("ALLCLEAR_SCRATCH_URL", live.url("postgres")),
            ("ALLCLEAR_BACKUP_KEY", path("key")),
            ("ALLCLEAR_AGE_IDENTITY", path(IDENTITY)),
            ("ALLCLEAR_PLAN", path("plan.toml")),
            ("RESTIC_REPOSITORY", path("restic")),
            ("RESTIC_PASSWORD", "secret".into()),
            ("RESTIC_CACHE_DIR", path("cache")),
        ];
        let mut place = Self { folder, live, variables, recipients: vec![] };
        place.sh("age-keygen -o one.txt; age-keygen -o two.txt; mkdir store")?;
        place.recipients = [IDENTITY, "two.txt"]
            .iter()
            .map(|file| Ok(place.sh(&format!("age-keygen -y {file}"))?.1.trim().to_owned()))
            .collect::<Result<_>>()?;
        let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/plan.toml");
        let section = format!(
            "\n[backup_store]\nplace = \"{}\"\nrecipients = {:?}\n",
            place.at("store").display(),
            place.recipients
        );
        std::fs::write(place.at("plan.toml"), std::fs::read_to_string(plan)? + &section)?;
        Ok(place)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn sh(&self, script: &str) -> Result<(Cost, String)> {
        run(script, self.folder.path(), &self.variables)
    }

    fn afresh(&self, name: &str, then: &str) -> Result<()> {
        self.sh(&format!("rm -rf {name}; {then}")).map(drop)
    }

    fn ours(&self) -> Result<Cost> {
        self.afresh("store", "mkdir store")?;
        Ok(self.sh("$ALLCLEAR --json backup create >made.json")?.0)
    }

    fn pipe(&self) -> Result<Cost> {
        let to: String = self.recipients.iter().map(|one| format!(" -r {one}")).collect();
        Ok(self.sh(&format!("pg_dump -Fc -Z0 bench | zstd -q -3 | age{to} >{AGED}"))?.0)
    }

    fn restic(&self) -> Result<Cost> {
        Ok(self.sh("pg_dump bench | restic backup -q --stdin --stdin-filename bench.sql")?.0)
    }

    fn manifest(&self) -> Result<Value> {
        Ok(serde_json::from_str(&std::fs::read_to_string(self.at("made.json"))?)?)
    }
}

#[expect(clippy::disallowed_methods, reason = "how much is measured is asked of the environment")]
fn asked(variable: &str, otherwise: u32) -> u32 {
    std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// The length of a file, or of all files in a folder, in MB.
fn megabytes(at: &Path) -> Result<f64> {
    if at.is_file() {
        return Ok(at.metadata()?.len() as f64 / 1e6);
    }
    let inside = std::fs::read_dir(at)?.map(|entry| megabytes(&entry?.path()));
    inside.sum()
}
