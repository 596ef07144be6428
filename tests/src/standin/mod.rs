//! Stand-ins for the services that we call and that call us: they speak the real protocols on loopback, keep the rules no
//! emulator keeps, and fail on demand.
//!
//! They hold what we can observe and nothing else: nothing is stored on disk, and Amazon's do not check signatures.

use std::sync::Arc;

use tokio::sync::watch;

pub mod arc;
pub mod flaky;
mod http;
pub mod knot;
pub mod mail;
pub mod name_server;
pub mod outside;
pub mod phones;
pub mod postgres;
pub mod route53;
pub mod s3;
pub mod site;
pub mod slack;
pub mod stage;
pub mod supabase;
pub mod twilio;
pub mod vercel;
pub mod vonage;

/// Rings when what users would be answered may have changed.
#[derive(Clone, Debug)]
pub struct Bell(Arc<watch::Sender<u64>>);

impl Bell {
    /// Says that something changed.
    pub fn ring(&self) {
        self.0.send_modify(|rings| *rings += 1);
    }

    /// Hears every ring from now on; rings that come while the listener is busy fall together.
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

impl Default for Bell {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}
