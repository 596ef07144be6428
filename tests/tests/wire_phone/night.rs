//! A night in which carriers and people fail: somebody is reached all the same, and the timeline proves each step.

use tests::exchange::{COMMANDER, Exchange, FIRST, PEOPLE, SECOND};
use tests::standin::phones::{Fault, Happening, Reaction};

use tests::tree::Tree;

/// What the timeline says once somebody has it.
const ACKNOWLEDGED: &str = "has it (by keypad)";

#[tokio::test]
async fn a_sleeping_first_responder_is_passed_over_and_the_second_takes_it() {
    let exchange = Exchange::start().await;
    exchange.phones.always(FIRST, Reaction::Sleeps);
    exchange.phones.always(SECOND, Reaction::Presses("1"));
    exchange.twilio.state().post.twice = true;
    exchange.vonage.state().post.swapped = true;
    let tree = Tree::plant(exchange).await;
    tree.declares().await;
    let timeline = tree.says(ACKNOWLEDGED).await;
    let phones = &tree.exchange.phones;
    tree.until("the confirmation", |it| it.phones.heard(SECOND).len() >= 2).await;
    let heard = phones.heard(SECOND);
    assert!(heard[0].contains("Press 1") && heard[1].contains("yours"), "{heard:?}");
    let rung = phones.rung_by(FIRST);
    assert!(rung.starts_with(&["twilio", "vonage"]), "nobody shares the other's fate: {rung:?}");
    for step in ["no answer", "senior-developer", "keypad"] {
        assert!(timeline.contains(step), "{step}:\n{timeline}");
    }
    assert!(timeline.find("no answer") < timeline.find("keypad"), "{timeline}");
}

#[tokio::test]
async fn with_the_first_carrier_dead_the_second_reaches_them() {
    let exchange = Exchange::start().await;
    exchange.twilio.state().down = true;
    exchange.phones.always(FIRST, Reaction::Presses("1"));
    let tree = Tree::plant(exchange).await;
    tree.declares().await;
    let timeline = tree.says(ACKNOWLEDGED).await;
    assert_eq!(tree.exchange.phones.rung_by(FIRST), ["vonage"]);
    assert!(timeline.contains("twilio"), "what failed is in the timeline, too:\n{timeline}");
}

#[tokio::test]
async fn when_the_carrier_dies_in_mid_call_others_are_called() {
    let exchange = Exchange::start().await;
    exchange.twilio.state().calls.next(Fault::DieInMidCall);
    exchange.phones.next(FIRST, Reaction::Presses("1"));
    exchange.phones.always(FIRST, Reaction::Sleeps);
    exchange.phones.always(SECOND, Reaction::Presses("1"));
    let tree = Tree::plant(exchange).await;
    tree.declares().await;
    let timeline = tree.says(ACKNOWLEDGED).await;
    assert_eq!(tree.exchange.phones.rung_by(SECOND), ["vonage"]);
    assert!(timeline.contains("senior-developer has it"), "{timeline}");
}

#[tokio::test]
async fn a_carrier_that_lies_stops_nobody_from_being_reached() {
    let exchange = Exchange::start().await;
    exchange.twilio.state().calls.always(Fault::Lie);
    exchange.twilio.state().messages.always(Fault::Lie);
    exchange.phones.always(FIRST, Reaction::Presses("1"));
    exchange.phones.always(SECOND, Reaction::Sleeps);
    let tree = Tree::plant(exchange).await;
    tree.declares().await;
    let timeline = tree.says(ACKNOWLEDGED).await;
    assert_eq!(tree.exchange.phones.rung_by(FIRST), ["vonage"], "the next rung asks another one");
    assert!(timeline.contains("no key pressed"), "completed is no acknowledgement:\n{timeline}");
}

#[tokio::test]
async fn a_machine_gets_the_message_and_is_called_again_at_once() {
    let exchange = Exchange::start().await;
    exchange.phones.next(FIRST, Reaction::Voicemail);
    exchange.phones.always(FIRST, Reaction::Presses("1"));
    let tree = Tree::plant(exchange).await;
    tree.declares().await;
    let timeline = tree.says(ACKNOWLEDGED).await;
    assert_eq!(tree.exchange.phones.rung_by(FIRST), ["twilio", "vonage"]);
    assert!(timeline.contains("a machine picked up"), "{timeline}");
}

#[tokio::test]
async fn who_cannot_passes_it_on_at_once() {
    let exchange = Exchange::start().await;
    exchange.phones.always(FIRST, Reaction::Presses("72"));
    exchange.phones.always(SECOND, Reaction::Busy);
    exchange.phones.always(COMMANDER, Reaction::Presses("1"));
    let tree = Tree::plant(exchange).await;
    tree.declares().await;
    tree.says(ACKNOWLEDGED).await;
    let happened = tree.exchange.phones.at(FIRST);
    let keys: Vec<_> = happened
        .iter()
        .filter_map(|entry| match &entry.what {
            Happening::Pressed(key) => Some(key.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(keys, ["7", "2"], "a wrong key is no end");
}

#[tokio::test]
async fn what_cannot_be_saved_is_not_confirmed_and_the_ladder_goes_on() {
    let exchange = Exchange::start().await;
    exchange.phones.forgive();
    exchange.twilio.state().step = std::time::Duration::from_millis(300);
    exchange.phones.next(FIRST, Reaction::Presses("1"));
    exchange.phones.always(FIRST, Reaction::Sleeps);
    exchange.phones.always(SECOND, Reaction::Presses("1"));
    let tree = Tree::plant(exchange).await;
    tree.declares().await;
    tree.until("the menu", |it| !it.phones.heard(FIRST).is_empty()).await;
    let store = rusqlite::Connection::open(tree.desk.path("allclear.db")).unwrap();
    store.execute_batch("BEGIN IMMEDIATE").unwrap();
    tree.until("an answer", |it| it.phones.heard(FIRST).len() >= 2).await;
    let heard = tree.exchange.phones.heard(FIRST);
    store.execute_batch("ROLLBACK").unwrap();
    assert!(heard[1].contains("could not be recorded"), "{heard:?}");
    let timeline = tree.says(ACKNOWLEDGED).await;
    assert!(timeline.contains("senior-developer has it"), "{timeline}");
}

#[tokio::test]
async fn nobody_at_all_is_left_alone_with_both_carriers_down() {
    let exchange = Exchange::start().await;
    exchange.twilio.state().down = true;
    exchange.vonage.state().down = true;
    let tree = Tree::plant(exchange).await;
    tree.declares().await;
    tree.says("rung 3 of the ladder").await;
    for (_, number) in PEOPLE {
        tree.exchange.phones.always(number, Reaction::Presses("1"));
    }
    tree.exchange.vonage.state().down = false;
    tree.says(ACKNOWLEDGED).await;
}
