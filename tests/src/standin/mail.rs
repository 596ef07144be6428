//! A mail server that nobody here wrote: aiosmtpd, with a folder for what it takes.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::sleep;

use crate::parts;

/// A server that keeps what it takes as files.
pub struct Server {
    /// How it is reached.
    pub url: String,
    folder: TempDir,
    process: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.process.kill().and_then(|()| self.process.wait());
    }
}

impl Server {
    /// Starts it on a free port, with further options of the program.
    ///
    /// # Panics
    /// If it can't be started.
    pub async fn start(options: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(parts::program("aiosmtpd"));
        command.args(["-n", "-l", &format!("127.0.0.1:{port}")]).args(options);
        command.args(["-c", "aiosmtpd.handlers.Mailbox"]).arg(folder.path().join("mail"));
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { url: format!("smtp://127.0.0.1:{port}"), folder, process };
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return server;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("aiosmtpd does not start");
    }

    /// Every letter it took.
    ///
    /// # Panics
    /// If one can't be read.
    pub fn letters(&self) -> Vec<String> {
        let new = self.folder.path().join("mail/new");
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        std::fs::read_dir(new).unwrap().map(|file| read(&file.unwrap().path())).collect()
    }
}
