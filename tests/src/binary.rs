//! The real program: tests that kill a server kill this one, and tests of the terminal type into it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Builds `allclear` like these tests were built, once in a test program, and says where it is.
///
/// # Panics
/// If it can't be built.
pub fn allclear() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build(is_release()))
}

/// Builds `allclear` as it is shipped, however these tests were built, and says where it is.
///
/// # Panics
/// If it can't be built.
pub fn shipped() -> PathBuf {
    build(true)
}

/// Builds what Lambda starts like these tests were built, and says in which folder it is.
///
/// # Panics
/// If it can't be built.
pub fn bootstrap() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        made("bootstrap", is_release());
        folder()
    })
}

/// The folder of what was built like this program.
fn folder() -> PathBuf {
    let tests = std::env::current_exe().unwrap_or_default();
    // Programs lie in the profile's folder, tests in `deps` below it.
    let deps = tests.parent().unwrap_or(Path::new(""));
    let folder = if deps.ends_with("deps") { deps.parent().unwrap_or(deps) } else { deps };
    folder.to_owned()
}

fn is_release() -> bool {
    folder().ends_with("release")
}

/// What names the package under test: a build script that looks at it would think that everything has changed.
const PACKAGE: [&str; 9] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_PKG_AUTHORS",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

fn build(release: bool) -> PathBuf {
    let folder = if release { folder().with_file_name("release") } else { folder() };
    made("allclear", release);
    folder.join("allclear")
}

/// The test beside it brings the features of all tests with it, so that nothing is built a second time.
fn made(program: &str, release: bool) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--workspace", "--bin", program]);
    cargo.args(if release { &["--release"][..] } else { &["--test", "tidy"] });
    for name in PACKAGE {
        cargo.env_remove(name);
    }
    assert!(cargo.status().is_ok_and(|status| status.success()), "failed to build {program}");
}
