//! What people type and what they get: the real program, a store of its own, exit codes and words.
//!
//! How pages look at which width is held by the snapshots in `bot`; here times differ from run to run and are left out.

#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use tempfile::TempDir;
use tests::command::{Desk, Said};

mod drills;
mod incidents;
mod people;
mod plan;
mod trust;

/// A desk and the folder that goes with it.
struct Place {
    desk: Desk,
    _folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { desk: Desk::in_folder(folder.path()), _folder: folder }
    }

    /// Somebody the plan knows types.
    fn says(&self, line: &str) -> Said {
        self.desk.types(&format!("--as lead-developer {line}"))
    }

    /// What was done; anything but success fails the test.
    fn does(&self, line: &str) -> String {
        let said = self.says(line);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "allclear {line}\n{}", said.out);
        said.out
    }

    /// What was refused, and why; stdout stays empty for the programs that read it.
    fn refused(&self, line: &str) -> String {
        refusal(line, self.says(line), 1)
    }

    /// What was not understood.
    fn misunderstood(&self, line: &str) -> String {
        refusal(line, self.says(line), 2)
    }

    fn json(&self, line: &str) -> serde_json::Value {
        serde_json::from_str(&self.does(&format!("--json {line}"))).unwrap()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.desk.path(name)).unwrap()
    }
}

fn refusal(line: &str, said: Said, code: i32) -> String {
    assert_eq!((said.code, said.out.as_str()), (code, ""), "allclear {line}\n{}", said.err);
    said.err
}
