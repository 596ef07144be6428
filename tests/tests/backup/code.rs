//! Backups of the code that is live, from a real repository.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::configuration::Providers;

fn git(folder: &Path, line: &str) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Ours", "-c", "user.email=ours@example.com"]);
    command.args(line.split(' ')).current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null");
    let done = command.output().unwrap();
    assert!(done.status.success(), "git {line}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// A repository with two commits.
fn repository(all: &Providers) -> [String; 2] {
    let folder = all.place.folder.path().join("code");
    std::fs::create_dir(&folder).unwrap();
    git(&folder, "init -q");
    ["one", "two"].map(|text| {
        std::fs::write(folder.join("page.txt"), text).unwrap();
        git(&folder, "add page.txt");
        git(&folder, &format!("commit -qm {text}"));
        git(&folder, "rev-parse HEAD")
    })
}

fn goes_live(all: &Providers, commit: &str) {
    let mut state = all.vercel.state();
    let live = state.production.clone();
    let deployment = state.deployments.iter_mut().find(|one| one.id == live).unwrap();
    deployment.meta.insert("githubCommitSha".into(), commit.into());
}

#[test]
fn what_is_live_is_kept_with_its_history_and_can_be_cloned_again() {
    let all = Providers::new();
    let [first, _second] = repository(&all);
    goes_live(&all, &first);
    let made = all.does("backup create code");
    assert!(made.contains("2 files"), "{made}");
    let proof = all.does("backup verify LATEST --of code --level L2");
    assert!(proof.starts_with("✓ L2"), "{proof}");
    let into = all.place.folder.path().join("back");
    let run = "--as lead-developer backup restore run LATEST --of code --into";
    all.does(&format!("{run} {}", into.display()));
    let told = std::fs::read_to_string(into.join("deployment.json")).unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (told["deployment"].as_str(), told["commit"].as_str()),
        (Some("dpl_4"), Some(&*first))
    );
    git(&into, "clone -q -b live code.bundle again");
    let page = std::fs::read_to_string(into.join("again/page.txt")).unwrap();
    assert_eq!(page, "one", "the commit that is live, not the newest");
}

#[test]
fn a_commit_that_the_repository_lacks_makes_no_backup_and_a_missing_repository_is_said() {
    let all = Providers::new();
    // Makes the signing key, without which no backup counts here.
    all.does("backup create config");
    repository(&all);
    goes_live(&all, &"0123456789".repeat(4));
    let refused = all.says("backup create code");
    assert!(refused.code == 1 && refused.err.contains("git update-ref"), "{}", refused.err);
    goes_live(&all, "--upload-pack=evil");
    assert!(all.says("backup create code").err.contains("is no commit"));
    assert!(!all.does("backup list").contains("application-code  "));
    let mut command = all.command("backup create code");
    command.env_remove("ALLCLEAR_CODE_REPOSITORY");
    let said = tests::command::Said::from(&command.output().unwrap());
    assert!(said.out.contains("Not in it: the code itself"), "{said:?}");
}
