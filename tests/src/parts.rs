//! The third-party programs that `tests/parts` fetches.

use std::path::{Path, PathBuf};

/// The program of part `name`. Give it absolute paths: some parts run in a folder of their own.
///
/// # Panics
/// If the part is not there. A test that needs it must fail then, for a skipped test looks passed.
pub fn program(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.parts/bin").join(name);
    assert!(path.exists(), "{name} is missing: run tests/parts, it says why it cannot be had");
    path
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::program;

    #[test]
    fn every_part_runs_and_tells_its_version() {
        for name in ["promtool", "alertmanager", "knotd", "kdig", "knsupdate"] {
            let output = Command::new(program(name)).arg("--version").output().unwrap();
            assert!(String::from_utf8_lossy(&output.stdout).contains("version"), "{name}");
        }
    }
}
