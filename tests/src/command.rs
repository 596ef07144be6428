//! A desk to type `allclear` at: the real program, in a folder of its own with the plan and nothing else.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::binary::allclear;

/// A folder in which commands are typed, like a checkout: its plan is `infra/plan.toml`, its store `allclear.db`.
#[derive(Debug)]
pub struct Desk {
    folder: PathBuf,
}

/// What a command said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its exit code: 0 done, 1 refused or broken, 2 not understood.
    pub code: i32,
    /// What it wrote to stdout: the answer.
    pub out: String,
    /// What it wrote to stderr: talk.
    pub err: String,
}

impl Desk {
    /// Sets the desk up in an empty folder.
    ///
    /// # Panics
    /// If the folder can't be written to.
    pub fn in_folder(folder: &Path) -> Self {
        let desk = Self { folder: folder.to_owned() };
        let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/plan.toml");
        let copied = std::fs::create_dir_all(desk.path("infra"))
            .and_then(|()| std::fs::copy(plan, desk.path("infra/plan.toml")));
        assert!(copied.is_ok(), "failed to set up the desk: {copied:?}");
        desk
    }

    /// A file on the desk.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The command as a shell would start it. Words stand apart by spaces; `"several of them"` count as one.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(allclear());
        command.args(words(line)).current_dir(&self.folder).stdin(Stdio::null());
        for setting in ["ALLCLEAR_STORE", "ALLCLEAR_PLAN", "ALLCLEAR_PERSON"] {
            command.env_remove(setting);
        }
        // Wide enough that nothing is wrapped.
        command.env("COLUMNS", "300");
        command
    }

    /// Types a command and waits for its answer.
    ///
    /// # Panics
    /// If it can't be started or is killed.
    pub fn types(&self, line: &str) -> Said {
        match self.command(line).output() {
            Ok(output) => Said::from(&output),
            Err(error) => panic!("failed to run allclear {line}: {error}"),
        }
    }
}

impl From<&Output> for Said {
    fn from(output: &Output) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        // A program that a signal ended has no code.
        let code = output.status.code().unwrap_or(-1);
        Self { code, out: text(&output.stdout), err: text(&output.stderr) }
    }
}

fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in line.split('"').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(ToOwned::to_owned));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn quoted_words_stay_together() {
        assert_eq!(words(r#"freeze "vendor down" now"#), ["freeze", "vendor down", "now"]);
    }
}
