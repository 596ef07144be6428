//! What the provider itself can go back to: shown, counted in, and asked for by two people only.

use functions::backup::{beat, last_beat};
use functions::clock;
use serde_json::{Value, json};

use crate::configuration::Providers;
use crate::scene::{Scene, live};

const RESTORE: &str = "database/backups/restore-pitr";

/// Point-in-time recovery until so many seconds ago.
fn bought(all: &Providers, seconds_ago: i64) -> i64 {
    let latest = clock::now().0 / 1_000 - seconds_ago;
    all.supabase.state().backups = json!({
        "region": "us-west-1", "walg_enabled": true, "pitr_enabled": true,
        "backups": [{"id": 1, "is_physical_backup": true, "status": "COMPLETED", "inserted_at": "2026-11-20T01:02:03Z"}],
        "physical_backup_data": {"earliest_physical_backup_date_unix": latest - 86_400, "latest_physical_backup_date_unix": latest},
    });
    latest
}

fn asked(all: &Providers) -> Vec<Value> {
    let state = all.supabase.state();
    let posts = state.calls.iter().filter(|(method, path, _)| method == "POST" && path == RESTORE);
    posts.map(|(_, _, body)| body.clone()).collect()
}

#[test]
fn going_back_takes_two_people_a_fresh_backup_and_a_moment_that_can_be_had() {
    let all = Providers::new();
    assert!(all.does("backup pitr").contains("isn't bought"));
    let never = all.says("--as lead-developer backup restore pitr");
    assert!(never.err.contains("can go back to no moment"), "{}", never.err);
    let latest = bought(&all, 90);
    let shown = all.does("backup pitr");
    assert!(shown.contains("Any moment from") && shown.contains("ACTIVE_HEALTHY"), "{shown}");
    assert!(shown.contains("No heartbeat is written"), "{shown}");

    let run = |who: &str| all.says(&format!("--as {who} backup restore pitr"));
    all.does("backup create");
    let outside = all.says("--as lead-developer backup restore pitr 2020-01-01T00:00:00Z");
    assert!(outside.err.contains("can't be gone back to"), "{}", outside.err);
    let waits = run("lead-developer");
    assert!(waits.code == 1 && waits.out.contains("1 more must agree"), "{waits:?}");
    assert!(waits.out.contains("is lost for good"), "{}", waits.out);
    assert_eq!(run("lead-developer").code, 1, "the same person counts once");
    assert_eq!(asked(&all), Vec::<Value>::new());
    let hash = waits.out.split("approve ").nth(1).unwrap().split_whitespace().next().unwrap();
    all.does(&format!("--as senior-developer backup restore approve {hash}"));
    let done = run("lead-developer");
    assert!(done.code == 0 && done.out.contains("Supabase takes"), "{done:?}");
    assert_eq!(asked(&all), [json!({"recovery_time_target_unix": latest})]);
    assert!(done.out.contains("backup restore run LATEST --into"), "plan B: {}", done.out);
}

#[test]
fn without_a_fresh_backup_nobody_goes_back_unless_it_is_said() {
    let all = Providers::new();
    bought(&all, 90);
    // Makes the signing key, without which no backup counts here.
    all.does("backup create config");
    let refused = all.says("--as lead-developer backup restore pitr");
    assert!(refused.err.contains("`allclear backup create` first"), "{}", refused.err);
    let waits = all.says("--as lead-developer backup restore pitr --no-backup");
    assert!(waits.out.contains("1 more must agree"), "{waits:?}");
}

#[test]
fn an_idle_database_with_a_heartbeat_is_no_loss_and_the_meter_counts_it() {
    let all = Providers::new();
    bought(&all, 3_600);
    all.place.change_plan(
        "[[drills]]\nwhat = \"Database restore from backup\"",
        "[[backups]]\nwhat = \"database-pitr\"\ncomponent = \"database\"\ncovers = [\"auth\"]\nevery = \"2m\"\n\
         keep_for = \"7d\"\nstorage = \"Supabase\"\nverification = \"restore\"\nverify_every = \"30d\"\n\n\
         [[drills]]\nwhat = \"Database restore from backup\"",
    );
    all.does("backup create");
    let lost = |all: &Providers| {
        let status: Value = serde_json::from_str(&all.does("--json backup status")).unwrap();
        let found = status["components"]
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["component"] == "database");
        found.unwrap()["would_lose_ms"].as_i64().unwrap()
    };
    assert!(lost(&all) < 120_000, "our own backup is the better one");
    let database = all.place.source.split("///").nth(1).unwrap().split('?').next().unwrap();
    let scene = Scene::of(database);
    assert_eq!(last_beat(&scene.source, &scene.tools).unwrap(), None);
    beat(&scene.source, &scene.tools).unwrap();
    let first = last_beat(&scene.source, &scene.tools).unwrap().unwrap();
    beat(&scene.source, &scene.tools).unwrap();
    assert!(last_beat(&scene.source, &scene.tools).unwrap().unwrap() > first);
    // The log was shipped after the heartbeat was written: nothing is missing, however long ago that was.
    bought(&all, -1);
    let shown: Value = serde_json::from_str(&all.does("--json backup pitr")).unwrap();
    assert_eq!(shown["would_lose_ms"], 0, "{shown}");
    assert!(!all.does("backup pitr").contains("No heartbeat"));
    let rows: u32 = live()
        .session(&scene.database)
        .unwrap()
        .json("select pg_catalog.count(*) from allclear.heartbeat")
        .unwrap();
    assert_eq!(rows, 1, "it doesn't grow");
    all.supabase.state().fails = Some(500);
    let status = all.does("backup status");
    assert!(status.contains("Not counted") && status.contains("HTTP 500"), "{status}");
}
