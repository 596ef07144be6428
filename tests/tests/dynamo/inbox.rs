//! Webhook deliveries: taken in once, heard once, forgotten when they are old.

use functions::desk::Arrival;
use functions::store::dynamo::deliveries::{Inbox, Placed};
use functions::store::dynamo::relay::{Relayed, relayed};
use shared::ledger::Hash;
use shared::signal::{BODY_MAX, Trust};
use shared::time::{Span, Ts};
use tests::standin::flaky::{Flaky, Harm};
use tests::tables::Tables;

use super::{behind, items};

const MONDAY: Ts = Ts(1_700_000_000_000);

/// A delivery that was refused; its body is what is asked here.
fn arrival(body: &[u8], received_at: Ts) -> Arrival {
    Arrival {
        key: Hash::of(&[body]),
        source: "pingdom-prod".into(),
        trust: Trust::SignedFresh,
        received_at,
        body: body.to_vec().into(),
        verdict: Err("no signature".into()),
    }
}

/// Bytes that don't compress.
fn noise(size: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    std::iter::repeat_with(|| random.u8(..)).take(size).collect()
}

#[test]
fn a_delivery_is_taken_in_once_and_waits_until_it_is_heard() {
    let tables = Tables::start().unwrap();
    let inbox = Inbox::new(tables.table(&tables.make().unwrap()).unwrap());
    tables.wait(async {
        let (first, second) = (arrival(b"\xff\x00\none", Ts(2_000)), arrival(b"two", Ts(1_000)));
        assert_eq!(inbox.put(&first).await.unwrap(), Placed::New);
        let again = Arrival { received_at: Ts(9_000), ..first.clone() };
        assert_eq!(inbox.put(&again).await.unwrap(), Placed::Duplicate);
        assert_eq!(inbox.put(&second).await.unwrap(), Placed::New);

        let waiting = [(Ts(1_000), second.key), (Ts(2_000), first.key)];
        assert_eq!(inbox.unheard(9).await.unwrap(), waiting, "the oldest first");
        assert_eq!(inbox.unheard(1).await.unwrap(), waiting[..1]);
        let taken = inbox.take(first.key).await.unwrap().unwrap();
        assert_eq!((taken.body, taken.verdict), (first.body, first.verdict));
        assert_eq!((taken.received_at, taken.trust), (Ts(2_000), Trust::SignedFresh));
        assert_eq!(inbox.take(Hash::of(&[b"never came"])).await.unwrap().map(|one| one.key), None);

        inbox.heard(first.key, first.received_at).await.unwrap();
        inbox.heard(first.key, first.received_at).await.unwrap();
        inbox.heard(Hash::of(&[b"never came"]), Ts(0)).await.unwrap();
        assert!(inbox.take(first.key).await.unwrap().is_none());
        assert_eq!(inbox.unheard(9).await.unwrap(), waiting[..1]);
        assert_eq!(inbox.put(&again).await.unwrap(), Placed::Duplicate, "it is not heard twice");
    });
}

#[test]
fn the_largest_body_comes_back_as_it_was() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let inbox = Inbox::new(tables.table(&name).unwrap());
    tables.wait(async {
        let large = arrival(&noise(BODY_MAX), Ts(1_000));
        assert_eq!(inbox.put(&large).await.unwrap(), Placed::New);
        let again = Arrival { received_at: Ts(5_000), ..large.clone() };
        assert_eq!(inbox.put(&again).await.unwrap(), Placed::Duplicate);
        let taken = inbox.take(large.key).await.unwrap().unwrap();
        assert!(taken.body == large.body, "another body came back");
        inbox.heard(large.key, large.received_at).await.unwrap();
        assert_eq!(inbox.forget(Ts(2_000), 9).await.unwrap(), 1);
    });
    assert_eq!(
        items(&tables, &name).len(),
        0,
        "its chunks are gone too, and those of the duplicate"
    );
}

#[test]
fn what_was_heard_is_forgotten_when_it_is_old() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let inbox = Inbox::new(tables.table(&name).unwrap());
    tables.wait(async {
        for day in 0..10_u8 {
            let one = arrival(&[day], MONDAY + Span::days(day.into()));
            inbox.put(&one).await.unwrap();
            if day != 1 {
                inbox.heard(one.key, one.received_at).await.unwrap();
            }
        }
        assert_eq!(inbox.forget(MONDAY + Span::days(3), 9).await.unwrap(), 2);
        assert_eq!(inbox.forget(MONDAY + Span::days(3), 9).await.unwrap(), 0);
        assert_eq!(inbox.unheard(9).await.unwrap().len(), 1, "nobody heard it yet");
    });
    assert_eq!(items(&tables, &name).len(), 8);
}

#[test]
fn a_delivery_that_came_in_asks_to_be_heard() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let inbox = Inbox::new(tables.table(&name).unwrap());
    let one = arrival(b"one", MONDAY);
    let asked = |tables: &Tables| -> Vec<Relayed> {
        items(tables, &name).iter().flat_map(relayed).collect()
    };
    tables.wait(inbox.put(&one)).unwrap();
    assert_eq!(asked(&tables), [Relayed::Hear(one.key)]);
    tables.wait(inbox.heard(one.key, one.received_at)).unwrap();
    assert_eq!(asked(&tables), []);
}

#[test]
fn taking_one_in_is_one_round_trip_and_a_lost_reply_makes_no_second_one() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    tables.wait(async {
        let line = Flaky::start(&tables.url).await.unwrap();
        let inbox = Inbox::new(behind(&line, &name));
        let (one, two) = (arrival(b"one", MONDAY), arrival(b"two", MONDAY));
        assert_eq!(inbox.put(&one).await.unwrap(), Placed::New);
        assert_eq!(line.calls(), ["PutItem"]);
        line.harm("PutItem", Harm::ReplyLost);
        assert_eq!(inbox.put(&two).await.unwrap(), Placed::New, "nobody else has put it there");
        line.harm("PutItem", Harm::ReplyLost);
        assert_eq!(inbox.put(&two).await.unwrap(), Placed::Duplicate);
        assert_eq!(inbox.unheard(9).await.unwrap().len(), 2);
    });
}

#[test]
fn what_two_regions_take_in_at_once_is_not_accepted_before_one_has_it() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    tables.wait(async {
        let line = Flaky::start(&tables.url).await.unwrap();
        let inbox = Inbox::new(behind(&line, &name));
        for _ in 0..20 {
            line.harm("PutItem", Harm::Refused("ReplicatedWriteConflictException"));
        }
        inbox.put(&arrival(b"one", MONDAY)).await.unwrap_err();
        line.relent();
        assert_eq!(inbox.put(&arrival(b"one", MONDAY)).await.unwrap(), Placed::New);
    });
}
