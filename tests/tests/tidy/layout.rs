//! What lies at the top of the project, and its documents.

use std::collections::BTreeSet;

use crate::source::{files, read};

/// Everything that may lie at the top. A newcomer reads this list before anything else.
const TOP: [&str; 19] = [
    ".cargo",
    ".ci",
    ".config",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "bot",
    "clippy.toml",
    "deny.toml",
    "functions",
    "infra",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "shared",
    "tests",
];

/// The two commands with which somebody meets the product.
const FIRST_COMMANDS: [&str; 2] = ["cargo run --release -- drill complete-outage", "tests/run"];

#[test]
fn the_top_level_holds_only_what_belongs_there() {
    let files = files();
    let top = files.iter().filter_map(|path| path.iter().next()?.to_str());
    let strange: BTreeSet<_> = top.filter(|name| !TOP.contains(name)).collect();
    assert!(strange.is_empty(), "move these into a folder, or let git ignore them: {strange:?}");
}

#[test]
fn the_readme_begins_with_the_two_commands() {
    let readme = read("README.md");
    let block = readme.split("```").nth(1).unwrap_or("");
    // The rest of the fence's own line names the language.
    let lines = block.lines().skip(1).map(|line| line.split(" #").next().unwrap_or("").trim());
    let commands: Vec<_> =
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(commands, FIRST_COMMANDS, "the first fenced block of README.md");
}

#[test]
fn the_architecture_is_read_in_one_sitting() {
    let lines = read("ARCHITECTURE.md").lines().count();
    assert!(lines <= 150, "ARCHITECTURE.md:{lines}: 150 lines are the limit, move or drop some");
}

#[test]
fn the_changelog_speaks_to_users() {
    assert!(read("CHANGELOG.md").starts_with("# Changelog"), "CHANGELOG.md:1: wants `# Changelog`");
}
