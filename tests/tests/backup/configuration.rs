//! Backups of the configuration, with every provider's stand-in behind the program that people run.

use std::process::Command;

use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
};
use functions::http::{self, Roots};
use functions::vendors::aws::Aws;
use serde_json::{Value, json};
use tests::command::Said;
use tests::parts;
use tests::standin::route53::Route53;
use tests::standin::supabase::{self, Supabase};
use tests::standin::vercel::{self, Variable, Vercel};
use tokio::runtime::Runtime;

use crate::commands::Place;

const ZONE: &str = "concierge-transaction-flow.com";

/// Everything that is configured, in front of a store.
pub struct Providers {
    pub place: Place,
    zone: Route53,
    pub vercel: Vercel,
    pub supabase: Supabase,
    runtime: Runtime,
}

impl Providers {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (zone, vercel, supabase) = runtime.block_on(async {
            let zone = Route53::start().await.unwrap();
            (zone, Vercel::start().await.unwrap(), Supabase::start().await.unwrap())
        });
        let place = Place::with_store();
        let id = zone.add_zone(ZONE);
        place.change_plan("[Hosted zone id]", &id);
        let providers = Self { place, zone, vercel, supabase, runtime };
        providers.add_record(&id, "www");
        providers
    }

    fn add_record(&self, zone: &str, name: &str) {
        let value = ResourceRecord::builder().value("192.0.2.7").build().unwrap();
        let set = ResourceRecordSet::builder()
            .name(format!("{name}.{ZONE}."))
            .r#type(RrType::A)
            .ttl(60)
            .resource_records(value);
        let change = Change::builder().action(ChangeAction::Create);
        let change = change.resource_record_set(set.build().unwrap()).build().unwrap();
        let batch = ChangeBatch::builder().changes(change).build().unwrap();
        let url = self.zone.url();
        let read = move |name: &str| match name {
            "AWS_ENDPOINT_URL_ROUTE_53" => Some(url.clone()),
            name => name.starts_with("AWS_").then(|| "test".into()),
        };
        let aws = Aws::from_environment(http::client(&Roots::default()).unwrap(), read).unwrap();
        let change = aws.route53().change_resource_record_sets().hosted_zone_id(zone);
        self.runtime.block_on(change.change_batch(batch).send()).unwrap();
    }

    pub fn command(&self, line: &str) -> Command {
        let mut command = self.place.command(line);
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_ENDPOINT_URL_ROUTE_53", self.zone.url());
        command.env("VERCEL_TOKEN", vercel::TOKEN).env("VERCEL_API_URL", self.vercel.api_url());
        command.env("VERCEL_TEAM_ID", vercel::TEAM);
        command.env("ALLCLEAR_CODE_REPOSITORY", self.place.folder.path().join("code"));
        command.env("SUPABASE_ACCESS_TOKEN", supabase::TOKEN);
        command.env("SUPABASE_PROJECT_REF", supabase::PROJECT);
        command.env("SUPABASE_API_URL", self.supabase.url());
        command
    }

    pub fn says(&self, line: &str) -> Said {
        Said::from(&self.command(line).output().unwrap())
    }

    pub fn does(&self, line: &str) -> String {
        let said = self.says(line);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "allclear {line}\n{}", said.out);
        said.out
    }
}

fn variable(id: &str, kind: &'static str, value: &str) -> Variable {
    Variable { id: id.into(), key: id.to_uppercase(), kind, value: value.into() }
}

#[test]
fn the_configuration_is_kept_proven_and_comes_back_file_by_file() {
    let all = Providers::new();
    all.vercel.state().variables = vec![
        variable("mail_key", "encrypted", "a secret of ours"),
        variable("vault_key", "sensitive", "nobody reads this"),
    ];
    let made = all.does("backup create config");
    for said in
        ["12 files", "Not in it: the value of Vercel's VAULT_KEY", "disk of Supabase (HTTP 402"]
    {
        assert!(made.contains(said), "{said}\n{made}");
    }
    let proof = all.does("backup verify LATEST --of config --level L2");
    assert!(proof.starts_with("✓ L2 restored and equal"), "{proof}");
    let list = all.does("backup list");
    assert!(list.contains("-configuration") && list.contains("12 files"), "{list}");
    let plan = all.does("backup restore plan LATEST --of config");
    assert!(plan.contains("Into a new folder") && plan.contains("VAULT_KEY"), "{plan}");

    let into = all.place.folder.path().join("back");
    let run = format!(
        "--as lead-developer backup restore run LATEST --of config --into {}",
        into.display()
    );
    let run = all.does(&run);
    assert!(run.contains("every file is equal"), "{run}");
    let read = |name: &str| std::fs::read_to_string(into.join(name)).unwrap();
    assert_eq!(read("plan.toml"), all.place.plan_text());
    let zone: Value = serde_json::from_str(&read("dns/zone.json")).unwrap();
    assert_eq!(
        zone["Changes"],
        json!([{"Action": "UPSERT", "ResourceRecordSet": {"Name": format!("www.{ZONE}."), "Type": "A", "TTL": 60,
            "ResourceRecords": [{"Value": "192.0.2.7"}]}}]),
    );
    let variables = read("vercel/variables.json");
    assert!(variables.contains("a secret of ours") && !variables.contains("nobody reads"));
    assert!(read("supabase/auth.json").contains("https://app.example"));
    let stored = std::fs::read_dir(all.place.folder.path().join("store/backups")).unwrap();
    let stored = stored.flatten().next().unwrap().path().join("files.tar.zst.age");
    let stored = std::fs::read(stored).unwrap();
    assert!(!stored.windows(9).any(|it| it == b"plan.toml"), "it is encrypted");
}

#[test]
fn stock_tools_alone_bring_the_configuration_back() {
    let all = Providers::new();
    all.does("backup create config");
    let script = all.does("backup recipe LATEST --of config");
    let path = parts::program("age").parent().unwrap().canonicalize().unwrap();
    let script = script.replace("KEY=identity.txt", "KEY=one.txt");
    let done = Command::new("bash")
        .args(["-c", &script])
        .env("PATH", format!("{}:/usr/bin:/bin", path.display()))
        .current_dir(all.place.folder.path())
        .output()
        .unwrap();
    assert!(done.status.success(), "{script}\n{}", String::from_utf8_lossy(&done.stderr));
    let plan = all.place.folder.path().join("restored/plan.toml");
    assert_eq!(std::fs::read_to_string(plan).unwrap(), all.place.plan_text());
}

#[test]
fn a_provider_that_does_not_answer_leaves_no_backup_of_the_configuration() {
    let all = Providers::new();
    let fails = || {
        let said = all.says("backup create config");
        assert_eq!(said.code, 1, "{}", said.out);
        assert!(all.does("backup list").contains("No backups."));
        said.err
    };
    // Makes the key without which nobody's backups count here.
    all.does("backup create");
    std::fs::remove_dir_all(all.place.folder.path().join("store/backups")).unwrap();
    all.supabase.state().fails = Some(500);
    assert!(fails().contains("Supabase: HTTP 500"));
    all.supabase.state().fails = Some(401);
    assert!(fails().contains("Supabase: HTTP 401"));
    all.supabase.state().fails = None;
    all.vercel.state().reads_fail = Some(500);
    assert!(fails().contains("Vercel: HTTP 500"));
    all.vercel.state().reads_fail = None;
    all.zone.outage(true);
    assert!(fails().contains("Route 53"));
}

#[test]
fn a_changed_file_is_found_although_everything_else_is_right() {
    let collected = |text: &str| functions::backup::Collected {
        files: vec![("plan.toml".into(), text.into()), ("a/b.json".into(), b"{}".to_vec())],
        lacks: vec![],
    };
    let scene = crate::scene::Scene::of("postgres");
    let job = functions::backup::Filing {
        what: "configuration",
        from: "settings",
        collected: &collected("one"),
        shelf: &scene.shelf,
        recipients: &scene.recipients,
        signer: &scene.signer,
        clock: functions::clock::now,
    };
    let mut made = functions::backup::file(job).unwrap();
    let opened = |made: &shared::backup::Manifest| {
        functions::backup::unfile(
            made,
            &scene.shelf,
            &scene.identities,
            None,
            functions::clock::now,
        )
    };
    assert_eq!(opened(&made).unwrap().differences, Vec::<String>::new());
    made.census = functions::backup::prints(&collected("two"));
    assert_eq!(opened(&made).unwrap().differences, ["file plan.toml is defined differently"]);
    for name in ["../out", "/etc/passwd", "a/../../b"] {
        let escaped =
            functions::backup::Collected { files: vec![(name.into(), vec![])], lacks: vec![] };
        let why = functions::backup::file(functions::backup::Filing {
            what: "other",
            collected: &escaped,
            ..job
        });
        assert!(why.unwrap_err().to_string().contains("no name for a file"), "{name}");
    }
}
