//! A raw HTTP/1.1 client over one keep-alive connection, so that a measurement is of the server and not of a client.
//!
//! It knows what the measured servers answer and no more: a status, a length or chunks. Nothing is pipelined.

use std::io::{self, Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// A server that is silent for this long is broken.
const PATIENCE: Duration = Duration::from_mins(1);

/// One connection.
pub struct Connection {
    stream: TcpStream,
    inbox: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub fn open(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, inbox: Vec::new() })
    }

    /// Sends a request and waits for the status of its answer.
    pub fn ask(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request)?;
        self.answer()
    }

    /// Sends a request and fails unless it is answered with this status.
    pub fn require(&mut self, status: u16, request: &[u8]) -> io::Result<()> {
        match self.ask(request)? {
            found if found == status => Ok(()),
            found => Err(Error::other(format!("answered {found} instead of {status}"))),
        }
    }

    fn answer(&mut self) -> io::Result<u16> {
        let head = self.through(b"\r\n\r\n")?.to_ascii_lowercase();
        let head = String::from_utf8_lossy(&head);
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
        let status = status.ok_or_else(|| Error::from(ErrorKind::InvalidData))?;
        let field = |name| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        if field("transfer-encoding:") == Some("chunked") {
            self.through(b"0\r\n\r\n")?;
        } else {
            let length = field("content-length:").and_then(|text| text.parse().ok());
            self.skip(length.unwrap_or(0))?;
        }
        Ok(status)
    }

    /// Takes everything up to and with a mark.
    fn through(&mut self, mark: &[u8]) -> io::Result<Vec<u8>> {
        loop {
            let found = self.inbox.windows(mark.len()).position(|window| window == mark);
            if let Some(start) = found {
                return Ok(self.inbox.drain(..start + mark.len()).collect());
            }
            self.more()?;
        }
    }

    fn skip(&mut self, length: usize) -> io::Result<()> {
        while self.inbox.len() < length {
            self.more()?;
        }
        self.inbox.drain(..length);
        Ok(())
    }

    fn more(&mut self) -> io::Result<()> {
        let mut part = [0; 16 * 1024];
        match self.stream.read(&mut part)? {
            0 => Err(Error::from(ErrorKind::UnexpectedEof)),
            count => {
                self.inbox.extend_from_slice(&part[..count]);
                Ok(())
            }
        }
    }
}

/// The bytes of a `GET`.
#[must_use]
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()
}

/// The bytes of a `POST` of JSON, with a bearer token where there is one.
#[must_use]
pub fn post(path: &str, token: Option<&str>, json: &str) -> Vec<u8> {
    let proof = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let length = json.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\n{proof}content-type: application/json\r\n\
         content-length: {length}\r\n\r\n{json}"
    )
    .into_bytes()
}

/// A loopback address that nobody listens on now.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}
