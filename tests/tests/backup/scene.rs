//! Two servers for all tests of this program, and a store for each.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use functions::backup::{
    Connection, Failure, Identities, Job, Recipients, Restore, Restored, Shelf, Signer, Tools,
    Trust, create, restore, specimen,
};
use functions::clock;
use shared::backup::{Catalogue, Manifest};
use tempfile::TempDir;
use tests::standin::postgres::Postgres;

/// Accounts in the database that most tests back up.
const ACCOUNTS: u32 = 50;

/// The server that is backed up. Nobody uses its database `specimen`: each test has a copy.
pub fn live() -> &'static Postgres {
    static LIVE: OnceLock<Postgres> = OnceLock::new();
    LIVE.get_or_init(|| {
        let live = Postgres::start().unwrap();
        let mut session = live.session("postgres").unwrap();
        session.tell("create database specimen").unwrap();
        live.session("specimen").unwrap().tell(&specimen(ACCOUNTS)).unwrap();
        live
    })
}

/// The server into which is restored: another one, that knows none of the roles.
pub fn scratch() -> &'static Postgres {
    static SCRATCH: OnceLock<Postgres> = OnceLock::new();
    SCRATCH.get_or_init(|| Postgres::start().unwrap())
}

/// Makes a copy of the specimen on the live server.
pub fn copy() -> String {
    static COPIES: AtomicU32 = AtomicU32::new(0);
    let name = format!("copy_{}", COPIES.fetch_add(1, Ordering::Relaxed));
    let make = format!("create database {name} template specimen");
    live().session("postgres").unwrap().tell(&make).unwrap();
    name
}

/// A store with its keys.
pub struct Scene {
    pub folder: TempDir,
    pub shelf: Shelf,
    pub signer: Signer,
    pub identities: Identities,
    pub recipients: Recipients,
    pub tools: Tools,
    pub source: Connection,
    pub database: String,
}

impl Scene {
    /// With a copy of the specimen: tests run at once, and one database has one backup at a time.
    pub fn new() -> Self {
        Self::of(&copy())
    }

    /// For that database of the live server.
    pub fn of(database: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("store")).unwrap();
        let ((identities, one), (_, other)) = (Identities::generate(), Identities::generate());
        Self {
            shelf: Shelf::open(folder.path().join("store").to_str().unwrap(), |_| None).unwrap(),
            signer: Signer::at(&folder.path().join("key")).unwrap(),
            folder,
            identities,
            recipients: Recipients::parse(&[one, other]).unwrap(),
            tools: live().tools.clone(),
            source: live().connection(database).unwrap(),
            database: database.into(),
        }
    }

    pub fn job(&self) -> Job<'_> {
        Job {
            what: "database",
            source: &self.source,
            tools: &self.tools,
            shelf: &self.shelf,
            recipients: &self.recipients,
            signer: &self.signer,
            clock: clock::now,
        }
    }

    pub fn back_up(&self) -> Manifest {
        create(self.job()).unwrap()
    }

    /// Makes none, and says why; nothing may be listed afterwards.
    pub fn fails(&self, job: Job) -> Failure {
        let why = create(job).unwrap_err();
        assert_eq!(self.catalogue().entries().len(), 0, "after `{why}` there is no backup");
        why
    }

    pub fn trust(&self) -> Trust {
        Trust::new([self.signer.name()])
    }

    pub fn catalogue(&self) -> Catalogue {
        self.shelf.catalogue(&self.trust()).unwrap()
    }

    /// Restores into a new database of the scratch server.
    pub fn restore(&self, manifest: &Manifest, into: &str) -> Result<Restored, Failure> {
        self.restore_with(manifest, into, &self.identities)
    }

    pub fn restore_with(
        &self,
        manifest: &Manifest,
        into: &str,
        identities: &Identities,
    ) -> Result<Restored, Failure> {
        let target = scratch().connection(into).unwrap();
        restore(Restore {
            manifest,
            shelf: &self.shelf,
            identities,
            tools: &self.tools,
            target: &target,
            clock: clock::now,
        })
    }

    /// The file of an object.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("store").join(name)
    }
}

/// A folder of PostgreSQL's programs in which one is another script; `{real}` in it stands for the real one.
pub fn with_program(name: &str, script: &str) -> (TempDir, Tools) {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let real = live().tools.folder.clone().unwrap();
    for program in ["psql", "pg_dump", "pg_dumpall", "pg_restore"] {
        let at = folder.path().join(program);
        if program == name {
            let script = script.replace("{real}", real.join(program).to_str().unwrap());
            std::fs::write(&at, format!("#!/bin/bash\n{script}\n")).unwrap();
            std::fs::set_permissions(&at, std::fs::Permissions::from_mode(0o755)).unwrap();
        } else {
            symlink(real.join(program), &at).unwrap();
        }
    }
    let tools = Tools { folder: Some(folder.path().to_owned()) };
    (folder, tools)
}

/// Whether the scratch server has that database.
pub fn is_there(database: &str) -> bool {
    let mut session = scratch().session("postgres").unwrap();
    session
        .json(&format!("select pg_catalog.to_jsonb(exists (select from pg_catalog.pg_database where datname = '{database}'))"))
        .unwrap()
}
