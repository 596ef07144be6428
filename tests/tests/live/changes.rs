//! People plan, agree and run in a terminal, and a name server flips.

use tests::standin::route53::RecordSet;
use tests::standin::stage::{PRIMARY, STANDBY, ZONE};
use tests::standin::vercel::Vercel;

use tests::place::Place;

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
    let page = place.does("lead-developer", "operation show 1").await;
    assert!(page.contains("latch: still works when us-east-1's control planes don't"), "{page}");
    place.does("lead-developer", &format!("operation run 1 --hash {hash}")).await;
    place.leads_to(STANDBY).await;
    place.stage.route53.outage(false);
    let status = place.types("lead-developer", "dns status").await;
    assert!(status.out.contains("is CLOSED: the standby is served"), "{}", status.out);
    assert_eq!((place.changes(), place.stage.route53.emptied()), (1, vec![]));
}

#[tokio::test]
async fn a_live_drill_says_what_would_be_done_now_and_changes_nothing() {
    let mut place = Place::new().await;
    place.vercel = Some(Vercel::start().await.unwrap());
    let says = place.does("lead-developer", "drill complete-outage --live").await;
    for seen in [
        "the standby is well",
        "dpl_4 has been live since",
        "ROLLBACK   open",
        "production: dpl_4 (4f6c2d8) → dpl_3 (3f6c2d8)",
        "FAILOVER   open",
        &format!("A {ZONE}: {PRIMARY} → {STANDBY}"),
        "records: needs Route 53's control plane in us-east-1",
    ] {
        assert!(says.contains(seen), "{seen}\n{says}");
    }
    let file = says.lines().find_map(|line| line.strip_prefix("Report: ")).unwrap();
    let report = std::fs::read_to_string(place.desk.path(file)).unwrap();
    assert!(report.contains("Nothing was changed.") && report.contains("- FAILOVER: open"));
    assert_eq!((place.changes(), place.vercel().writes().len()), (0, 0));
    place.does("lead-developer", "freeze \"not now\"").await;
    let said = place.types("lead-developer", "drill complete-outage --live").await;
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.contains("FROZEN     by lead-developer: not now"), "{}", said.out);
    place.does("lead-developer", "unfreeze").await;
    let store = place.desk.path("allclear.db");
    let kept = std::fs::read(&store).unwrap();
    std::fs::write(&store, "this is no store").unwrap();
    let says = place.refused("lead-developer", "drill complete-outage --live").await;
    assert!(says.contains("allclear.db"), "{says}");
    std::fs::write(&store, kept).unwrap();
    place.stage.standby.says(None);
    place.vercel = None;
    let said = place.types("lead-developer", "drill complete-outage --live").await;
    assert_eq!(said.code, 1, "no way back is open\n{}", said.out);
    assert!(said.out.contains("not open: VERCEL_TOKEN is not set"), "{}", said.out);
    assert!(said.out.contains("FAILOVER   STOPPED"), "{}", said.out);
}
