//! PostgreSQL's own programs: where they are, how old they are, how they ended.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

use super::{Connection, Failure};

/// Of what a program says, the last so many bytes are kept.
const WORDS_MAX: usize = 2_000;

/// PostgreSQL's programs, of one folder or from the `PATH`.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    /// The folder; `None` for the `PATH`.
    pub folder: Option<PathBuf>,
}

impl Tools {
    /// Those of `named`, else the newest that Debian installed, else what the `PATH` has.
    pub fn find(named: Option<&str>) -> Self {
        if let Some(folder) = named {
            return Self { folder: Some(folder.into()) };
        }
        let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let versions = installed.filter_map(|one| one.file_name().to_str()?.parse::<u32>().ok());
        let newest = versions.max();
        Self { folder: newest.map(|it| format!("/usr/lib/postgresql/{it}/bin").into()) }
    }

    /// Where a program is, or its name where the `PATH` knows.
    pub fn path(&self, program: &str) -> PathBuf {
        self.folder.as_ref().map_or_else(|| program.into(), |at| at.join(program))
    }

    /// That program, to be told more.
    pub fn command(&self, program: &str) -> Command {
        Command::new(self.path(program))
    }

    /// The program's version as it says it, e.g. `15.18`.
    pub fn version(&self, program: &str) -> Result<String, Failure> {
        let output = self.command(program).arg("--version").output();
        let output = output.map_err(|error| missing(program, &error))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let version =
            said.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        version.map(ToOwned::to_owned).ok_or_else(|| {
            Failure::Setup(format!("{program} doesn't say which version it is: {}", said.trim()))
        })
    }

    /// Refuses a program that is older than the server, and answers with its version.
    pub fn at_least(&self, program: &str, server: u32) -> Result<String, Failure> {
        let version = self.version(program)?;
        let has = major(&version).unwrap_or(0);
        if has >= server {
            return Ok(version);
        }
        Err(Failure::TooOld { program: program.into(), has, server })
    }

    /// Starts a program that talks to that database: its words are collected, its input and output are pipes.
    pub(super) fn start(
        &self,
        program: &str,
        arguments: &[&str],
        connection: &Connection,
    ) -> Result<Running, Failure> {
        self.start_with(Stdio::piped(), program, arguments, connection)
    }

    /// The same with another input, e.g. a file.
    pub(super) fn start_with(
        &self,
        input: Stdio,
        program: &str,
        arguments: &[&str],
        connection: &Connection,
    ) -> Result<Running, Failure> {
        let mut command = self.command(program);
        connection.tell(&mut command);
        command.args(arguments);
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| missing(program, &error))?;
        let words = child.stderr.take().map(|said| std::thread::spawn(move || last_words(said)));
        Ok(Running { program: program.into(), child, words })
    }
}

/// The first number of a version.
pub(super) fn major(version: &str) -> Option<u32> {
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn missing(program: &str, error: &std::io::Error) -> Failure {
    Failure::Setup(format!(
        "failed to start {program} ({error}): install PostgreSQL's client programs, or name their folder in \
         ALLCLEAR_PG_BIN"
    ))
}

fn last_words(mut from: impl Read) -> String {
    let (mut kept, mut chunk) = (Vec::new(), [0; 1024]);
    while let Ok(many @ 1..) = from.read(&mut chunk) {
        kept.extend_from_slice(&chunk[..many]);
        kept.drain(..kept.len().saturating_sub(WORDS_MAX));
    }
    String::from_utf8_lossy(&kept).trim().to_owned()
}

/// A started program. Dropped before its end it is killed: nothing outlives what it was started for.
pub(super) struct Running {
    program: String,
    pub child: Child,
    words: Option<JoinHandle<String>>,
}

impl Running {
    /// Waits for its end. An end by a signal, or with a status other than 0, is a failure.
    pub fn end(mut self) -> Result<i32, Failure> {
        drop(self.child.stdin.take());
        let status = self.child.wait();
        let says = self.words();
        match status {
            Ok(status) if status.success() => Ok(0),
            Ok(status) => Err(self.failed(&ended(status), says)),
            Err(error) => Err(self.failed(&error.to_string(), says)),
        }
    }

    fn words(&mut self) -> String {
        self.words.take().and_then(|words| words.join().ok()).unwrap_or_default()
    }

    fn failed(&self, status: &str, says: String) -> Failure {
        Failure::Program { program: self.program.clone(), status: status.into(), says }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

fn ended(status: ExitStatus) -> String {
    status.code().map_or_else(|| "ended by a signal".into(), |code| format!("exit status {code}"))
}
