//! The third-party programs that `tests/parts` fetches.

use std::path::{Path, PathBuf};

/// The program of part `name`, or the folder of one that is no program. Give it absolute paths: some parts run in a
/// folder of their own.
///
/// # Panics
/// If the part is not there. A test that needs it must fail then, for a skipped test looks passed.
pub fn program(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.parts/bin").join(name);
    assert!(path.exists(), "{name} is missing: run tests/parts, it says why it cannot be had");
    path
}

/// The folder of PostgreSQL's programs.
///
/// # Panics
/// If they are not there.
pub fn postgres() -> PathBuf {
    let bin = program("postgres");
    bin.parent().map(Path::to_owned).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::program;

    #[test]
    fn every_part_runs_and_tells_what_it_is() {
        for (name, asked, says) in [
            ("promtool", "--version", "version 2.42.0"),
            ("alertmanager", "--version", "version 0.25.0"),
            ("knotd", "--version", "version 3.2.6"),
            ("kdig", "--version", "version 3.2.6"),
            ("knsupdate", "--version", "version 3.2.6"),
            ("postgres", "--version", "(PostgreSQL) 15."),
            ("pg_dump", "--version", "(PostgreSQL) 15."),
            ("age", "--version", "1.1.1"),
            ("zstd", "--version", "v1.5."),
            ("restic", "version", "restic 0.14.0"),
            ("emulate", "--version", "0.11.2"),
            ("ministack", "--help", "ministack"),
        ] {
            let output = Command::new(program(name)).arg(asked).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.contains(says), "{name}: {said}");
        }
        assert!(program("vercel-sdk").join("package.json").exists());
        for client in ["bolt", "socket-mode", "web-api"] {
            assert!(
                program("slack-clients").join(client).join("package.json").exists(),
                "{client}"
            );
        }
    }
}
