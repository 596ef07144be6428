//! The same, typed: `allclear backup …` and `allclear drill data-loss`, as people see them.

use std::process::{Command, Stdio};

use tempfile::TempDir;
use tests::command::{Desk, Said};
use tests::parts;

use crate::scene::{copy, is_there, live, scratch, with_program};

pub struct Place {
    desk: Desk,
    pub folder: TempDir,
    pub source: String,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::in_folder(folder.path());
        let mut recipients = vec![];
        for name in ["one.txt", "two.txt"] {
            let mut keygen = Command::new(parts::program("age-keygen"));
            let made = keygen.arg("-o").arg(folder.path().join(name)).output().unwrap();
            let said = String::from_utf8(made.stderr).unwrap();
            recipients.push(said.trim().rsplit(' ').next().unwrap().to_owned());
        }
        let plan = folder.path().join("infra/plan.toml");
        let text = std::fs::read_to_string(&plan).unwrap();
        let store = folder.path().join("store").display().to_string();
        let section = format!("\n[backup_store]\nplace = {store:?}\nrecipients = {recipients:?}\n");
        std::fs::write(&plan, text + &section).unwrap();
        Self { desk, folder, source: live().url(&copy()) }
    }

    pub fn with_store() -> Self {
        let place = Self::new();
        std::fs::create_dir(place.folder.path().join("store")).unwrap();
        place
    }

    pub fn command(&self, line: &str) -> Command {
        let mut command = self.desk.command(line);
        command.env("ALLCLEAR_PG_BIN", parts::postgres().canonicalize().unwrap());
        command.env("ALLCLEAR_DATABASE_URL", &self.source);
        command.env("ALLCLEAR_SCRATCH_URL", scratch().url("postgres"));
        command.env("ALLCLEAR_BACKUP_KEY", self.folder.path().join("key"));
        command.env("ALLCLEAR_AGE_IDENTITY", self.folder.path().join("one.txt"));
        command
    }

    pub fn plan_text(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("infra/plan.toml")).unwrap()
    }

    pub fn change_plan(&self, from: &str, to: &str) {
        let changed = self.plan_text().replace(from, to);
        std::fs::write(self.folder.path().join("infra/plan.toml"), changed).unwrap();
    }

    fn says(&self, line: &str) -> Said {
        Said::from(&self.command(line).output().unwrap())
    }

    fn does(&self, line: &str) -> String {
        let said = self.says(line);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "allclear {line}\n{}", said.out);
        said.out
    }
}

#[test]
fn a_backup_is_made_proven_restored_and_told_of() {
    let place = Place::new();
    let nowhere = place.says("backup create");
    assert!(nowhere.err.contains("mount the disk"), "{}", nowhere.err);
    std::fs::create_dir(place.folder.path().join("store")).unwrap();
    std::fs::remove_file(place.folder.path().join("key")).unwrap_or_default();
    let nobody = place.says("backup list");
    assert!(nobody.err.contains("nobody's backups count"), "{}", nobody.err);
    let made = place.does("backup create");
    assert!(made.contains("Proven so far: L0") && made.contains("is in `signers`"), "{made}");
    let list = place.does("backup list");
    assert!(list.contains("L0 exists"), "{list}");
    let proof = place.does("backup verify LATEST --level L2");
    assert!(proof.starts_with("✓ L2 restored and equal"), "{proof}");
    let status = place.does("backup status");
    assert!(status.contains("backups every 6 h cannot keep the plan's 5 min"), "{status}");
    assert!(status.contains("L3") && !status.contains("L1 checksums match, never"), "{status}");
    let plan = place.does("backup restore plan LATEST_CLEAN --before 2099-01-01T00:00:00Z");
    assert!(plan.contains("stored files") && plan.contains("as the last restores did"), "{plan}");
    assert!(plan.contains("Where: a Lambda has time enough"), "{plan}");
    let nobody = place.says("backup restore run LATEST --into by_command");
    assert!(nobody.err.contains("say who you are"), "{}", nobody.err);
    let run = place.does("--as lead-developer backup restore run LATEST --into by_command");
    assert!(run.contains("rows, policies, grants and extensions are equal"), "{run}");
    let again = place.says("--as lead-developer backup restore run LATEST --into by_command");
    assert!(again.code == 1 && again.err.contains("is not empty"), "{}", again.err);
    assert!(place.does("backup recipe LATEST").contains("age -d -i"));
    let doctor = place.does("doctor");
    assert!(doctor.contains("pg_dump 15.") && doctor.contains("2 recipients"), "{doctor}");
    assert!(!doctor.contains("restore: no backup was ever restored"), "{doctor}");
    let unknown = place.says("backup verify 20200101T000000Z-database");
    assert!(
        unknown.code == 1 && unknown.err.contains("`backup list` shows them"),
        "{}",
        unknown.err
    );
}

#[test]
fn a_damaged_backup_fails_its_check_and_is_listed_as_failed() {
    let place = Place::with_store();
    place.does("backup create");
    let backups = std::fs::read_dir(place.folder.path().join("store/backups")).unwrap();
    let file = backups.flatten().next().unwrap().path().join("database.dump.zst.age");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let check = place.says("backup verify LATEST");
    assert!(check.code == 1 && check.out.starts_with("✗ L1 FAILED"), "{}", check.out);
    assert!(place.does("backup list").contains("✗ L1 FAILED"));
    let clean = place.says("backup restore plan LATEST_CLEAN --before 2099-01-01T00:00:00Z");
    assert!(clean.err.contains("not verified"), "{}", clean.err);
}

#[test]
fn a_restore_nobody_has_drilled_is_refused_unless_it_is_said() {
    let place = Place::with_store();
    place.does("backup create");
    let doctor = place.does("doctor");
    assert!(doctor.contains("restore: no backup was ever restored in a drill"), "{doctor}");
    let run = "--as lead-developer backup restore run LATEST --into unproven";
    let refused = place.says(run);
    assert!(refused.code == 1 && refused.err.contains("--unproven"), "{}", refused.err);
    assert!(!is_there("unproven"));
    place.does(&format!("{run} --unproven"));
}

#[test]
fn two_people_restore_where_the_plan_wants_two() {
    let place = Place::with_store();
    let plan = place.folder.path().join("infra/plan.toml");
    let text = std::fs::read_to_string(&plan).unwrap();
    std::fs::write(&plan, text.replace("\nrestore = 1\n", "\nrestore = 2\n")).unwrap();
    place.does("backup create");
    let run = |who: &str| {
        place.says(&format!("--as {who} backup restore run LATEST --into by_two --unproven"))
    };
    let waits = run("lead-developer");
    assert!(waits.code == 1 && waits.out.contains("1 more must agree"), "{waits:?}");
    let hash = waits.out.split("approve ").nth(1).unwrap().split_whitespace().next().unwrap();
    assert_eq!(run("lead-developer").code, 1, "the same person counts once");
    let own = place.says(&format!("--as lead-developer backup restore approve {hash}"));
    assert!(own.err.contains("somebody else"), "{}", own.err);
    let wrong = place.says("--as senior-developer backup restore approve 00000000");
    assert!(wrong.err.contains("begin it anew"), "{}", wrong.err);
    assert!(!is_there("by_two"));
    place.does(&format!("--as senior-developer backup restore approve {hash}"));
    let done = run("lead-developer");
    assert!(done.code == 0 && is_there("by_two"), "{done:?}");
}

#[test]
fn what_the_plan_no_longer_keeps_is_deleted_once_somebody_says_its_hash() {
    let place = Place::with_store();
    place.does("backup create");
    assert!(place.does("backup prune").contains("Nothing to delete"));
    let plan = place.folder.path().join("infra/plan.toml");
    let text = std::fs::read_to_string(&plan).unwrap();
    std::fs::write(&plan, text.replace("keep_for = \"30d\"", "keep_for = \"1s\"")).unwrap();
    for _ in 0..2 {
        std::thread::sleep(std::time::Duration::from_millis(1_100));
        place.does("backup create");
        place.does("backup verify LATEST");
    }
    let shown = place.does("backup prune");
    assert_eq!(shown.matches("-database: older than").count(), 2, "{shown}");
    let hash = shown.split("prune ").nth(1).unwrap().trim();
    assert!(place.says("--as lead-developer backup prune 00000000").err.contains("is not what"));
    assert!(place.says(&format!("backup prune {hash}")).err.contains("say who you are"));
    let done = place.does(&format!("--as lead-developer backup prune {hash}"));
    assert!(done.contains("Deleted 2 backups"), "{done}");
    let left = place.does("backup list");
    assert!(left.lines().count() == 1 && left.contains("L1"), "{left}");
    let folders = std::fs::read_dir(place.folder.path().join("store/backups")).unwrap();
    let kept: Vec<_> = folders.flatten().map(|it| files_below(&it.path())).collect();
    assert_eq!(kept.iter().filter(|files| **files > 0).count(), 1, "nothing of them is left");
    let again = place.says(&format!("--as lead-developer backup prune {hash}"));
    assert!(again.err.contains("is not what would be deleted now"), "{}", again.err);
}

/// Files in a folder and all folders in it.
fn files_below(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().flatten().map(|one| one.path());
    entries.map(|one| if one.is_dir() { files_below(&one) } else { 1 }).sum()
}

#[test]
fn the_server_makes_and_proves_backups_and_says_when_it_cannot() {
    let place = Place::with_store();
    let serve = |database: Option<&str>| {
        let mut command = place.command("serve --listen 127.0.0.1:0");
        if let Some(url) = database {
            command.env("ALLCLEAR_DATABASE_URL", url);
        }
        Serving(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    };
    let until = |line: &str, is: fn(&str) -> bool| {
        let said = (0..600).map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            place.says(line).out
        });
        let last = said.into_iter().find(|out| is(out));
        assert!(last.is_some(), "`{line}` stays at {}", place.says(line).out);
    };
    let server = serve(None);
    until("backup list", |out| out.contains("L2 restored and equal"));
    until("doctor", |out| !out.contains("restore: no backup was ever restored"));
    drop(server);
    for folder in std::fs::read_dir(place.folder.path().join("store/backups")).unwrap().flatten() {
        std::fs::remove_dir_all(folder.path()).unwrap();
    }
    let _server = serve(Some("postgres://nobody@127.0.0.1:1/gone"));
    until("doctor", |out| out.contains("the backup of the database fails since"));
}

/// A server that ends with its test.
struct Serving(std::process::Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        self.0.wait().unwrap();
    }
}

#[test]
fn a_server_that_is_told_to_stop_waits_for_no_backup() {
    let place = Place::with_store();
    let slow = "[ $1 = --version ] && exec {real} $1\nsleep 60";
    let (_folder, tools) = with_program("pg_dump", slow);
    let mut command = place.command("serve --listen 127.0.0.1:0");
    command.env("ALLCLEAR_PG_BIN", tools.folder.unwrap());
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut server = Serving(child);
    let backups = place.folder.path().join("store/backups");
    let begun = (0..300).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        backups.exists() && files_below(&backups) > 0
    });
    assert!(begun, "no backup was begun");
    let asked = Command::new("kill").arg(server.0.id().to_string()).status().unwrap();
    assert!(asked.success());
    let ended = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        server.0.try_wait().unwrap().is_some()
    });
    assert!(ended, "it waits for the backup");
    let list = place.does("backup list");
    assert!(list.contains("No backups."), "{list}");
}

#[test]
fn a_killed_worker_leaves_no_backup_and_no_lock() {
    let place = Place::with_store();
    let slow = "[ $1 = --version ] && exec {real} $1\n{real} \"$@\" | (head -c 300000; sleep 2)";
    let (_folder, tools) = with_program("pg_dump", slow);
    let mut command = place.command("backup create");
    command.env("ALLCLEAR_PG_BIN", tools.folder.unwrap());
    let mut worker = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let backups = place.folder.path().join("store/backups");
    let at_work = || {
        let folders = std::fs::read_dir(&backups).into_iter().flatten().flatten();
        folders.into_iter().any(|folder| folder.path().join("roles.sql.zst.age").exists())
    };
    while !at_work() {
        assert_eq!(worker.try_wait().unwrap(), None, "it ended before it could be killed");
        std::thread::yield_now();
    }
    worker.kill().unwrap();
    worker.wait().unwrap();
    let list = place.does("backup list");
    assert!(list.contains("No backups.") && list.contains("never finished"), "{list}");
    let made = loop {
        let said = place.says("backup create");
        if !said.err.contains("another backup") {
            break said;
        }
    };
    assert!(made.out.contains("Proven so far: L0"), "{}", made.err);
}

#[test]
fn the_drill_loses_data_finds_out_and_brings_it_back() {
    let place = Place::new();
    let drill = place.does("drill data-loss");
    for step in [
        "Backed up:",
        "table public.blobs is missing",
        "public.orders has",
        "is the database that was backed up: restore into a new one",
        "every row and rule is equal",
        "of work (the plan allows 5 min)",
        "after the loss (the plan allows 30 min)",
        "backups every 6 h lose up to 6 h",
        "age -d -i",
    ] {
        assert!(drill.contains(step), "{step}\n{drill}");
    }
}

#[test]
fn no_server_outlives_a_drill_that_is_killed() {
    let place = Place::new();
    let scratch = tempfile::tempdir().unwrap();
    let mut command = place.command("drill data-loss");
    command.env("TMPDIR", scratch.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut drill = command.spawn().unwrap();
    // The live server's folder, once it takes connections.
    let sockets = || {
        let folders = std::fs::read_dir(scratch.path()).into_iter().flatten().flatten();
        let sockets = folders.map(|folder| folder.path().join("live/.s.PGSQL.5432"));
        sockets.filter(|socket| socket.exists()).collect::<Vec<_>>()
    };
    while sockets().is_empty() {
        assert_eq!(drill.try_wait().unwrap(), None, "it ended before it could be killed");
        std::thread::yield_now();
    }
    let socket = sockets().remove(0);
    drill.kill().unwrap();
    drill.wait().unwrap();
    let answers = || std::os::unix::net::UnixStream::connect(&socket).is_ok();
    let gone = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        !answers()
    });
    assert!(gone, "the server still runs");
}
