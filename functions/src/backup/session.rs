//! One session with a database, through `psql`: the same libpq, the same URL, the same TLS as the dump itself, so that
//! what is counted is counted where it is dumped.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};

use serde::de::DeserializeOwned;

use super::tools::Running;
use super::{Connection, Failure, Tools};

/// Follows every answer; a line that no query of ours gives.
const END: &str = "-- end of answer --";
/// The same text for the same value wherever it is asked, and no limit that a long dump would meet.
const SETTINGS: &str = "set search_path = ''; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres'; \
    set timezone = 'UTC'; set extra_float_digits = 1; set bytea_output = 'hex'; set row_security = off; \
    set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set lock_timeout = '30s'; \
    set standard_conforming_strings = on; set client_encoding = 'UTF8'; set xmloption = 'content'";

/// A session; it ends when dropped.
pub struct Session {
    program: Option<Running>,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Session {
    /// Connects.
    pub fn open(connection: &Connection, tools: &Tools) -> Result<Self, Failure> {
        let arguments = ["-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1"];
        let mut program = tools.start("psql", &arguments, connection)?;
        let to = program.child.stdin.take();
        let Some(from) = program.child.stdout.take() else {
            return Err(Failure::Database("psql has no output".into()));
        };
        let mut session = Self { program: Some(program), to, from: BufReader::new(from) };
        session.tell(SETTINGS)?;
        Ok(session)
    }

    /// Says something that has no answer.
    pub fn tell(&mut self, sql: &str) -> Result<(), Failure> {
        self.ask(sql).map(drop)
    }

    /// Asks for one value.
    pub fn json<T: DeserializeOwned>(&mut self, sql: &str) -> Result<T, Failure> {
        let answer = self.ask(sql)?;
        let answer = if answer.is_empty() { "null" } else { &answer };
        serde_json::from_str(answer)
            .map_err(|error| Failure::Database(format!("unexpected answer: {error}")))
    }

    /// Asks; the answer is what `psql` prints for it.
    fn ask(&mut self, sql: &str) -> Result<String, Failure> {
        let said = self
            .to
            .as_mut()
            .map(|to| write!(to, "{sql}\n;\n\\echo '{END}'\n").and_then(|()| to.flush()));
        if !matches!(said, Some(Ok(()))) {
            return Err(self.ended());
        }
        let (mut answer, mut line) = (String::new(), String::new());
        loop {
            line.clear();
            match self.from.read_line(&mut line) {
                Ok(0) | Err(_) => return Err(self.ended()),
                Ok(_) if line.trim_end() == END => return Ok(answer.trim_end().to_owned()),
                Ok(_) => answer.push_str(&line),
            }
        }
    }

    /// Ends it in order.
    pub fn close(mut self) -> Result<i32, Failure> {
        drop(self.to.take());
        match self.program.take() {
            Some(program) => program.end(),
            None => Err(Failure::Database("the session is over".into())),
        }
    }

    /// Why there is no answer. The end of a session is never a good one here.
    fn ended(&mut self) -> Failure {
        drop(self.to.take());
        match self.program.take().map(Running::end) {
            Some(Err(Failure::Program { says, status, .. })) if !says.is_empty() => {
                let words =
                    says.lines().map(|line| line.split_once("ERROR:  ").map_or(line, |it| it.1));
                Failure::Database(format!("{} ({status})", words.collect::<Vec<_>>().join(" ")))
            }
            Some(Err(other)) => other,
            Some(Ok(_)) | None => Failure::Database("the session is over".into()),
        }
    }
}

/// A name as SQL quotes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL quotes it.
pub(super) fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}
