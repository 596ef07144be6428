//! Which way the crates depend, and what the whole tree may contain.

use std::process::{Command, Output};

use serde_json::Value;

use crate::source::{read, root};

/// The crates of the workspace: each may depend on those before it.
const ORDER: [&str; 4] = ["shared", "functions", "bot", "tests"];
/// What would let I/O, waiting or chance into the domain. AWS's crates all begin with `aws`.
const IMPURE: [&str; 5] = ["getrandom", "rand", "reqwest", "rusqlite", "tokio"];

#[test]
fn crates_depend_one_way() {
    let metadata = metadata(&["--no-deps"]);
    for (crate_name, dependency) in dependencies(&metadata) {
        let rank = |name: &str| ORDER.iter().position(|it| *it == name);
        let own = rank(&crate_name).unwrap_or_else(|| panic!("{crate_name} has no place in ORDER"));
        assert!(
            rank(&dependency).is_none_or(|other| other < own),
            "{crate_name}/Cargo.toml: must not depend on {dependency}, the order is {ORDER:?}"
        );
    }
}

#[test]
fn the_domain_can_neither_wait_nor_roll_dice() {
    let metadata = metadata(&["--no-deps"]);
    for (_, dependency) in dependencies(&metadata).iter().filter(|(name, _)| name == "shared") {
        let first = dependency.split('-').next().unwrap();
        let whole = dependency.as_str();
        let impure = IMPURE.contains(&whole) || first == "aws";
        assert!(!impure, "shared/Cargo.toml: {dependency} belongs into `functions`");
    }
}

#[test]
fn there_is_one_provider_of_tls() {
    for banned in ["aws-lc-sys", "aws-lc-rs", "openssl-sys", "native-tls"] {
        let users = users_of(banned);
        assert!(
            users.is_empty(),
            "{banned} is built in, switch off the feature that asks:\n{users}"
        );
    }
    assert!(!users_of("ring").is_empty(), "nothing uses ring: what speaks TLS then?");
}

#[test]
fn every_licence_is_on_the_allow_list() {
    let deny: toml::Table = read("deny.toml").parse().unwrap();
    let allowed: Vec<_> = deny["licenses"]["allow"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    for package in metadata(&[])["packages"].as_array().unwrap() {
        let licence = package["license"].as_str().unwrap_or("");
        assert!(
            is_allowed(licence, &allowed),
            "{}: `{licence}` is not on the list in deny.toml: read it, then list it or drop the \
             package",
            package["id"]
        );
    }
}

/// Whether an SPDX expression can be met with `allowed` licences only.
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let parsed = spdx::Expression::parse_mode(expression, spdx::ParseMode::LAX);
    parsed.is_ok_and(|it| it.evaluate(|needed| allowed.contains(&needed.to_string().as_str())))
}

/// Each crate of the workspace with each package its Cargo.toml names, in any table.
fn dependencies(metadata: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let pairs = packages.flat_map(|package| {
        let named = package["dependencies"].as_array().unwrap().iter();
        named.map(move |it| (text(&package["name"]), text(&it["name"])))
    });
    pairs.collect()
}

/// What builds `package` into the product, as `cargo tree` draws it; empty if nothing does.
fn users_of(package: &str) -> String {
    let question = ["-e", "normal,build", "--workspace", "--all-features", "-i", package];
    let output = cargo("tree", &question);
    let errors = String::from_utf8_lossy(&output.stderr);
    // Cargo fails when the lock file does not even name the package.
    let unknown = errors.contains("did not match any packages");
    assert!(output.status.success() || unknown, "cargo tree -i {package}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn metadata(options: &[&str]) -> Value {
    let output =
        cargo("metadata", &[&["--format-version", "1", "--all-features"], options].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn cargo(command: &str, options: &[&str]) -> Output {
    let mut cargo = Command::new("cargo");
    cargo.args([command, "--locked", "--quiet"]).args(options).current_dir(root());
    cargo.output().expect("cargo runs these tests")
}
