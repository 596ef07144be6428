//! Where Alertmanager sends its notifications: answers 200 and keeps the figures.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use tests::bench::now;

/// What came so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Notified {
    /// Requests.
    pub count: usize,
    /// The largest body in bytes.
    pub largest: usize,
    /// When the one about the frontend came.
    pub frontend: Option<Instant>,
}

/// A listening sink; it ends with the benchmark.
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    notified: Arc<Mutex<Notified>>,
}

impl Sink {
    /// Listens.
    pub fn open() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let notified = Arc::new(Mutex::new(Notified::default()));
        let shared = Arc::clone(&notified);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A connection that breaks off ends its own thread only.
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Ok(Self { address, notified })
    }

    /// What came so far.
    pub fn notified(&self) -> Notified {
        *held(&self.notified)
    }
}

fn held(notified: &Mutex<Notified>) -> MutexGuard<'_, Notified> {
    notified.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(stream: TcpStream, notified: &Mutex<Notified>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(length) = head(&mut reader)? {
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let about_frontend = body.windows(8).any(|window| window == b"frontend");
        note(&mut held(notified), length, about_frontend);
        reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    }
    Ok(())
}

fn note(notified: &mut Notified, length: usize, about_frontend: bool) {
    notified.count += 1;
    notified.largest = notified.largest.max(length);
    if about_frontend {
        notified.frontend.get_or_insert_with(now);
    }
}

/// Reads a request's head: the length of its body, or `None` at the connection's end.
fn head(reader: &mut impl BufRead) -> io::Result<Option<usize>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            return Ok(Some(length));
        }
        if let Some(text) = line.strip_prefix("content-length:") {
            length = text.trim().parse().unwrap_or(0);
        }
    }
}
