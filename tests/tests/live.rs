//! The real program changes something real: people plan, agree and run in a terminal, and a name server flips.

#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::pin::pin;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tests::command::{Desk, Said};
use tests::standin::route53::RecordSet;
use tests::standin::stage::{PRIMARY, STANDBY, Stage, WWW, ZONE};
use tests::standin::vercel::{TEAM, TOKEN, Vercel};

/// A desk with a stage's plan and credentials, and a hosting provider.
struct Place {
    stage: Stage,
    vercel: Option<Vercel>,
    desk: Desk,
    _folder: TempDir,
}

impl Place {
    async fn new() -> Self {
        Self::with("[\"records\"]").await
    }

    async fn with(drivers: &str) -> Self {
        let stage = Stage::start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::in_folder(folder.path());
        let plan = stage.plan_text(drivers);
        let plan = plan.replace(&format!("https://{ZONE}:"), &format!("https://{PRIMARY}:"));
        std::fs::write(desk.path("infra/plan.toml"), plan).unwrap();
        std::fs::write(desk.path("roots.pem"), stage.authority.pem()).unwrap();
        Self { stage, vercel: None, desk, _folder: folder }
    }

    fn command(&self, person: &str, line: &str) -> Command {
        let mut command = self.desk.command(&format!("--as {person} {line}"));
        for name in Stage::SETTINGS {
            command.env(name, self.stage.setting(name).unwrap());
        }
        if let Some(vercel) = &self.vercel {
            command.env("VERCEL_TOKEN", TOKEN).env("VERCEL_TEAM_ID", TEAM);
            command.env("VERCEL_API_URL", vercel.api_url());
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

    fn vercel(&self) -> &Vercel {
        self.vercel.as_ref().unwrap()
    }

    /// Does it while the site runs whatever the provider's production is.
    async fn does_live(&self, line: &str) -> String {
        let mut work = pin!(self.does("lead-developer", line));
        loop {
            tokio::select! {
                says = &mut work => return says,
                () = tokio::time::sleep(Duration::from_millis(50)) => {
                    let build = self.vercel().state().production.clone();
                    self.stage.primary.says(Some(&format!("{{\"build\": \"{build}\"}}")));
                }
            }
        }
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
async fn a_terminal_killed_at_any_moment_leads_to_exactly_one_change() {
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
    let story = place.does("lead-developer", "operation show 1").await;
    assert!(story.contains("public resolvers agree"), "{story}");
    place.leads_to(STANDBY).await;
    assert_eq!((place.changes(), place.stage.route53.emptied()), (1, vec![]));
    place.does("lead-developer", "verify").await;
}

#[tokio::test]
async fn production_rolls_back_to_a_proven_deployment_and_the_way_back_stays_open() {
    let mut place = Place::new().await;
    place.vercel = Some(Vercel::start().await.unwrap());
    let hash = place.plans("rollback").await;
    assert_eq!(place.vercel().writes(), Vec::<String>::new(), "a plan changes nothing");
    let says = place.does_live(&format!("rollback run 1 --hash {hash}")).await;
    assert!(says.contains("VERIFIED"), "{says}");
    assert_eq!(place.vercel().state().production, "dpl_3");
    let says = place.does("lead-developer", "doctor").await;
    assert!(says.contains("new deployments do not go live"), "{says}");
    let hash = place.plans("rollback undo").await;
    place.does_live(&format!("rollback run 2 --hash {hash}")).await;
    assert_eq!(place.vercel().state().production, "dpl_4");
    let says = place.does("lead-developer", "doctor").await;
    assert!(!says.contains("new deployments do not go live"), "{says}");
}

#[tokio::test]
async fn what_a_latch_needs_is_made_ahead_and_then_holds_traffic() {
    let place = Place::with("[\"latch\"]").await;
    let status = place.types("lead-developer", "dns status").await;
    assert_eq!(status.code, 3, "{}{}", status.out, status.err);
    assert!(status.out.contains(&format!("{ZONE} leads to the primary")), "{}", status.out);
    let shown = place.does("lead-developer", "dns setup --plan").await;
    let next = shown.lines().find_map(|line| line.split("allclear dns setup --apply ").nth(1));
    let apply = format!("dns setup --apply {}", next.unwrap().trim());
    let says = place.refused("lead-developer", "dns setup --apply 00000000").await;
    assert!(says.contains("no longer what you saw"), "{says}");
    place.does("lead-developer", "freeze \"not now\"").await;
    let says = place.refused("lead-developer", &apply).await;
    assert!(says.contains("everything is frozen by lead-developer"), "{says}");
    place.does("lead-developer", "unfreeze").await;
    let says = place.does("lead-developer", &apply).await;
    assert!(says.contains("3 of 3 public resolvers agree"), "{says}");
    place.leads_to(PRIMARY).await;
    place.does("lead-developer", "dns status").await;
    // From here on the control plane may be gone.
    place.stage.route53.outage(true);
    let hash = place.plans("failover").await;
    place.does("lead-developer", &format!("operation run 1 --hash {hash}")).await;
    place.leads_to(STANDBY).await;
    place.stage.route53.outage(false);
    let status = place.types("lead-developer", "dns status").await;
    assert!(status.out.contains("is CLOSED: the standby is served"), "{}", status.out);
    assert_eq!((place.changes(), place.stage.route53.emptied()), (1, vec![]));
}
