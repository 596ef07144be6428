//! What each carrier's answer means for a page, against the strict stand-ins.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::sync::Arc;
use std::time::Duration;

use functions::clock;
use functions::http::{self, Roots};
use functions::perform::{Hold, Perform};
use functions::vendors::lookout::Lookout;
use functions::vendors::phone::Phones;
use shared::effect::{Effect, Finding, Outcome, Page};
use shared::id::EffectKey;
use shared::plan::{ContactKind, Severity, read};
use tests::exchange::{Exchange, FIRST};
use tests::standin::phones::{Fault, Reaction};
use tokio::time::{Instant, sleep};

/// The lines of the built-in plan, through both carriers.
pub fn phones(exchange: &Exchange, more: &[(&str, &str)]) -> Phones {
    let plan = read::read("plan.toml", &Exchange::plan_text()).unwrap();
    let roots = Roots::default();
    let http = http::client(&roots).unwrap();
    let lookout = Lookout { plan: Arc::new(plan), http, roots, clock: clock::now };
    let settings = exchange.settings();
    let more = |name: &str| more.iter().find(|(known, _)| *known == name);
    let read = |name: &str| {
        more(name).map(|(_, value)| (*value).to_owned()).or_else(|| settings.get(name).cloned())
    };
    Phones::from_environment(&lookout, read).unwrap()
}

/// A page to whoever is first on call.
pub fn page(by: ContactKind, copy: u8) -> Page {
    Page {
        person: "devops-engineer".into(),
        by,
        code: 731,
        copy,
        rung: 0,
        incident: 42,
        severity: Severity::P1,
        component: "frontend".into(),
        not_before: None,
        test: false,
    }
}

/// Sends it.
pub async fn sent(phones: &Phones, page: Page) -> Outcome {
    let key = EffectKey { stream: "abc".into(), turn: 4, position: 1 };
    phones.perform(&key, &Effect::Page(page), &Hold::Free).await
}

/// Carriers whose callbacks nobody hears.
async fn exchange() -> Exchange {
    let exchange = Exchange::start().await;
    exchange.twilio.state().post.lost = true;
    exchange.vonage.state().post.lost = true;
    exchange
}

fn who(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Done(Finding::Sent { provider, .. }) => provider,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_text_goes_out_and_its_copy_through_the_other_carrier() {
    let exchange = exchange().await;
    let phones = phones(&exchange, &[]);
    for (copy, carrier) in [(1, "twilio"), (2, "vonage"), (3, "twilio"), (4, "vonage")] {
        let outcome = sent(&phones, page(ContactKind::Sms, copy)).await;
        assert_eq!(who(&outcome), carrier);
    }
    while exchange.phones.texts(FIRST).len() < 4 {
        sleep(Duration::from_millis(10)).await;
    }
    let texts = exchange.phones.texts(FIRST);
    assert!(texts.iter().all(|text| text.contains("731 ack")), "the same code on every copy");
}

#[tokio::test]
async fn every_failure_of_a_carrier_is_told_apart() {
    let exchange = exchange().await;
    let phones = phones(&exchange, &[]);
    let refused = [
        (Fault::Refuse(21211), "twilio: Refused on demand (21211)"),
        (Fault::Refuse(21610), "twilio: they have opted out of messages"),
        (Fault::Refuse(20003), "TWILIO_AUTH_TOKEN"),
        (Fault::Refuse(30002), "the account is suspended"),
        (Fault::Refuse(21606), "phone.from.twilio"),
    ];
    for (fault, says) in refused {
        exchange.twilio.state().messages.next(fault);
        let outcome = sent(&phones, page(ContactKind::Sms, 1)).await;
        // Others were measured meanwhile: whoever is doubtful is asked last.
        phones.scores.note(shared::plan::Carrier::Twilio, true);
        phones.scores.note(shared::plan::Carrier::Twilio, true);
        assert!(matches!(&outcome, Outcome::Never { why } if why.contains(says)), "{outcome:?}");
    }
    exchange.twilio.state().messages.next(Fault::RateLimited(3));
    let busy = sent(&phones, page(ContactKind::Sms, 1)).await;
    assert!(matches!(&busy, Outcome::Later { after, .. } if after.0 == 3_000), "{busy:?}");
    phones.scores.note(shared::plan::Carrier::Twilio, true);
    for fault in [Fault::Status(503), Fault::LoseReply, Fault::LoseRequest] {
        exchange.twilio.state().messages.next(fault);
        let outcome = sent(&phones, page(ContactKind::Sms, 1)).await;
        phones.scores.note(shared::plan::Carrier::Twilio, true);
        phones.scores.note(shared::plan::Carrier::Twilio, true);
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{fault:?}: {outcome:?}");
    }
    assert_eq!(exchange.twilio.state().taken("SM").len(), 1, "only the lost reply was taken");
}

#[tokio::test]
async fn a_carrier_that_hangs_is_given_up_before_the_page_is() {
    let exchange = exchange().await;
    let phones = phones(&exchange, &[]);
    for fault in [Fault::Hang, Fault::AcceptThenHang] {
        exchange.vonage.state().messages.next(fault);
        let begun = Instant::now();
        let outcome = sent(&phones, Page { rung: 1, ..page(ContactKind::Sms, 1) }).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
        assert!(begun.elapsed() < Duration::from_secs(12), "the lane gives a page 15 s");
        phones.scores.note(shared::plan::Carrier::Vonage, true);
    }
    while exchange.phones.texts(FIRST).is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn vonages_refusals_are_told_apart() {
    let exchange = exchange().await;
    let phones = phones(&exchange, &[]);
    let page = || Page { rung: 1, ..page(ContactKind::Sms, 1) };
    for (fault, never) in [
        (Fault::Refuse(401), true),
        (Fault::Refuse(402), true),
        (Fault::Refuse(422), true),
        (Fault::RateLimited(2), false),
        (Fault::Status(500), false),
    ] {
        exchange.vonage.state().messages.next(fault);
        let outcome = sent(&phones, page()).await;
        for _ in 0..4 {
            phones.scores.note(shared::plan::Carrier::Vonage, true);
        }
        assert_eq!(matches!(outcome, Outcome::Never { .. }), never, "{fault:?}: {outcome:?}");
        assert!(!matches!(outcome, Outcome::Done(_)));
    }
}

#[tokio::test]
async fn one_call_a_second_goes_to_twilio_and_three_to_vonage() {
    let exchange = exchange().await;
    exchange.phones.always(FIRST, Reaction::Sleeps);
    let phones = Arc::new(phones(&exchange, &[]));
    for (rung, carrier, at_least) in [(0, "twilio", 2_000), (1, "vonage", 680)] {
        let begun = Instant::now();
        let calls: Vec<_> = (0..3)
            .map(|incident| {
                let page = Page { rung, incident, ..page(ContactKind::Voice, 1) };
                let phones = Arc::clone(&phones);
                tokio::spawn(async move { sent(&phones, page).await })
            })
            .collect();
        for call in calls {
            assert_eq!(who(&call.await.unwrap()), carrier);
        }
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(at_least), "{carrier}: {took:?}");
    }
}

#[tokio::test]
async fn a_carrier_that_fails_twice_is_asked_last() {
    let exchange = exchange().await;
    let phones = phones(&exchange, &[]);
    exchange.twilio.state().down = true;
    for incident in 0..2 {
        let lost = sent(&phones, Page { incident, ..page(ContactKind::Sms, 1) }).await;
        assert!(matches!(lost, Outcome::Unknown { .. }), "{lost:?}");
    }
    let third = sent(&phones, Page { incident: 3, ..page(ContactKind::Sms, 1) }).await;
    assert_eq!(who(&third), "vonage");
}

#[tokio::test]
async fn without_credentials_it_is_said_what_would_be_sent() {
    let exchange = exchange().await;
    let empty = [("TWILIO_AUTH_TOKEN", ""), ("VONAGE_APPLICATION_ID", "")];
    let outcome = sent(&phones(&exchange, &empty), page(ContactKind::Voice, 1)).await;
    assert!(!matches!(outcome, Outcome::Never { .. } | Outcome::Unknown { .. }), "{outcome:?}");
    assert!(exchange.phones.rung_by(FIRST).is_empty());
    let mail = sent(&phones(&exchange, &[]), page(ContactKind::Mail, 1)).await;
    assert!(matches!(&mail, Outcome::Never { why } if why.contains("doctor")), "{mail:?}");
}
