//! Where backups are kept: a folder, or anything that keeps objects. Manifests and checks are written once and never
//! again; an object that is there already is an error, not a new version.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path as File;
use std::sync::Arc;

use futures_util::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use serde::de::DeserializeOwned;
use shared::backup::{BackupId, CHECK, Catalogue, Check, Entry, MANIFEST, Manifest, Object, Stray};
use shared::time::{Span, Ts};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::Failure;
use super::bucket::{self, Bucket};
use super::keys::{Signer, Trust};

/// Everything of ours lies below this.
const ROOT: &str = "backups";
/// A manifest's name in its folder, as [`Manifest::key`] has it.
const MANIFEST_NAME: &str = "manifest";
/// The longest manifest that is read, in bytes.
const MANIFEST_MAX: u64 = 64 << 20;

/// The store.
pub struct Shelf {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) runtime: Handle,
    _driver: oneshot::Sender<()>,
    folder: Option<std::path::PathBuf>,
    bucket: Option<Bucket>,
}

impl Shelf {
    /// Opens `place`: a bucket, `s3://bucket/folder?region=us-west-2`, or a folder. A folder that isn't there is an error:
    /// below a disk that isn't mounted lies no backup, and none should be put there. `read` gives a setting of the
    /// environment by its name.
    pub fn open(place: &str, read: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        if place.starts_with(bucket::SCHEME) {
            let (bucket, store) = Bucket::open(place, &read)?;
            return Ok(Self { bucket: Some(bucket), ..Self::over(store)? });
        }
        if place.contains("://") {
            return Err(Failure::Setup(format!(
                "`{place}` is neither a folder nor a bucket: write /mnt/backups or s3://bucket/folder?region=us-west-2"
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
        let (runtime, driver) = driven().map_err(|why| Failure::Store(why.to_string()))?;
        Ok(Self { store, runtime, _driver: driver, folder: None, bucket: None })
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
                Err(why) => {
                    let unfinished = !has_manifest(&objects);
                    let all = objects.iter().map(|it| stray(it, &why.to_string()));
                    strays.extend(all.map(|it| Stray { unfinished, ..it }));
                }
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
        let locked_until = manifest.locked_until;
        Ok((Entry { manifest, checks, locked_until }, strays))
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
        let folder = Path::from(Manifest::folder(&manifest.id));
        let found: Vec<ObjectMeta> =
            self.runtime.block_on(self.store.list(Some(&folder)).try_collect())?;
        for object in &manifest.objects {
            present(object, &found)?;
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

    /// Until when the store itself will keep what is written from `now` on.
    pub(super) fn locks_until(&self, now: Ts) -> Option<Ts> {
        // Whoever may not ask makes a backup all the same; `doctor` says that nobody knows what is locked.
        Some(now + self.lock().ok()??)
    }

    fn lock(&self) -> Result<Option<Span>, Failure> {
        self.bucket.as_ref().map_or(Ok(None), |bucket| self.runtime.block_on(bucket.lock()))
    }

    /// Whether backups can be kept here, in words; for `doctor`. In a bucket nothing is tried: it could not be taken back.
    pub fn ready(&self) -> Result<String, Failure> {
        if self.bucket.is_some() {
            let root = Path::from(ROOT);
            self.runtime.block_on(self.store.list_with_delimiter(Some(&root)))?;
            return Ok(match self.lock()? {
                Some(span) => format!("the bucket keeps every backup from being deleted for {span}"),
                None => "the bucket locks nothing: switch on Object Lock with a default retention, or whoever steals the \
                         writer can delete what it wrote"
                    .into(),
            });
        }
        let key = Path::from("probe");
        self.runtime.block_on(async {
            self.store.put(&key, PutPayload::from_static(b"probe")).await?;
            self.store.delete(&key).await
        })?;
        Ok("the folder can be written to".into())
    }

    /// Deletes a backup: its manifest first, so that no half of it is ever listed. What is in the way of the rest is swept
    /// later.
    pub fn forget(&self, id: &BackupId) -> Result<(), Failure> {
        let folder = Path::from(Manifest::folder(id));
        self.runtime.block_on(async {
            self.store.delete(&Path::from(Manifest::key(id))).await?;
            let rest: Vec<ObjectMeta> = self.store.list(Some(&folder)).try_collect().await?;
            for object in rest {
                self.store.delete(&object.location).await?;
            }
            Ok(())
        })
    }

    /// Deletes what a backup left that was never finished.
    pub fn sweep(&self, stray: &Stray) -> Result<(), Failure> {
        let part = self.folder.as_ref().map(|folder| folder.join(&stray.name));
        match part.filter(|file| stray.name.contains('#') && file.is_file()) {
            // The store itself doesn't know these.
            Some(file) => std::fs::remove_file(file).map_err(|why| Failure::Store(why.to_string())),
            None => Ok(self.runtime.block_on(self.store.delete(&Path::from(&*stray.name)))?),
        }
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
                    unfinished: true,
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

/// A runtime that a thread of its own drives as long as the sender is there: parts are on their way while whoever sent
/// them compresses the next.
fn driven() -> std::io::Result<(Handle, oneshot::Sender<()>)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (handle, (driver, over)) = (runtime.handle().clone(), oneshot::channel());
    std::thread::Builder::new().name("shelf".into()).spawn(move || runtime.block_on(over))?;
    Ok((handle, driver))
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
        unfinished: false,
    }
}

/// Whether anything in a folder is, or was meant to be, a manifest.
fn has_manifest(objects: &[ObjectMeta]) -> bool {
    objects.iter().any(|it| it.location.filename() == Some(MANIFEST_NAME))
}
