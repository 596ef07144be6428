//! Real PostgreSQL servers to back up and to restore into, and a store that fails on demand.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use functions::backup::{Cluster, Connection, Failure, Session, Tools, specimen};
use futures_util::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use tempfile::TempDir;

use crate::parts;

/// A scratch server and its folder.
#[derive(Debug)]
pub struct Postgres {
    cluster: Cluster,
    /// The programs it came with.
    pub tools: Tools,
    _folder: TempDir,
}

impl Postgres {
    /// Starts an empty one from the parts.
    pub fn start() -> std::result::Result<Self, Failure> {
        let tools = Tools { folder: Some(parts::postgres().canonicalize().unwrap_or_default()) };
        let folder = tempfile::Builder::new().prefix("pg").tempdir();
        let folder = folder.map_err(|why| Failure::Setup(why.to_string()))?;
        let cluster = Cluster::start(&tools, folder.path())?;
        Ok(Self { cluster, tools, _folder: folder })
    }

    /// The way to one of its databases.
    pub fn connection(&self, database: &str) -> std::result::Result<Connection, Failure> {
        self.cluster.connection(database)
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        self.cluster.url(database)
    }

    /// A session with one of its databases.
    pub fn session(&self, database: &str) -> std::result::Result<Session, Failure> {
        Session::open(&self.connection(database)?, &self.tools)
    }

    /// Fills `postgres` with a database like Supabase's.
    pub fn fill(&self, accounts: u32) -> std::result::Result<(), Failure> {
        self.session("postgres")?.tell(&specimen(accounts))
    }
}

/// A disk that is full after so many bytes: what is written then fails.
#[derive(Debug)]
pub struct FullDisk<S> {
    inner: S,
    left: Arc<AtomicU64>,
}

impl<S> FullDisk<S> {
    /// Over a store, with so many bytes left.
    pub fn over(inner: S, left: u64) -> Self {
        Self { inner, left: Arc::new(AtomicU64::new(left)) }
    }
}

/// Takes what is written from what is left, or says that nothing is.
fn take(left: &AtomicU64, bytes: usize) -> Result<()> {
    let bytes = bytes as u64;
    let taken = left.try_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(bytes));
    let full = |_| object_store::Error::Generic {
        store: "disk",
        source: "no space left on device".into(),
    };
    taken.map(drop).map_err(full)
}

impl<S: fmt::Display> fmt::Display for FullDisk<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, nearly full", self.inner)
    }
}

#[async_trait::async_trait]
impl<S: ObjectStore> ObjectStore for FullDisk<S> {
    async fn put_opts(
        &self,
        at: &Path,
        what: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        take(&self.left, what.content_length())?;
        self.inner.put_opts(at, what, options).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let inner = self.inner.put_multipart_opts(at, options).await?;
        Ok(Box::new(FullUpload { inner, left: Arc::clone(&self.left) }))
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(at, options).await
    }

    async fn get_ranges(&self, at: &Path, ranges: &[Range<u64>]) -> Result<Vec<axum::body::Bytes>> {
        self.inner.get_ranges(at, ranges).await
    }

    fn delete_stream(
        &self,
        all: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(all)
    }

    fn list(&self, below: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(below)
    }

    async fn list_with_delimiter(&self, below: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(below).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[derive(Debug)]
struct FullUpload {
    inner: Box<dyn MultipartUpload>,
    left: Arc<AtomicU64>,
}

#[async_trait::async_trait]
impl MultipartUpload for FullUpload {
    fn put_part(&mut self, part: PutPayload) -> UploadPart {
        match take(&self.left, part.content_length()) {
            Ok(()) => self.inner.put_part(part),
            Err(full) => Box::pin(async { Err(full) }),
        }
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.inner.complete().await
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}
