//! Waiting for the network from code that doesn't: a thread with a runtime of its own, whoever asks.
//!
//! The store is asked from the desk's thread, which is inside of a runtime already and could drive no second one. A
//! connection belongs to the runtime that opened it, so a table's client must not be used elsewhere at the same time.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc as answers;

use shared::store::StoreError;
use tokio::sync::mpsc;

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The way to the thread; it ends with this.
#[derive(Debug)]
pub(super) struct Wire(mpsc::UnboundedSender<Job>);

impl Wire {
    pub fn start() -> Result<Self, StoreError> {
        let failed = |error: std::io::Error| {
            StoreError::Unavailable(format!("no thread for the network: {error}"))
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(failed)?;
        let (sender, mut jobs) = mpsc::unbounded_channel::<Job>();
        let serve = async move {
            while let Some(job) = jobs.recv().await {
                tokio::spawn(job);
            }
        };
        let thread = std::thread::Builder::new().name("store".into());
        thread.spawn(move || runtime.block_on(serve)).map_err(failed)?;
        Ok(Self(sender))
    }

    /// Waits until the work is done.
    pub fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = answers::sync_channel(1);
        self.begin(async move {
            let _nobody_waits = reply.send(work.await);
        });
        let gone = |_| StoreError::Unavailable("the store's thread has ended: restart".into());
        answer.recv().map_err(gone)?
    }

    /// Begins work that nobody waits for.
    pub fn begin(&self, work: impl Future<Output = ()> + Send + 'static) {
        // A thread that has ended drops the work, and whoever waits for it learns that.
        let _ = self.0.send(Box::pin(work));
    }
}
