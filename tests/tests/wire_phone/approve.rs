//! Plans are approved by three digits: on a call to whom they belong, or in a text from there.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use functions::clock;
use functions::store::SqliteStore;
use shared::effect::{Aim, Change, Preflight, Survey};
use shared::engine::Engine;
use shared::operation::{Operation, OperationWish};
use shared::plan::read::read;
use shared::time::Span;
use tests::exchange::{Exchange, FIRST, PEOPLE, PUBLIC, SECOND};
use tests::standin::phones::Reaction;
use tests::tree::Tree;

/// A plan to go back, by the commander, beside the server: going back takes two.
async fn planned() -> (Tree, Operation) {
    let exchange = Exchange::start().await;
    for (_, number) in &PEOPLE {
        exchange.phones.always(number, Reaction::Sleeps);
    }
    let tree = Tree::plant(exchange).await;
    let text = std::fs::read_to_string(tree.desk.path("infra/plan.toml")).unwrap();
    let plan = read("plan.toml", &text).unwrap();
    let store = SqliteStore::open(&tree.desk.path("allclear.db")).unwrap();
    let now = clock::now();
    let mut engine = Engine::open(plan.into(), store, now).unwrap();
    let [before, after] = ["198.18.0.1", "198.18.0.2"].map(Into::into);
    let survey = Survey {
        by: Some("latch".into()),
        changes: vec![Change { target: "A example.com".into(), before, after }],
        preflight: Some(Preflight {
            answers: true,
            certificate_life: Span::days(30),
            database: true,
            data_age: Span::secs(9),
            build: None,
        }),
        ..Survey::default()
    };
    let (because, survey) = ("all is well again".into(), Box::new(survey));
    let wish = OperationWish::Plan { aim: Aim::FailBack, because, survey, incident: None };
    let operation = engine.operate(&"lead-developer".into(), "test", "plan", &wish, now).unwrap();
    (tree, operation)
}

async fn agreeing(tree: &Tree) -> String {
    let shown = tree.types("operation show 1").await.out;
    shown.lines().find(|line| line.contains("agree")).unwrap_or(&shown).to_owned()
}

#[tokio::test]
async fn a_plan_is_approved_on_the_phone_and_nothing_else_is() {
    let (tree, operation) = planned().await;
    let code = operation.code(&"devops-engineer".into());
    let keys: &'static str = Box::leak(format!("3{code}").into_boxed_str());
    let phones = &tree.exchange.phones;
    // A slow finger first: the 1 that begins a code takes no incident.
    phones.next(FIRST, Reaction::Presses("31"));
    phones.always(FIRST, Reaction::Presses(keys));
    tree.declares().await;
    let approved = "Your approval is recorded";
    tree.until("the approval", |it| it.phones.heard(FIRST).iter().any(|it| it.contains(approved)))
        .await;
    let agree = agreeing(&tree).await;
    assert!(agree.contains("lead-developer, devops-engineer"), "{agree}");
    let timeline = tree.types("incident timeline 1").await.out;
    assert!(!timeline.contains("has it"), "{timeline}");
}

#[tokio::test]
async fn a_text_approves_with_its_senders_code_and_guesses_end() {
    let (tree, operation) = planned().await;
    let (first, second) = ("devops-engineer".into(), "senior-developer".into());
    let (code, other) = (operation.code(&first), operation.code(&second));
    assert_ne!(code, other);
    let url = format!("{PUBLIC}/callbacks/twilio/sms");
    let shown = tree.types("--as devops-engineer operation show 1").await.out;
    let wanted = format!("1 approve {code}");
    assert!(shown.contains(&wanted), "each is told their own:\n{shown}");
    let stolen = tree.exchange.twilio.writes(SECOND, &wanted, &url).await;
    assert!(stolen[0].contains("no plan waits for you"), "{stolen:?}");
    for guess in [2, 3] {
        // Another length of body is another message.
        let text = format!("1 approve {other}{}", ".".repeat(guess));
        let text = text.replacen("1 approve", "2 approve", 1);
        let said = tree.exchange.twilio.writes(SECOND, &text, &url).await;
        assert!(said[0].contains("no plan waits for you"), "another operation's: {said:?}");
    }
    let late = format!("1 approve {other} ");
    let late = tree.exchange.twilio.writes(SECOND, &late, &url).await;
    assert!(late[0].contains("too many wrong codes"), "{late:?}");
    assert!(!agreeing(&tree).await.contains("senior-developer"));
    let said = tree.exchange.twilio.writes(FIRST, &wanted, &url).await;
    assert!(said[0].contains("you approve the plan"), "{said:?}");
    assert!(agreeing(&tree).await.contains("devops-engineer"));
}
