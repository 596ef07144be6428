//! What is measured rather than believed: silent carriers are asked, canaries go around.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use functions::clock;
use functions::desk::{self, Opened, Utterance};
use functions::outbox::{self, Outbox};
use functions::perform::{Hold, KillSwitch, Perform};
use functions::vendors::phone::canary::measure;
use functions::vendors::phone::{Phones, poll};
use shared::effect::{Effect, Outcome};
use shared::engine::{Engine, Target};
use shared::id::EffectKey;
use shared::incident::Wish;
use shared::plan::{Carrier, read};
use shared::store::MemoryStore;
use shared::time::Ts;
use tests::exchange::{Exchange, FIRST};
use tests::standin::phones::{Fault, Reaction};
use tests::standin::{twilio, vonage};
use tokio::time::{sleep, timeout};

use crate::carriers::phones;

/// Far above what any of this takes.
const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_canary_that_comes_back_counts_and_a_lie_does_not() {
    let exchange = Exchange::start().await;
    exchange.vonage.state().post.lost = true;
    exchange.phones.takes_texts(twilio::FROM);
    let phones = phones(&exchange, &[]);
    let score = || phones.scores.now().get(&Carrier::Vonage).copied();
    let back = async {
        while exchange.phones.texts(twilio::FROM).is_empty() {
            sleep(Duration::from_millis(10)).await;
        }
        let text = exchange.phones.texts(twilio::FROM).remove(0);
        assert!(phones.canaries.came(&text), "{text}");
    };
    tokio::join!(measure(&phones, Carrier::Vonage, twilio::FROM), back);
    assert_eq!(score(), Some(1.0));
    // Taken and said to be delivered: the measurement waits in vain.
    exchange.vonage.state().messages.next(Fault::Lie);
    let vain = timeout(Duration::from_secs(2), measure(&phones, Carrier::Vonage, twilio::FROM));
    assert!(vain.await.is_err(), "nothing that a carrier says ends the wait");
    exchange.vonage.state().messages.next(Fault::Refuse(402));
    measure(&phones, Carrier::Vonage, twilio::FROM).await;
    assert!(score() < Some(1.0));
    assert_eq!(exchange.phones.texts(&format!("+{}", vonage::FROM)), [""; 0]);
}

/// Performs pages and nothing else.
struct Pager(Arc<Phones>);

impl Perform for Pager {
    async fn perform(&self, key: &EffectKey, effect: &Effect, hold: &Hold) -> Outcome {
        match effect {
            Effect::Page(_) => self.0.perform(key, effect, hold).await,
            _ => Outcome::Never { why: "only pages here".into() },
        }
    }
}

/// The same clock, a minute later.
fn later() -> Ts {
    clock::now() + poll::SILENT_FOR
}

#[tokio::test]
async fn a_carrier_whose_callbacks_are_lost_is_asked_after_a_minute() {
    let exchange = Exchange::start().await;
    exchange.twilio.state().post.lost = true;
    exchange.vonage.state().post.lost = true;
    exchange.phones.always(FIRST, Reaction::Busy);
    let plan = Arc::new(read::read("plan.toml", &Exchange::plan_text()).unwrap());
    let engine = Engine::open(plan, MemoryStore::default(), clock::now()).unwrap();
    let Opened { desk, lanes, thread: _ } = desk::open(engine, clock::now).unwrap();
    let phones = Arc::new(phones(&exchange, &[]));
    let switch = KillSwitch::beside(Path::new("nowhere"));
    let outbox = Outbox { desk: desk.clone(), performer: Pager(Arc::clone(&phones)), switch };
    let running = tokio::spawn(outbox::run(outbox, lanes));
    let declared = Utterance {
        target: Target::Component("frontend".into()),
        by: "stakeholder-rep".into(),
        via: "terminal".into(),
        key: "said-once".into(),
        wish: Wish::Declare {
            component: "frontend".into(),
            severity: None,
            says: "nothing loads".into(),
            number: 0,
        },
    };
    desk.wish(declared).await.unwrap().unwrap();
    let rung = || exchange.phones.rung_by(FIRST).len();
    let wait = async |times: usize| {
        while rung() < times {
            sleep(Duration::from_millis(20)).await;
        }
        sleep(Duration::from_millis(200)).await;
    };
    timeout(LIMIT, wait(1)).await.unwrap();
    poll::round(&phones, &desk, clock::now).await;
    assert_eq!(rung(), 1, "nobody is asked before a minute is over");
    poll::round(&phones, &desk, later).await;
    timeout(LIMIT, wait(2)).await.unwrap();
    assert_eq!(exchange.phones.rung_by(FIRST)[..2], ["twilio", "vonage"], "busy: copied at once");
    running.abort();
}
