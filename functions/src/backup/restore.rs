//! Restoring: into a new database, never onto the one it came from, and with every error fatal.
//!
//! A new database gets its name when it is whole: until then it is called [`UNFINISHED`] and a number, and several tables
//! are restored at once. One that was there already, and empty, is filled in one transaction.

use std::io::Write;
use std::thread::available_parallelism;

use serde::Deserialize;
use shared::backup::{Manifest, Object, Role};
use shared::time::Span;

use super::session::{quoted, text};
use super::stream::Sealed;
use super::tools::major;
use super::{Connection, Failure, Identities, Session, Shelf, Tools, census};
use crate::clock::Clock;

/// Databases that are there in every cluster: one of them is asked to make the new one.
const ALWAYS_THERE: [&str; 2] = ["postgres", "template1"];
/// How a database is called while it is restored.
const UNFINISHED: &str = "allclear_restoring_";
/// Where a program finds its own input as a file that it can open again for every worker.
const OWN_INPUT: &str = "/proc/self/fd/0";
/// The fewest and the most tables that are restored at once, whatever the machine has.
const JOBS: (usize, usize) = (2, 8);
/// The most that roles may take, in bytes of SQL.
const ROLES_MAX: u64 = 8 << 20;

/// What is to be restored, and where to.
#[derive(Clone, Copy, Debug)]
pub struct Restore<'a> {
    /// The backup.
    pub manifest: &'a Manifest,
    /// Where it is kept.
    pub shelf: &'a Shelf,
    /// What opens it.
    pub identities: &'a Identities,
    /// PostgreSQL's programs.
    pub tools: &'a Tools,
    /// The new database: made if it isn't there, refused if anything is in it.
    pub target: &'a Connection,
    /// The time.
    pub clock: Clock,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Restored {
    /// From the first byte to the last index.
    pub took: Span,
    /// In what it differs from what was counted when it was dumped; empty when it is the same.
    pub differences: Vec<String>,
}

#[derive(Deserialize)]
struct Server {
    major: u32,
    system: Option<String>,
    exists: bool,
}

/// Restores it and compares. A failure leaves no half of it behind under its name.
pub fn restore(order: Restore) -> Result<Restored, Failure> {
    let is_new = make_room(order)?;
    let began = (order.clock)();
    if is_new {
        make(order)?;
    } else {
        bring_back(order, false)?;
    }
    let took = (order.clock)().since(began);
    let mut session = Session::open(order.target, order.tools)?;
    let now = census::take(&mut session)?;
    Ok(Restored { took, differences: order.manifest.census.differences(&now) })
}

/// Makes the database under another name, and gives it its own at the end.
fn make(order: Restore) -> Result<(), Failure> {
    let name = format!("{UNFINISHED}{}", (order.clock)().0);
    let unfinished = order.target.to(&name);
    let mut session = maintenance(order.target, order.tools)?;
    session.tell(&format!("create database {} template template0", quoted(&name)))?;
    let rename =
        format!("alter database {} rename to {}", quoted(&name), quoted(order.target.database()));
    let done = bring_back(Restore { target: &unfinished, ..order }, true)
        .and_then(|()| session.tell(&rename));
    if done.is_err() {
        // The first failure is the one to tell.
        let _gone = remove(&unfinished, order.tools);
    }
    done
}

/// Drops a database that was made for a check.
pub(super) fn remove(target: &Connection, tools: &Tools) -> Result<(), Failure> {
    let mut session = maintenance(target, tools)?;
    session.tell(&format!("drop database if exists {} with (force)", quoted(target.database())))
}

fn maintenance(target: &Connection, tools: &Tools) -> Result<Session, Failure> {
    let mut last = Failure::Target(format!("{target} can't be made from within itself"));
    for database in ALWAYS_THERE.into_iter().filter(|one| *one != target.database()) {
        match Session::open(&target.to(database), tools) {
            Ok(session) => return Ok(session),
            Err(why) => last = why,
        }
    }
    Err(last)
}

/// Makes sure that nothing is in the way. Says whether the database has still to be made.
fn make_room(order: Restore) -> Result<bool, Failure> {
    let Restore { manifest, tools, target, .. } = order;
    let source = &manifest.source;
    let mut session = maintenance(target, tools)?;
    let server: Server = session.json(&format!(
        "select pg_catalog.jsonb_build_object('major', pg_catalog.current_setting('server_version_num')::int / 10000, \
         'system', case when pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute') \
         then (select system_identifier::text from pg_catalog.pg_control_system()) end, \
         'exists', exists (select from pg_catalog.pg_database where datname = {}))",
        text(target.database())
    ))?;
    if server.system == source.system && source.database == target.database() {
        return Err(Failure::Target(format!(
            "{target} is the database that was backed up: restore into a new one, compare, then switch"
        )));
    }
    let was = major(&source.version).unwrap_or(0);
    if server.major < was {
        return Err(Failure::Target(format!(
            "{target} is PostgreSQL {}, the backup is of {was}: restore into version {was} or newer",
            server.major
        )));
    }
    tools.at_least("pg_restore", was)?;
    if server.exists {
        return is_empty(target, tools).map(|()| false);
    }
    Ok(true)
}

fn is_empty(target: &Connection, tools: &Tools) -> Result<(), Failure> {
    let mut session = Session::open(target, tools)?;
    let things: u64 = session.json(
        "select (select pg_catalog.count(*) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
         where n.nspname !~ '^pg_' and n.nspname <> 'information_schema') \
         + (select pg_catalog.count(*) from pg_catalog.pg_namespace where nspname !~ '^pg_' and nspname not in ('public', 'information_schema')) \
         + (select pg_catalog.count(*) from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace \
         where n.nspname !~ '^pg_' and n.nspname <> 'information_schema')",
    )?;
    if things == 0 {
        return Ok(());
    }
    Err(Failure::Target(format!(
        "{target} is not empty ({things} things are in it): name a new database"
    )))
}

/// `at_once`: several tables at a time, which leaves a half when it fails.
fn bring_back(order: Restore, at_once: bool) -> Result<(), Failure> {
    let lacks = |role| Failure::Damaged(format!("it has no {role}"));
    let roles = order.manifest.object(Role::Roles).ok_or_else(|| lacks("roles"))?;
    let database = order.manifest.object(Role::Database).ok_or_else(|| lacks("database"))?;
    bring_roles(order, roles)?;
    // Elsewhere a file without a name can't be opened again.
    let unpacked =
        if at_once && cfg!(target_os = "linux") { sealed(order, database).unpack()? } else { None };
    let Some(file) = unpacked else { return feed(order, database) };
    let jobs = available_parallelism().map_or(JOBS.0, |it| it.get().clamp(JOBS.0, JOBS.1));
    let jobs = jobs.to_string();
    let arguments = [
        "--exit-on-error",
        "--no-password",
        "--jobs",
        &jobs,
        "--dbname",
        order.target.database(),
        OWN_INPUT,
    ];
    let started = order.tools.start_with(file.into(), "pg_restore", &arguments, order.target);
    started?.end().map(drop)
}

fn sealed<'a>(order: Restore<'a>, object: &'a Object) -> Sealed<'a> {
    let Restore { manifest, shelf, identities, .. } = order;
    Sealed { object, shelf, identities, for_whom: &manifest.recipients }
}

/// Streams the database into `pg_restore`, which does all of it in one transaction.
fn feed(order: Restore, object: &Object) -> Result<(), Failure> {
    const NAME: &str = "pg_restore";
    let arguments = [
        "--exit-on-error",
        "--single-transaction",
        "--no-password",
        "--dbname",
        order.target.database(),
    ];
    let mut program = order.tools.start(NAME, &arguments, order.target)?;
    let Some(mut to) = program.child.stdin.take() else {
        return Err(Failure::Target(format!("{NAME} takes no input")));
    };
    // What a program prints besides must not fill its pipe.
    drop(program.child.stdout.take());
    let mut refused = false;
    let drained =
        sealed(order, object).drain(|bytes| to.write_all(bytes).inspect_err(|_| refused = true));
    match drained {
        Ok(()) => {
            drop(to);
            program.end().map(drop)
        }
        // It stopped reading: its own words say why.
        Err(_) if refused => program.end().map(drop).and(Err(Failure::Truncated(NAME.into()))),
        // Killed before its input ends, so that it can't commit the half it has.
        Err(why) => {
            let _ended = program.child.kill();
            Err(why)
        }
    }
}

/// Makes the roles that the target lacks. Those it has stay as they are: they are the target's.
fn bring_roles(order: Restore, object: &Object) -> Result<(), Failure> {
    if object.plain.bytes > ROLES_MAX {
        return Err(Failure::Damaged(format!("{} is longer than {ROLES_MAX} bytes", object.name)));
    }
    let mut script = Vec::new();
    sealed(order, object).drain(|bytes| {
        script.extend_from_slice(bytes);
        Ok(())
    })?;
    let script =
        String::from_utf8(script).map_err(|_| Failure::Damaged("roles are no text".into()))?;
    let mut session = Session::open(order.target, order.tools)?;
    let there: Vec<String> = session.json(
        "select pg_catalog.jsonb_agg(pg_catalog.quote_ident(rolname)) from pg_catalog.pg_roles",
    )?;
    for statement in statements(&script) {
        if !concerns(&statement, &there) {
            session.tell(&statement)?;
        }
    }
    session.close().map(drop)
}

/// The statements of a script of `pg_dumpall`: no comments, no commands of `psql`.
fn statements(script: &str) -> Vec<String> {
    let (mut found, mut open) = (vec![], String::new());
    for line in script.lines() {
        if open.is_empty() && (line.is_empty() || line.starts_with("--") || line.starts_with('\\'))
        {
            continue;
        }
        open.push_str(line);
        let closed = |quote| open.matches(quote).count() % 2 == 0;
        if closed('\'') && closed('"') && open.ends_with(';') {
            open.pop();
            found.push(std::mem::take(&mut open));
        } else {
            open.push('\n');
        }
    }
    found
}

/// Whether a statement makes or changes a role that is there already.
fn concerns(statement: &str, there: &[String]) -> bool {
    let name = ["CREATE ROLE ", "ALTER ROLE "].iter().find_map(|verb| statement.strip_prefix(verb));
    name.is_some_and(|rest| {
        there.iter().any(|role| {
            rest.strip_prefix(role.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_that_are_there_stay_as_they_are() {
        let script = "--\n-- PostgreSQL database cluster dump\n--\n\nSET client_encoding = 'UTF8';\n\\restrict x\n\
            CREATE ROLE anon;\nALTER ROLE anon WITH NOLOGIN;\nCREATE ROLE \"odd; name\";\n\
            ALTER ROLE \"odd; name\" SET x TO 'two\nlines;\n';\nGRANT anon TO \"odd; name\";\n";
        let all = statements(script);
        assert_eq!(all.len(), 6, "{all:?}");
        let there = vec!["anon".to_owned()];
        let left: Vec<&String> = all.iter().filter(|one| !concerns(one, &there)).collect();
        assert_eq!(
            left,
            [
                "SET client_encoding = 'UTF8'",
                "CREATE ROLE \"odd; name\"",
                "ALTER ROLE \"odd; name\" SET x TO 'two\nlines;\n'",
                "GRANT anon TO \"odd; name\"",
            ]
        );
        assert!(!concerns("CREATE ROLE anonymous", &there), "a longer name is another role");
    }
}
