//! The real program changes something real: people plan, agree and run in a terminal, and a name server flips.

#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tests::command::{Desk, Said};
use tests::standin::route53::RecordSet;
use tests::standin::stage::{PRIMARY, STANDBY, Stage, WWW, ZONE};

/// A desk with a stage's plan and credentials.
struct Place {
    stage: Stage,
    desk: Desk,
    _folder: TempDir,
}

impl Place {
    async fn new() -> Self {
        let stage = Stage::start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::in_folder(folder.path());
        std::fs::write(desk.path("infra/plan.toml"), stage.plan_text("[\"records\"]")).unwrap();
        std::fs::write(desk.path("roots.pem"), stage.authority.pem()).unwrap();
        Self { stage, desk, _folder: folder }
    }

    fn command(&self, person: &str, line: &str) -> Command {
        let mut command = self.desk.command(&format!("--as {person} {line}"));
        for name in Stage::SETTINGS {
            command.env(name, self.stage.setting(name).unwrap());
        }
        command.env("ALLCLEAR_EXTRA_ROOTS", self.desk.path("roots.pem"));
        command
    }

    /// Typed in a thread of its own: the stand-ins answer in this one.
    async fn types(&self, person: &str, line: &str) -> Said {
        let mut command = self.command(person, line);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
        Said::from(&output.unwrap())
    }

    async fn does(&self, person: &str, line: &str) -> String {
        let said = self.types(person, line).await;
        assert_eq!(said.code, 0, "{line}\n{}{}", said.out, said.err);
        said.out
    }

    async fn refused(&self, person: &str, line: &str) -> String {
        let said = self.types(person, line).await;
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{line}\n{}", said.err);
        said.err
    }

    /// Plans, and answers with the first digits of the plan's hash.
    async fn plans(&self, verb: &str) -> String {
        let json = self.does("lead-developer", &format!("--json {verb} \"site down\"")).await;
        let plan: Value = serde_json::from_str(&json).unwrap();
        plan["plan"].as_str().unwrap()[..12].to_owned()
    }

    /// Both names lead there, for whoever asks the name server.
    async fn leads_to(&self, address: &str) {
        for name in [ZONE, WWW] {
            self.stage.knot.wait_for(name, "A", &[address]).await.unwrap();
        }
    }

    /// Batches that Route 53 took.
    fn changes(&self) -> usize {
        let calls = self.stage.route53.calls();
        let writes = calls.iter().filter(|call| call.operation == "ChangeResourceRecordSets");
        writes.filter(|call| call.outcome == "OK").count()
    }
}

fn quiet() -> Stdio {
    Stdio::null()
}

#[tokio::test]
async fn a_name_fails_over_and_two_people_bring_it_back() {
    let place = Place::new().await;
    let hash = place.plans("failover").await;
    assert_eq!(place.changes(), 0, "a plan changes nothing");
    place.leads_to(PRIMARY).await;
    let says = place.does("lead-developer", &format!("operation run 1 --hash {hash}")).await;
    assert!(says.contains("3 of 3 public resolvers agree"), "{says}");
    place.leads_to(STANDBY).await;
    let says = place.does("lead-developer", "doctor").await;
    assert!(says.contains("traffic is on the standby"), "{says}");
    let hash = place.plans("failback").await;
    let run = format!("operation run 2 --hash {hash}");
    let says = place.refused("lead-developer", &run).await;
    assert!(says.contains("needs 1 more to agree"), "{says}");
    let approve = format!("operation approve 2 --hash {hash}");
    let says = place.refused("lead-developer", &approve).await;
    assert!(says.contains("another person must approve it"), "{says}");
    place.does("senior-developer", &approve).await;
    place.does("lead-developer", &run).await;
    place.leads_to(PRIMARY).await;
    assert_eq!((place.changes(), place.stage.route53.emptied()), (2, vec![]));
}

#[tokio::test]
async fn a_plan_that_was_not_seen_or_that_was_overtaken_is_not_run() {
    let place = Place::new().await;
    let hash = place.plans("failover").await;
    let says = place.refused("lead-developer", "operation run 1 --hash 00000000").await;
    assert!(says.contains("that is not the plan of operation 1"), "{says}");
    place.does("lead-developer", "freeze \"not now\"").await;
    let run = format!("operation run 1 --hash {hash}");
    let says = place.refused("lead-developer", &run).await;
    assert!(says.contains("`allclear unfreeze` first"), "{says}");
    place.does("lead-developer", "unfreeze").await;
    // Somebody moves a name in the console meanwhile.
    place.stage.route53.edit_as_human(RecordSet::new(ZONE, "A", 60, &["127.0.0.9"]));
    let said = place.types("lead-developer", &run).await;
    assert_eq!((said.code, place.changes()), (1, 0), "{}{}", said.out, said.err);
    let again = place.refused("lead-developer", &run).await;
    assert!(again.contains("operation 1 is over: plan a new one"), "{again}");
}

#[tokio::test]
async fn a_terminal_killed_at_any_moment_resumes_to_exactly_one_change() {
    let place = Place::new().await;
    let hash = place.plans("failover").await;
    let run = format!("operation run 1 --hash {hash}");
    let mut killed = 0;
    for wait in [5_u64, 20, 40, 60, 90, 130, 200, 400, 800, 1_600] {
        let mut child =
            place.command("lead-developer", &run).stdout(quiet()).stderr(quiet()).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(wait)).await;
        if child.try_wait().unwrap().is_none() {
            killed += 1;
        }
        // SIGKILL: nothing can be tidied up.
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(killed > 0, "the waits are too long to kill anything");
    let said = place.types("lead-developer", &run).await;
    let over = said.code == 0 || said.err.contains("operation 1 is over");
    assert!(over, "{}{}", said.out, said.err);
    place.leads_to(STANDBY).await;
    assert_eq!((place.changes(), place.stage.route53.emptied()), (1, vec![]));
    let story = place.does("lead-developer", "operation show 1").await;
    assert!(story.contains("public resolvers agree"), "{story}");
    place.does("lead-developer", "verify").await;
}
