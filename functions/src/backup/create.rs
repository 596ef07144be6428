//! Making a backup: one snapshot, counted and dumped at the same time, and the manifest last.

use serde::Deserialize;
use shared::backup::{BackupId, Census, Child, FORMAT, Manifest, Role, Source};
use shared::time::Ts;

use super::stream::{Dumped, Shape, pour};
use super::{Connection, Failure, Recipients, Session, Shelf, Signer, Tools, census};
use crate::clock::Clock;

/// Names our lock among the database's advisory locks. The server itself takes it back when a worker dies.
const LOCK: i64 = 0x616c_6c63_6c65_6172;
/// How an archive of `pg_dump -Fc` begins (`pg_backup_archiver.c`).
const ARCHIVE: Shape = Shape { head: b"PGDMP", tail: b"" };
/// How a script of `pg_dumpall` begins and ends.
const SCRIPT: Shape = Shape { head: b"--", tail: b"database cluster dump complete" };

/// What is to be backed up, and how.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// What it is called in the plan, e.g. `database`.
    pub what: &'a str,
    /// The database.
    pub source: &'a Connection,
    /// PostgreSQL's programs.
    pub tools: &'a Tools,
    /// Where it is kept.
    pub shelf: &'a Shelf,
    /// Who shall be able to read it.
    pub recipients: &'a Recipients,
    /// Who makes it.
    pub signer: &'a Signer,
    /// The time.
    pub clock: Clock,
}

#[derive(Deserialize)]
struct Snapshot {
    name: String,
    time: i64,
    lsn: Option<String>,
    version: String,
    major: u32,
    system: Option<String>,
    bytes: u64,
}

const SNAPSHOT: &str = "select pg_catalog.jsonb_build_object('name', pg_catalog.pg_export_snapshot(), \
    'time', (extract(epoch from pg_catalog.now()) * 1000)::bigint, \
    'lsn', case when not pg_catalog.pg_is_in_recovery() then pg_catalog.pg_current_wal_lsn() \
      else pg_catalog.pg_last_wal_replay_lsn() end, \
    'version', pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1), \
    'major', pg_catalog.current_setting('server_version_num')::int / 10000, \
    'system', case when pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute') \
      then (select system_identifier::text from pg_catalog.pg_control_system()) end, \
    'bytes', pg_catalog.pg_database_size(pg_catalog.current_database()))";

/// Makes a backup. On any failure there is none: what was written before is a stray without a manifest.
pub fn create(job: Job) -> Result<Manifest, Failure> {
    let snapshot_at = (job.clock)();
    let id = BackupId::new(snapshot_at, job.what).ok_or_else(|| {
        Failure::Setup(format!(
            "`{}` can't be a backup's name: small letters, digits, dashes",
            job.what
        ))
    })?;
    let mut session = Session::open(job.source, job.tools)?;
    let free: bool = session
        .json(&format!("select pg_catalog.to_jsonb(pg_catalog.pg_try_advisory_lock({LOCK}))"))?;
    if !free {
        return Err(Failure::Busy);
    }
    session.tell("begin transaction isolation level repeatable read read only")?;
    let snapshot: Snapshot = session.json(SNAPSHOT)?;
    let mut tools = vec![];
    for program in ["pg_dump", "pg_dumpall"] {
        tools.push((program.to_owned(), job.tools.at_least(program, snapshot.major)?));
    }
    // Asked before anything is written: what comes later is kept for longer.
    let locked_until = job.shelf.locks_until((job.clock)());
    job.shelf.claim(&id)?;
    let roles = dump_roles(job, &id)?;
    let (census, database) = dump_database(job, &id, &snapshot.name, &mut session)?;
    let counted = session.close()?;
    let child = |program: &str, status| Child { program: program.into(), status };
    tools.push(("allclear".into(), env!("CARGO_PKG_VERSION").into()));
    let manifest = Manifest {
        format: FORMAT,
        snapshot_at,
        server_time: Ts(snapshot.time),
        made_at: (job.clock)(),
        lsn: snapshot.lsn,
        source: Source {
            system: snapshot.system,
            database: job.source.database().into(),
            version: snapshot.version,
            bytes: snapshot.bytes,
        },
        tools: tools.into_iter().collect(),
        children: vec![
            child("pg_dumpall", roles.status),
            child("pg_dump", database.status),
            child("psql", counted),
        ],
        objects: vec![roles.object, database.object],
        census,
        recipients: job.recipients.names(),
        locked_until,
        lacks: vec![],
        id,
    };
    manifest.sound(&manifest.id)?;
    job.shelf.publish(&manifest, job.signer)?;
    Ok(manifest)
}

/// Roles belong to the cluster, not to the database; their passwords stay where they are.
fn dump_roles(job: Job, id: &BackupId) -> Result<Dumped, Failure> {
    let arguments = ["--roles-only", "--no-role-passwords", "--no-password"];
    let program = job.tools.start("pg_dumpall", &arguments, job.source)?;
    let name = format!("{}/roles.sql.zst.age", Manifest::folder(id));
    pour(program, &name, Role::Roles, SCRIPT, job.shelf, job.recipients)
}

/// Dumps and counts at the same time, both in the one snapshot.
fn dump_database(
    job: Job,
    id: &BackupId,
    snapshot: &str,
    session: &mut Session,
) -> Result<(Census, Dumped), Failure> {
    let arguments = ["--format=custom", "--compress=0", "--no-password", "--snapshot", snapshot];
    let program = job.tools.start("pg_dump", &arguments, job.source)?;
    let name = format!("{}/database.dump.zst.age", Manifest::folder(id));
    std::thread::scope(|scope| {
        let counting = scope.spawn(|| census::take(session));
        let dumped = pour(program, &name, Role::Database, ARCHIVE, job.shelf, job.recipients);
        let counted = counting.join();
        let counted = counted.map_err(|_| Failure::Database("the count broke off".into()))?;
        Ok((counted?, dumped?))
    })
}
