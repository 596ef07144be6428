//! Backups of files: configuration, code. One tar instead of a dump, with the same stream, the same manifest and the same
//! proofs.

use std::collections::BTreeMap;
use std::io::{Error, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path};

use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};
use shared::backup::{BackupId, Census, Child, FORMAT, Manifest, Object, Role, Source};
use shared::time::Ts;

use super::stream::{Sealed, Sealing};
use super::{Failure, Identities, Recipients, Restored, Shelf, Signer};
use crate::clock::Clock;

/// How a file's fingerprint is called among a backup's definitions, before its name.
const KIND: &str = "file";
/// Only for its owner: there are secrets in them.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;
/// The longest file that is held in memory, in bytes.
const FILE_MAX: u64 = 1 << 30;

/// A file: its name, with slashes, and what is in it.
pub type Named = (String, Vec<u8>);

/// What was collected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// The files, in any order; every name once.
    pub files: Vec<Named>,
    /// What could not be had, in words.
    pub lacks: Vec<String>,
}

/// What is to be kept, and how.
#[derive(Clone, Copy, Debug)]
pub struct Filing<'a> {
    /// What it is called in the plan, e.g. `configuration`.
    pub what: &'a str,
    /// What it is, in words.
    pub from: &'a str,
    /// The files.
    pub collected: &'a Collected,
    /// Where it is kept.
    pub shelf: &'a Shelf,
    /// Who shall be able to read it.
    pub recipients: &'a Recipients,
    /// Who makes it.
    pub signer: &'a Signer,
    /// The time.
    pub clock: Clock,
}

/// Makes a backup of files. On any failure there is none.
pub fn file(job: Filing) -> Result<Manifest, Failure> {
    let snapshot_at = (job.clock)();
    let id = BackupId::new(snapshot_at, job.what)
        .ok_or_else(|| Failure::Setup(format!("`{}` can't be a backup's name", job.what)))?;
    if job.collected.files.is_empty() {
        return Err(Failure::Setup(format!("there is nothing to keep of the {}", job.what)));
    }
    if let Some((name, _)) = job.collected.files.iter().find(|(name, _)| !is_plain(Path::new(name)))
    {
        return Err(Failure::Setup(format!("`{name}` is no name for a file in a backup")));
    }
    let locked_until = job.shelf.locks_until(snapshot_at);
    job.shelf.claim(&id)?;
    let object = pack(job, &id, snapshot_at)?;
    let manifest = Manifest {
        format: FORMAT,
        snapshot_at,
        server_time: snapshot_at,
        made_at: (job.clock)(),
        lsn: None,
        source: Source {
            system: None,
            database: job.from.into(),
            version: String::new(),
            bytes: object.plain.bytes,
        },
        tools: BTreeMap::from([("allclear".into(), env!("CARGO_PKG_VERSION").into())]),
        objects: vec![object],
        children: vec![Child { program: "allclear".into(), status: 0 }],
        census: prints(job.collected),
        recipients: job.recipients.names(),
        locked_until,
        lacks: job.collected.lacks.clone(),
        id,
    };
    manifest.sound(&manifest.id)?;
    job.shelf.publish(&manifest, job.signer)?;
    Ok(manifest)
}

fn pack(job: Filing, id: &BackupId, at: Ts) -> Result<Object, Failure> {
    let name = format!("{}/files.tar.zst.age", Manifest::folder(id));
    let store = |why: Error| Failure::Store(why.to_string());
    let mut tar = tar::Builder::new(Sealing::begin(&name, job.shelf, job.recipients)?);
    for (name, bytes) in &job.collected.files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(FILE_MODE);
        header.set_mtime(at.0.max(0) as u64 / 1_000);
        tar.append_data(&mut header, name, bytes.as_slice()).map_err(store)?;
    }
    tar.into_inner().map_err(store)?.end(&name, Role::Files)
}

/// What each file has in it, as fingerprints: what a restore is compared with, and by which a change is seen.
pub fn prints(collected: &Collected) -> Census {
    let print = |(name, bytes): &Named| (format!("{KIND} {name}"), print(bytes));
    Census { definitions: collected.files.iter().map(print).collect(), ..Census::default() }
}

fn print(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}

/// A name that stays in its folder.
fn is_plain(path: &Path) -> bool {
    path.components().next().is_some()
        && path.components().all(|part| matches!(part, Component::Normal(_)))
}

/// Unpacks a backup of files, into a new folder where one is named, and compares. A failure leaves no half of it behind.
pub fn unfile(
    manifest: &Manifest,
    shelf: &Shelf,
    identities: &Identities,
    into: Option<&Path>,
    clock: Clock,
) -> Result<Restored, Failure> {
    let began = clock();
    let target = |why: Error| Failure::Target(format!("nothing can be put there: {why}"));
    if let Some(taken) = into.filter(|folder| folder.exists()) {
        return Err(Failure::Target(format!("{} is there: name a new folder", taken.display())));
    }
    let half = into.map(|folder| folder.with_extension("allclear-restoring"));
    if let Some(half) = &half {
        std::fs::DirBuilder::new().mode(FOLDER_MODE).create(half).map_err(target)?;
    }
    let done = unpack(manifest, shelf, identities, half.as_deref()).and_then(|found| {
        if let (Some(half), Some(into)) = (&half, into) {
            std::fs::rename(half, into).map_err(target)?;
        }
        Ok(Restored {
            took: clock().since(began),
            differences: manifest.census.differences(&found),
        })
    });
    if let (Err(_), Some(half)) = (&done, &half) {
        let _gone = std::fs::remove_dir_all(half);
    }
    done
}

fn unpack(
    manifest: &Manifest,
    shelf: &Shelf,
    identities: &Identities,
    into: Option<&Path>,
) -> Result<Census, Failure> {
    let object = manifest.object(Role::Files);
    let object = object.ok_or_else(|| Failure::Damaged("it has no files".into()))?;
    let sealed = Sealed { object, shelf, identities, for_whom: &manifest.recipients };
    let mut found = Census::default();
    sealed.open(|decrypted| {
        let mut plain = Counted { from: zstd::Decoder::new(decrypted)?, bytes: 0 };
        let mut tar = tar::Archive::new(&mut plain);
        for entry in tar.entries()? {
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            let is_file = entry.header().entry_type().is_file() && is_plain(&path);
            if !is_file || entry.size() > FILE_MAX {
                return Err(Error::other(format!("{} must not be in it", path.display())));
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            found.definitions.insert(format!("{KIND} {}", path.display()), print(&bytes));
            if let Some(folder) = into {
                write(&folder.join(path), &bytes)?;
            }
        }
        std::io::copy(&mut plain, &mut std::io::sink())?;
        Ok((plain.bytes, ()))
    })?;
    Ok(found)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(FILE_MODE).open(path)?.write_all(bytes)
}

/// Counts what is read.
struct Counted<R> {
    from: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let many = self.from.read(into)?;
        self.bytes += many as u64;
        Ok(many)
    }
}
