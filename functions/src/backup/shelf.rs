//! Where backups are kept: a folder, or anything that keeps objects. Manifests and checks are written once and never
//! again; an object that is there already is an error, not a new version.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Error, Read, Write};
use std::path::Path as File;
use std::sync::Arc;

use axum::body::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
};
use serde::de::DeserializeOwned;
use shared::backup::{BackupId, CHECK, Catalogue, Check, Entry, MANIFEST, Manifest, Object, Stray};
use shared::time::Ts;
use tokio::runtime::Runtime;

use super::Failure;
use super::keys::{Signer, Trust};

/// Everything of ours lies below this.
const ROOT: &str = "backups";
/// Bytes that are handed to the store at a time: S3's parts are 5 MiB at least, 10,000 at most (80 GB this way).
const PART: usize = 8 << 20;
/// The longest manifest that is read, in bytes.
const MANIFEST_MAX: u64 = 64 << 20;

/// The store.
pub struct Shelf {
    store: Arc<dyn ObjectStore>,
    runtime: Runtime,
    folder: Option<std::path::PathBuf>,
}

impl Shelf {
    /// Opens the folder `place`. One that isn't there is an error: below a disk that isn't mounted lies no backup, and
    /// none should be put there.
    pub fn open(place: &str) -> Result<Self, Failure> {
        if place.contains("://") {
            return Err(Failure::Setup(format!(
                "`{place}` is no folder: this version keeps backups in folders, of a mounted disk for example"
            )));
        }
        if !File::new(place).is_dir() {
            return Err(Failure::Setup(format!(
                "there is no folder {place}: make it, or mount the disk that should be there"
            )));
        }
        let store = LocalFileSystem::new_with_prefix(place)?;
        let mut shelf = Self::over(Arc::new(store.with_fsync(true)))?;
        shelf.folder = Some(place.into());
        Ok(shelf)
    }

    /// Over any store.
    pub fn over(store: Arc<dyn ObjectStore>) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|why| Failure::Store(why.to_string()))?;
        Ok(Self { store, runtime, folder: None })
    }

    /// The folder, where it is one.
    pub fn folder(&self) -> Option<&File> {
        self.folder.as_deref()
    }

    /// Everything that is there. A backup is only listed when its manifest is signed by somebody trusted, whole, and all
    /// of its objects are there in full length; everything else is a stray, with its reason.
    pub fn catalogue(&self, trust: &Trust) -> Result<Catalogue, Failure> {
        let root = Path::from(ROOT);
        let all: Vec<ObjectMeta> =
            self.runtime.block_on(self.store.list(Some(&root)).try_collect())?;
        let mut folders: BTreeMap<String, Vec<ObjectMeta>> = BTreeMap::new();
        for object in all {
            let folder = object.location.parts().nth(1).map(|part| part.as_ref().to_owned());
            folders.entry(folder.unwrap_or_default()).or_default().push(object);
        }
        let (mut entries, mut strays) = (vec![], self.unfinished());
        for (folder, objects) in folders {
            match self.entry(&folder, &objects, trust) {
                Ok((entry, more)) => {
                    entries.push(entry);
                    strays.extend(more);
                }
                Err(why) => strays.extend(objects.iter().map(|it| stray(it, &why.to_string()))),
            }
        }
        Ok(Catalogue::new(entries, strays))
    }

    fn entry(
        &self,
        folder: &str,
        objects: &[ObjectMeta],
        trust: &Trust,
    ) -> Result<(Entry, Vec<Stray>), Failure> {
        let id: BackupId = folder.parse().map_err(Failure::Damaged)?;
        let key = Manifest::key(&id);
        if !objects.iter().any(|it| it.location.as_ref() == key) {
            return Err(Failure::Damaged(
                "it has no manifest: a backup that was never finished".into(),
            ));
        }
        let manifest = self.manifest(&id, trust)?;
        for object in &manifest.objects {
            present(object, objects)?;
        }
        let (mut checks, mut strays): (Vec<Check>, _) = (vec![], vec![]);
        for object in objects {
            let name = object.location.as_ref();
            if name == key
                || name == begun(&id)
                || manifest.objects.iter().any(|one| one.name == name)
            {
                continue;
            }
            match self.signed::<Check>(CHECK, name, trust) {
                Ok(check) if check.backup == id => checks.push(check),
                Ok(_) => strays.push(stray(object, "it is a check of another backup")),
                Err(why) => strays.push(stray(object, &why.to_string())),
            }
        }
        checks.sort_by_key(|check| check.at);
        Ok((Entry { manifest, checks, locked_until: None }, strays))
    }

    /// The manifest of a backup: signed by somebody trusted, and whole.
    pub fn manifest(&self, id: &BackupId, trust: &Trust) -> Result<Manifest, Failure> {
        let manifest: Manifest = self.signed(MANIFEST, &Manifest::key(id), trust)?;
        manifest.sound(id)?;
        Ok(manifest)
    }

    fn signed<T: DeserializeOwned>(
        &self,
        kind: &str,
        key: &str,
        trust: &Trust,
    ) -> Result<T, Failure> {
        let file = self.small(key)?;
        let line = trust.opened(kind, &file)?;
        serde_json::from_str(line).map_err(|why| Failure::Damaged(format!("{key}: {why}")))
    }

    fn small(&self, key: &str) -> Result<String, Failure> {
        let path = Path::from(key);
        let bytes = self.runtime.block_on(async {
            let found = self.store.get(&path).await?;
            if found.meta.size > MANIFEST_MAX {
                return Err(Failure::Damaged(format!("{key} is longer than {MANIFEST_MAX} bytes")));
            }
            Ok(found.bytes().await?)
        })?;
        String::from_utf8(bytes.into()).map_err(|_| Failure::Damaged(format!("{key} is no text")))
    }

    /// Takes a backup's name, once and for all: a second backup of the same second must not write over the first.
    pub(super) fn claim(&self, id: &BackupId) -> Result<(), Failure> {
        match self.put_once(&begun(id), PutPayload::from_static(b"begun\n")) {
            Err(object_store::Error::AlreadyExists { .. }) => Err(Failure::Busy),
            other => Ok(other?),
        }
    }

    fn put_once(&self, key: &str, what: PutPayload) -> object_store::Result<()> {
        let once = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        self.runtime.block_on(self.store.put_opts(&Path::from(key), what, once)).map(drop)
    }

    /// Writes the manifest: from here on there is a backup, and not before.
    pub(super) fn publish(&self, manifest: &Manifest, signer: &Signer) -> Result<(), Failure> {
        for object in &manifest.objects {
            let found =
                self.runtime.block_on(self.store.head(&Path::from(object.name.as_str())))?;
            present(object, &[found])?;
        }
        self.put_signed(MANIFEST, &Manifest::key(&manifest.id), manifest, signer)
    }

    /// Keeps the outcome of a check beside its backup.
    pub(super) fn record(&self, check: &Check, signer: &Signer) -> Result<(), Failure> {
        let folder = Manifest::folder(&check.backup);
        let key = format!("{folder}/checks/{}-{}", check.at.0, check.level);
        self.put_signed(CHECK, &key, check, signer)
    }

    fn put_signed<T: serde::Serialize>(
        &self,
        kind: &str,
        key: &str,
        what: &T,
        signer: &Signer,
    ) -> Result<(), Failure> {
        let line = serde_json::to_string(what).map_err(|why| Failure::Store(why.to_string()))?;
        let file = signer.seal(kind, &line);
        let file = file.ok_or_else(|| Failure::Setup("the signing key signs nothing".into()))?;
        Ok(self.put_once(key, PutPayload::from(file.into_bytes()))?)
    }

    /// Writes something and says whether that worked; for `doctor`.
    pub fn is_writable(&self) -> Result<(), Failure> {
        let key = Path::from("probe");
        self.runtime.block_on(async {
            self.store.put(&key, PutPayload::from_static(b"probe")).await?;
            self.store.delete(&key).await
        })?;
        Ok(())
    }

    /// Begins an object. Nothing is there under its key until [`Upload::finish`].
    pub(super) fn upload(&self, key: &str) -> Result<Upload<'_>, Failure> {
        let begun = self.runtime.block_on(self.store.put_multipart(&Path::from(key)))?;
        Ok(Upload { shelf: self, begun: Some(begun), part: Vec::with_capacity(PART) })
    }

    /// Opens an object for reading.
    pub(super) fn download(&self, key: &str) -> Result<Taken<'_>, Failure> {
        let found = self.runtime.block_on(self.store.get(&Path::from(key)));
        let found = found.map_err(|why| match why {
            object_store::Error::NotFound { .. } => Failure::Damaged(format!("{key} is missing")),
            other => other.into(),
        })?;
        Ok(Taken { shelf: self, stream: found.into_stream(), chunk: Bytes::new() })
    }

    /// What a killed worker leaves in a folder: the store itself doesn't list it.
    fn unfinished(&self) -> Vec<Stray> {
        let Some(folder) = &self.folder else { return vec![] };
        let mut found = vec![];
        let backups = std::fs::read_dir(folder.join(ROOT)).into_iter().flatten().flatten();
        let files =
            backups.filter_map(|one| std::fs::read_dir(one.path()).ok()).flatten().flatten();
        for file in files {
            let name = file.file_name().to_string_lossy().into_owned();
            let part = name
                .rsplit_once('#')
                .is_some_and(|(_, tail)| tail.bytes().all(|b| b.is_ascii_digit()));
            if let (true, Ok(known)) = (part, file.metadata()) {
                let at = known
                    .modified()
                    .ok()
                    .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
                let path = file.path();
                let path = path.strip_prefix(folder).unwrap_or(&path);
                found.push(Stray {
                    name: path.display().to_string(),
                    bytes: known.len(),
                    at: Ts(at.map_or(0, |at| at.as_millis() as i64)),
                    because: "a backup broke off while it was written".into(),
                });
            }
        }
        found
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shelf({})", self.store)
    }
}

/// The first object of a backup: it takes the name.
fn begun(id: &BackupId) -> String {
    format!("{}/begun", Manifest::folder(id))
}

/// Whether an object is there in full length.
fn present(object: &Object, found: &[ObjectMeta]) -> Result<(), Failure> {
    match found.iter().find(|it| it.location.as_ref() == object.name) {
        None => Err(Failure::Damaged(format!("{} is missing", object.name))),
        Some(it) if it.size != object.stored.bytes => Err(Failure::Damaged(format!(
            "{} has {} bytes, not {}",
            object.name, it.size, object.stored.bytes
        ))),
        Some(_) => Ok(()),
    }
}

fn stray(object: &ObjectMeta, because: &str) -> Stray {
    Stray {
        name: object.location.to_string(),
        bytes: object.size,
        at: Ts(object.last_modified.timestamp_millis()),
        because: because.into(),
    }
}

/// An object that is being written; dropped unfinished, it is taken back.
pub(super) struct Upload<'a> {
    shelf: &'a Shelf,
    begun: Option<Box<dyn MultipartUpload>>,
    part: Vec<u8>,
}

impl Upload<'_> {
    fn send(&mut self) -> Result<(), Error> {
        let part = std::mem::replace(&mut self.part, Vec::with_capacity(PART));
        let begun = self.begun.as_mut().ok_or_else(|| Error::other("the object is closed"))?;
        self.shelf.runtime.block_on(begun.put_part(part.into())).map_err(Error::other)
    }

    /// Ends the object; now it is there.
    pub fn finish(mut self) -> Result<(), Failure> {
        if !self.part.is_empty() {
            self.send().map_err(|why| Failure::Store(why.to_string()))?;
        }
        let Some(mut begun) = self.begun.take() else { return Ok(()) };
        self.shelf.runtime.block_on(begun.complete())?;
        Ok(())
    }
}

impl Write for Upload<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let many = bytes.len().min(PART - self.part.len());
        self.part.extend_from_slice(&bytes[..many]);
        if self.part.len() == PART {
            self.send()?;
        }
        Ok(many)
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        if let Some(mut begun) = self.begun.take() {
            // What can't be taken back now is found as a stray later.
            let _gone = self.shelf.runtime.block_on(begun.abort());
        }
    }
}

/// An object that is being read.
pub struct Taken<'a> {
    shelf: &'a Shelf,
    stream: BoxStream<'static, object_store::Result<Bytes>>,
    chunk: Bytes,
}

impl Read for Taken<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        while self.chunk.is_empty() {
            let next = self.shelf.runtime.block_on(self.stream.try_next()).map_err(Error::other)?;
            let Some(next) = next else { return Ok(0) };
            self.chunk = next;
        }
        let many = self.chunk.len().min(into.len());
        into[..many].copy_from_slice(&self.chunk.split_to(many));
        Ok(many)
    }
}
