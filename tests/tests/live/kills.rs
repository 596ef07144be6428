//! SIGKILL at every step: whoever runs it again goes on, and the world hears of exactly one change.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::process::Stdio;
use std::time::Duration;

use tests::standin::stage::{BUCKET, LATCH, STANDBY};
use tests::standin::vercel::Vercel;
use tokio::task::JoinSet;

use tests::place::Place;

/// More requests than an operation makes before it waits for resolvers.
const STEPS: usize = 12;
/// Each of them takes this long, so that a kill hits its middle.
const LATENCY: Duration = Duration::from_millis(40);

/// By what production or our names are moved.
#[derive(Clone, Copy, Debug)]
enum By {
    Records,
    Latch,
    Switches,
    Vercel,
}

impl By {
    async fn place(self) -> Place {
        let drivers = match self {
            Self::Records | Self::Vercel => "[\"records\"]",
            Self::Latch => "[\"latch\"]",
            Self::Switches => "[\"routing-controls\"]",
        };
        let mut place = Place::with(drivers).await;
        match self {
            Self::Records => {}
            Self::Latch | Self::Switches => place.sets_up().await,
            Self::Vercel => place.vercel = Some(Vercel::start().await.unwrap()),
        }
        place.stage.route53.latency(LATENCY);
        place.stage.s3.latency(LATENCY);
        place.stage.cluster.latency(LATENCY);
        place
    }

    fn verb(self) -> &'static str {
        match self {
            Self::Vercel => "rollback",
            Self::Records | Self::Latch | Self::Switches => "failover",
        }
    }

    /// Changes that the vendor was asked for and took.
    fn effects(self, place: &Place) -> usize {
        match self {
            Self::Records => place.changes(),
            Self::Latch => {
                let calls = place.stage.s3.calls();
                let puts = calls.iter().filter(|(method, _)| method == "PUT");
                puts.filter(|(_, object)| *object == format!("{BUCKET}/{LATCH}")).count()
            }
            Self::Switches => {
                let calls = place.stage.cluster.calls();
                calls.iter().filter(|(_, call)| call == "UpdateRoutingControlStates").count()
            }
            Self::Vercel => {
                let writes = place.vercel().writes();
                writes.iter().filter(|path| path.contains("/rollback/")).count()
            }
        }
    }

    async fn holds(self, place: &Place) {
        match self {
            Self::Vercel => assert_eq!(place.vercel().state().production, "dpl_3"),
            Self::Records | Self::Latch | Self::Switches => place.leads_to(STANDBY).await,
        }
    }
}

/// Requests that vendors have heard so far.
fn heard(place: &Place) -> usize {
    let vercel = place.vercel.as_ref().map_or(0, |vercel| vercel.state().calls.len());
    place.stage.route53.calls().len()
        + place.stage.s3.calls().len()
        + place.stage.cluster.calls().len()
        + vercel
}

/// Runs it and kills it once vendors have heard so many requests; whether it was still at work.
async fn killed(place: &Place, run: &str, requests: usize) -> bool {
    let before = heard(place);
    let mut command = place.command("lead-developer", run);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while heard(place) < before + requests {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        place.follows_production();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    true
}

/// Killed after that many requests, run again, and looked at; whether it was killed at work.
async fn killed_and_resumed(by: By, requests: usize) -> bool {
    let place = by.place().await;
    let hash = place.plans(by.verb()).await;
    let run = format!("operation run 1 --hash {hash}");
    let was_killed = killed(&place, &run, requests).await;
    if was_killed {
        place.does_live(&run).await;
    }
    let story = place.does("lead-developer", "operation show 1").await;
    assert!(story.contains("VERIFIED"), "{by:?} after {requests}\n{story}");
    assert_eq!(by.effects(&place), 1, "{by:?} after {requests}\n{story}");
    assert_eq!(place.stage.route53.emptied(), Vec::<String>::new());
    by.holds(&place).await;
    place.does("lead-developer", "verify").await;
    was_killed
}

/// All steps at the same time: they mostly wait.
async fn survives_every_kill(by: By, at_least: usize) {
    let mut tries = JoinSet::new();
    for requests in 1..=STEPS {
        tries.spawn(killed_and_resumed(by, requests));
    }
    let killed = tries.join_all().await.into_iter().filter(|killed| *killed).count();
    assert!(killed >= at_least, "{by:?}: only {killed} were killed at work");
}

#[tokio::test]
async fn editing_records_survives_a_kill_at_every_step() {
    survives_every_kill(By::Records, 6).await;
}

#[tokio::test]
async fn closing_the_latch_survives_a_kill_at_every_step() {
    survives_every_kill(By::Latch, 6).await;
}

#[tokio::test]
async fn switching_survives_a_kill_at_every_step() {
    survives_every_kill(By::Switches, 6).await;
}

#[tokio::test]
async fn a_rollback_survives_a_kill_at_every_step() {
    survives_every_kill(By::Vercel, 6).await;
}

#[tokio::test]
async fn a_terminal_killed_at_any_moment_leads_to_exactly_one_change() {
    let place = Place::new().await;
    let hash = place.plans("failover").await;
    let run = format!("operation run 1 --hash {hash}");
    let mut killed = 0;
    for wait in [5_u64, 20, 40, 60, 90, 130, 200, 400, 800, 1_600] {
        let mut child = place
            .command("lead-developer", &run)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
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
