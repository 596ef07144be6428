//! Backups in a bucket: an emulator of S3 that nobody here wrote, and a writer that may do next to nothing.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, DefaultRetention, ObjectLockConfiguration,
    ObjectLockEnabled, ObjectLockRetentionMode, ObjectLockRule,
};
use functions::backup::{Failure, Job, Shelf, create, verify};
use functions::clock;
use functions::http::{self, Roots};
use functions::vendors::aws::Aws;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use shared::backup::{Level, Manifest};
use shared::time::{Span, Ts};
use tests::emulator::Emulator;
use tokio::runtime::Runtime;

use crate::scene::Scene;

const PLACE: &str = "s3://backups/of-us?region=us-west-2";
const KEPT_DAYS: i32 = 7;

/// A bucket in which nothing can be deleted for a week, and a shelf in it.
struct Locked {
    runtime: Runtime,
    s3: aws_sdk_s3::Client,
    shelf: Shelf,
    _emulator: Emulator,
}

impl Locked {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let emulator = runtime.block_on(Emulator::aws()).unwrap();
        let url = emulator.url.clone();
        let read = move |name: &str| match name {
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".into()),
            "AWS_ENDPOINT_URL_S3" => Some(url.clone()),
            _ => None,
        };
        let client = http::client(&Roots::default()).unwrap();
        let s3 = Aws::from_environment(client, &read).unwrap().s3("us-west-2");
        runtime.block_on(lock(&s3));
        let shelf = Shelf::open(PLACE, &read).unwrap();
        Self { runtime, s3, shelf, _emulator: emulator }
    }
}

async fn lock(s3: &aws_sdk_s3::Client) {
    let west = BucketLocationConstraint::UsWest2;
    let west = CreateBucketConfiguration::builder().location_constraint(west).build();
    let create = s3.create_bucket().bucket("backups").create_bucket_configuration(west);
    create.object_lock_enabled_for_bucket(true).send().await.unwrap();
    let week = DefaultRetention::builder()
        .mode(ObjectLockRetentionMode::Compliance)
        .days(KEPT_DAYS)
        .build();
    let rule = ObjectLockRule::builder().default_retention(week).build();
    let lock = ObjectLockConfiguration::builder()
        .object_lock_enabled(ObjectLockEnabled::Enabled)
        .rule(rule)
        .build();
    let put = s3.put_object_lock_configuration().bucket("backups");
    put.object_lock_configuration(lock).send().await.unwrap();
}

#[test]
fn a_backup_in_a_bucket_is_locked_checked_and_comes_back() {
    let (locked, mut scene) = (Locked::new(), Scene::new());
    let before = clock::now();
    scene.shelf = locked.shelf;
    let made = scene.back_up();
    let until = made.locked_until.unwrap();
    let days = Span::days(i64::from(KEPT_DAYS));
    assert!(until >= before + days && until <= clock::now() + days, "{until}");
    let check = verify(&made, Level::L1, &scene.shelf, None, &scene.signer, clock::now).unwrap();
    assert_eq!((check.faults.len(), check.bytes), (0, made.stored_bytes()));
    let catalogue = scene.catalogue();
    let entry = &catalogue.entries()[0];
    assert_eq!((entry.level(), entry.locked_until), (Level::L1, Some(until)));
    assert_eq!(scene.restore(&made, "from_bucket").unwrap().differences, Vec::<String>::new());
    assert!(scene.shelf.ready().unwrap().contains("7 d"), "{}", scene.shelf.ready().unwrap());
    locked.runtime.block_on(async {
        // The emulator locks only what comes in one part; S3 locks every object alike.
        let key = format!("of-us/{}", Manifest::key(&made.id));
        let there = locked.s3.head_object().bucket("backups").key(&key).send().await.unwrap();
        let version = there.version_id.unwrap();
        let asked = locked.s3.get_object_retention().bucket("backups").key(&key).send().await;
        let kept = asked.unwrap().retention.unwrap().retain_until_date.unwrap();
        assert!(kept.to_millis().unwrap() + 1_000 >= until.0, "the store keeps what we noted");
        let delete = locked.s3.delete_object().bucket("backups").key(&key).version_id(version);
        assert!(delete.send().await.is_err(), "what is locked stays");
    });
}

#[test]
fn a_name_in_a_bucket_is_taken_once() {
    let (locked, scene) = (Locked::new(), Scene::new());
    let fixed = || Ts(1_790_000_000_000);
    let job = Job { shelf: &locked.shelf, clock: fixed, ..scene.job() };
    create(job).unwrap();
    assert!(matches!(create(job), Err(Failure::Busy)));
}

#[test]
fn an_outage_of_the_bucket_leaves_no_backup() {
    let scene = Scene::new();
    let read = |name: &str| match name {
        "AWS_ENDPOINT_URL_S3" => Some("http://127.0.0.1:1".into()),
        name => name.starts_with("AWS_").then(|| "test".into()),
    };
    let shelf = Shelf::open(PLACE, read).unwrap();
    let (sender, answer) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _heard = sender.send(create(Job { shelf: &shelf, ..scene.job() }).map(drop));
    });
    let failed = answer.recv_timeout(Duration::from_mins(2)).unwrap();
    assert!(matches!(failed, Err(Failure::Store(_))), "{failed:?}");
}

#[test]
fn a_place_that_makes_no_sense_says_how_to_write_it() {
    let told = |place: &str| Shelf::open(place, |_| None).unwrap_err().to_string();
    for place in ["s3://", "s3://backups", "ftp://backups/x"] {
        assert!(told(place).contains("s3://bucket/folder?region="), "{}", told(place));
    }
    assert!(told(PLACE).contains("AWS_ACCESS_KEY_ID"), "{}", told(PLACE));
}

#[test]
fn whoever_may_neither_read_nor_delete_makes_a_backup_all_the_same() {
    let (scene, kept) = (Scene::new(), Arc::new(InMemory::new()));
    let writer = Shelf::over(Arc::new(WriteOnly(Arc::clone(&kept)))).unwrap();
    let made = create(Job { shelf: &writer, ..scene.job() }).unwrap();
    let refused = writer.manifest(&made.id, &scene.trust());
    assert!(refused.unwrap_err().to_string().contains("AccessDenied"));
    let reader = Shelf::over(kept).unwrap();
    let found: Manifest = reader.manifest(&made.id, &scene.trust()).unwrap();
    assert_eq!(found, made);
}

/// A store to a writer whose keys may put and list.
#[derive(Debug)]
struct WriteOnly(Arc<InMemory>);

fn denied<T>() -> object_store::Result<T> {
    Err(object_store::Error::Generic { store: "bucket", source: "AccessDenied".into() })
}

impl fmt::Display for WriteOnly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, for writing only", self.0)
    }
}

#[async_trait::async_trait]
impl ObjectStore for WriteOnly {
    async fn put_opts(
        &self,
        at: &Path,
        what: PutPayload,
        options: PutOptions,
    ) -> object_store::Result<PutResult> {
        self.0.put_opts(at, what, options).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, _: &Path, _: GetOptions) -> object_store::Result<GetResult> {
        denied()
    }

    async fn get_ranges(
        &self,
        _: &Path,
        _: &[Range<u64>],
    ) -> object_store::Result<Vec<axum::body::Bytes>> {
        denied()
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        Box::pin(futures_util::stream::once(async { denied() }))
    }

    fn list(&self, below: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.0.list(below)
    }

    async fn list_with_delimiter(&self, below: Option<&Path>) -> object_store::Result<ListResult> {
        self.0.list_with_delimiter(below).await
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> object_store::Result<()> {
        denied()
    }
}
