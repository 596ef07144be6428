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
        made("bootstrap", if is_release() { "release" } else { "dev" });
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

fn build(release: bool) -> PathBuf {
    let profile = if release { "release" } else { "dev" };
    let folder = if release { folder().with_file_name("release") } else { folder() };
    made("allclear", profile);
    folder.join("allclear")
}

/// Both packages, whatever is built of them: else cargo builds everything below them twice.
fn made(program: &str, profile: &str) {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--package", "bot", "--package", "functions"])
        .args(["--bin", program, "--profile", profile])
        .status();
    assert!(built.is_ok_and(|status| status.success()), "failed to build {program}");
}
