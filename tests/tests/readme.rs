//! What the documents say can be done, can be done: commands are understood, examples accepted, files there.
//!
//! The first two commands are held by `tidy`; what commands do is tested in `terminal`.

#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::path::{Path, PathBuf};

use bot::grammar::Cli;
use clap::Parser;
use shared::plan::{built_in_text, read::read};
use shared::signal::{Health, Trust, parse};
use shared::time::Ts;
use tests::phone_drill::Args;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn document(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// What stands between the fences, without the fences' own lines.
fn fenced(text: &str) -> Vec<String> {
    let blocks = text.split("\n```").skip(1).step_by(2);
    blocks.filter_map(|block| Some(block.split_once('\n')?.1.to_owned())).collect()
}

/// The words of every line that starts our program, installed or through cargo.
fn commands(text: &str) -> Vec<Vec<String>> {
    let lines = fenced(text).join("\n").replace("cargo run --release --", "allclear");
    lines.lines().filter(|line| line.starts_with("allclear ")).map(words).collect()
}

/// As a shell reads them, as far as the README needs it: a comment ends the line.
fn words(line: &str) -> Vec<String> {
    let typed = line.split(" #").next().unwrap_or_default();
    typed.split_whitespace().map(|word| word.trim_matches('"').to_owned()).collect()
}

#[test]
fn every_command_of_the_readme_is_understood() {
    let commands = commands(&document("README.md"));
    assert!(commands.len() >= 10, "the README shows how it is used: {commands:?}");
    for command in commands {
        let understood = Cli::understand(command.iter().map(Into::into));
        assert!(understood.is_ok(), "{}\n{}", command.join(" "), understood.unwrap_err());
    }
}

#[test]
fn every_drill_of_the_readme_can_be_held() {
    for command in commands(&document("README.md")) {
        if let bot::grammar::Verb::Drill(args) =
            Cli::understand(command.iter().map(Into::into)).unwrap().verb
        {
            let known = ["list", "data-loss"].contains(&args.scenario.as_str())
                || bot::terminal::drill::script(&args).is_ok();
            assert!(known, "{}", command.join(" "));
        }
    }
}

#[test]
fn the_phone_drill_of_the_readme_is_understood() {
    let readme = document("README.md");
    let start = "cargo run -p tests --bin phone-drill";
    assert!(readme.contains(start), "the README names the drill of the phones");
    let faults = readme.split("`--fault ").skip(1).filter_map(|rest| rest.split('`').next());
    let nights: Vec<_> = faults.map(|fault| fault.split_whitespace().next().unwrap()).collect();
    assert!(!nights.is_empty());
    for night in nights {
        let args = Args::try_parse_from(["phone-drill", "--fault", night]);
        assert_eq!(args.unwrap().nights().len(), 1, "{night}");
    }
    assert_eq!(Args::try_parse_from(["phone-drill"]).unwrap().nights().len(), 5);
}

#[test]
fn the_example_of_a_webhook_is_a_pingdom_alarm() {
    let blocks = fenced(&document("README.md"));
    let curl = blocks.iter().find(|block| block.starts_with("curl ")).unwrap();
    let (body, rest) = curl.split_once("'{").and_then(|(_, rest)| rest.split_once("}'")).unwrap();
    assert!(rest.contains("/webhook/pingdom"), "{rest}");
    let plan = read("plan.toml", built_in_text()).unwrap();
    let source = plan.source(&"pingdom".into()).unwrap();
    let body = format!("{{{body}}}");
    let now = Ts(1_764_000_030_000);
    let signals = parse(source, Trust::Unauthenticated, now, body.as_bytes()).unwrap();
    assert_eq!((signals.len(), signals[0].health), (1, Health::Down));
    assert_eq!(signals[0].component.as_str(), "frontend");
}

#[test]
fn every_link_leads_to_a_file() {
    for name in ["README.md", "ARCHITECTURE.md"] {
        let text = document(name);
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://")) {
            let file = target.split('#').next().unwrap_or_default();
            assert!(file.is_empty() || root().join(file).exists(), "{name} links to {target}");
        }
    }
}

#[test]
fn every_path_of_the_code_map_exists() {
    let text = document("ARCHITECTURE.md");
    let map = text.split("## Code map").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let mut seen = 0;
    for row in map.lines().filter(|line| line.starts_with("| `")) {
        let mut folder = PathBuf::new();
        let paths = row.split('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2);
        for path in paths {
            // The second path of a row may be short: it lies beside the first.
            let found = [root().join(path), root().join(&folder).join(path)];
            assert!(found.iter().any(|path| path.exists()), "the code map names {path}");
            folder = Path::new(path).parent().unwrap_or(Path::new("")).to_owned();
            seen += 1;
        }
    }
    assert!(seen >= 10, "the code map has {seen} paths");
}
