//! A long way to a stand-in: everything sent to it arrives later by the same time, and what was asked is noted.
//!
//! It delays bytes and not requests, so that a request in two parts waits once. Replies come back at once: the way is
//! as long in both directions together as it is given.

use std::collections::VecDeque;
use std::io::{Error, Result};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::sleep_until;

use super::now;

/// What begins a request on the wire.
const METHODS: [&[u8]; 4] = [b"GET ", b"POST ", b"PUT ", b"DELETE "];
/// Bytes that travel together.
const PART: usize = 16 * 1024;

/// A running link; it ends when it is dropped.
pub struct Link {
    /// Where its near end is.
    pub address: SocketAddr,
    notes: Arc<Mutex<Vec<Exchange>>>,
    task: JoinHandle<()>,
}

/// A request and its reply, as they passed the near end.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Method and path.
    pub asked: String,
    /// When the request passed.
    pub began: Instant,
    /// When the reply began to pass.
    pub ended: Instant,
}

/// The requests of one connection that wait for their replies.
type Waiting = Arc<Mutex<VecDeque<(String, Instant)>>>;

impl Link {
    /// Opens a link to the server behind a base URL.
    pub async fn open(to: &str, way: Duration) -> Result<Self> {
        let to: SocketAddr = to.trim_start_matches("http://").parse().map_err(Error::other)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, notes) = (listener.local_addr()?, Arc::default());
        let taken = Arc::clone(&notes);
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(join(near, to, way, Arc::clone(&taken)));
            }
        });
        Ok(Self { address, notes, task })
    }

    /// The base URL of its near end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What passed since this was last asked, in the order of the replies.
    pub fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn join(
    near: TcpStream,
    to: SocketAddr,
    way: Duration,
    notes: Arc<Mutex<Vec<Exchange>>>,
) -> Result<()> {
    let far = TcpStream::connect(to).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    let waiting = Waiting::default();
    let (parts, due) = unbounded_channel();
    let there = async {
        let mut near_in = near_in;
        let mut part = vec![0; PART];
        while let Ok(length @ 1..) = near_in.read(&mut part).await {
            note_request(&part[..length], &waiting);
            let _gone = parts.send((now() + way, part[..length].to_vec()));
        }
        drop(parts);
    };
    tokio::join!(there, deliver(due, far_out), reply(far_in, near_out, &waiting, &notes));
    Ok(())
}

/// Sends on what is due.
async fn deliver(mut due: UnboundedReceiver<(Instant, Vec<u8>)>, mut far: OwnedWriteHalf) {
    while let Some((at, part)) = due.recv().await {
        sleep_until(at.into()).await;
        if far.write_all(&part).await.is_err() {
            return;
        }
    }
}

/// Brings replies back, and notes each at its first byte.
async fn reply(
    mut far: OwnedReadHalf,
    mut near: OwnedWriteHalf,
    waiting: &Waiting,
    notes: &Mutex<Vec<Exchange>>,
) {
    let mut part = vec![0; PART];
    while let Ok(length @ 1..) = far.read(&mut part).await {
        let answered = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        if let Some((asked, began)) = answered {
            let exchange = Exchange { asked, began, ended: now() };
            notes.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
        }
        if near.write_all(&part[..length]).await.is_err() {
            return;
        }
    }
}

fn note_request(part: &[u8], waiting: &Waiting) {
    if METHODS.iter().any(|method| part.starts_with(method)) {
        let line = part.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let asked = String::from_utf8_lossy(line).replace(" HTTP/1.1", "");
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push_back((asked, now()));
    }
}
