//! What every store promises, as one suite over any of them.
//!
//! Promises that need a file, such as reopening it or sharing it, are in `tests/tests/store_contract.rs`.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a store that fails here fails its test"
)]

use shared::effect::{Effect, Lane, Look, Tell, Timer};
use shared::id::EffectKey;
use shared::incident::State;
use shared::ledger::{Body, Hash, Sealed, seal};
use shared::plan::Severity;
use shared::signal::Trust;
use shared::store::{AT_ONCE, Delivery, Derived, Owed, Store, StoreError, Summary};
use shared::time::Ts;

/// Runs the suite, each promise against a new store.
pub fn holds<S: Store>(mut make: impl FnMut() -> S) {
    let promises: [fn(&mut S); 15] = [
        an_empty_store_owes_nothing,
        turns_come_back_as_they_were_sealed,
        a_turn_is_written_once,
        a_command_key_is_taken_once_a_stream,
        a_conflict_changes_nothing,
        a_batch_is_all_or_nothing,
        batches_are_not_nested,
        owed_effects_come_by_lane_oldest_first,
        a_postponed_effect_waits_and_is_counted,
        wakes_come_earliest_first,
        a_turn_settles_the_effect_it_records,
        effects_and_wakes_settle_without_a_turn,
        a_delivery_is_kept_once,
        incidents_are_found_by_what_people_ask_for,
        a_number_belongs_to_one_incident,
    ];
    for promise in promises {
        promise(&mut make());
    }
}

/// A turn of a stream; its hash stands for itself, since stores don't check chains.
pub fn turn(stream: &str, number: u32) -> Sealed {
    let body = Body {
        stream: stream.into(),
        turn: number,
        at: Ts(i64::from(number)),
        actor: "contract".into(),
        key: number.to_string().into(),
        events: vec![format!("\u{0}“{number}” happened in {stream}")],
        owes: vec![],
        settles: None,
    };
    seal(&Hash::default(), &body).unwrap()
}

/// The key of an effect.
pub fn key(stream: &str, turn: u32, position: u16) -> EffectKey {
    EffectKey { stream: stream.into(), turn, position }
}

/// A line of the index.
pub fn summary(id: &str, number: u32, component: &str, state: State) -> Summary {
    Summary {
        id: id.into(),
        number,
        component: component.into(),
        state,
        severity: Severity::P2,
        since: Ts(i64::from(number) * 1_000),
        ended: (!state.is_live()).then_some(Ts(i64::from(number) * 2_000)),
    }
}

/// Appends a turn that owes these effects, under a key of its own.
pub fn append(
    store: &mut impl Store,
    stream: &str,
    number: u32,
    owes: &[Effect],
) -> Result<(), StoreError> {
    let owes = (0..).zip(owes).map(|(at, effect)| (key(stream, number, at), effect)).collect();
    let command = number.to_string();
    store.append(&turn(stream, number), &Derived { owes, key: &command, ..Derived::default() })
}

/// Appends a turn that changes an incident's line.
pub fn append_line(store: &mut impl Store, number: u32, line: &Summary) -> Result<(), StoreError> {
    let command = number.to_string();
    let derived = Derived { key: &command, summary: Some(line.clone()), ..Derived::default() };
    store.append(&turn(line.id.as_str(), number), &derived)
}

/// An effect that wakes the incident.
pub fn wake(at: i64) -> Effect {
    Effect::WakeAt { at: Ts(at), timer: Timer::Rung(2) }
}

/// Whether an append lost to another.
pub fn is_conflict(result: &Result<(), StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict { .. }))
}

const EVER: Ts = Ts(i64::MAX);
const NEVER_YET: Ts = Ts(i64::MIN);

fn notice(text: &str) -> Effect {
    Effect::Tell(Tell::Notice(text.into()))
}

fn keys(owed: Vec<Owed>) -> Vec<String> {
    owed.into_iter().map(|owed| owed.key.to_string()).collect()
}

fn an_empty_store_owes_nothing(store: &mut impl Store) {
    assert!(store.turns(&"unknown".into()).unwrap().is_empty());
    assert!(!store.has_taken(&"unknown".into(), "").unwrap());
    assert!(Lane::ALL.iter().all(|lane| store.owed(*lane, EVER, 9).unwrap().is_empty()));
    assert!(store.wakes(EVER, 9).unwrap().is_empty());
    assert_eq!(store.next_due(NEVER_YET).unwrap(), None);
    assert_eq!(store.next_number().unwrap(), 1);
    assert_eq!(store.latest(&"frontend".into()).unwrap(), None);
    assert_eq!(store.numbered(1).unwrap(), None);
    assert!(store.live().unwrap().is_empty() && store.newest(9).unwrap().is_empty());
    store.settle(&key("unknown", 1, 0)).unwrap();
    store.postpone(&key("unknown", 1, 0), Ts(1)).unwrap();
}

fn turns_come_back_as_they_were_sealed(store: &mut impl Store) {
    for (stream, number) in [("a", 1), ("b", 1), ("a", 2), ("a", 3)] {
        append(store, stream, number, &[]).unwrap();
    }
    let wanted = [1, 2, 3].map(|number| turn("a", number));
    assert_eq!(store.turns(&"a".into()).unwrap(), wanted);
    assert_eq!(store.turns(&"b".into()).unwrap(), [turn("b", 1)]);
    assert_eq!(store.turn(&"a".into(), 2).unwrap().as_ref(), wanted.get(1));
    assert_eq!(store.turn(&"a".into(), 99).unwrap(), None);
    assert_eq!(store.turn(&"unknown".into(), 1).unwrap(), None);
}

fn a_turn_is_written_once(store: &mut impl Store) {
    append(store, "a", 1, &[]).unwrap();
    let again = store.append(&turn("a", 1), &Derived { key: "other", ..Derived::default() });
    let Err(StoreError::Conflict { stream, turn }) = again else { panic!("{again:?}") };
    assert_eq!((stream.as_str(), turn), ("a", 1));
    append(store, "b", 1, &[]).unwrap();
}

fn a_command_key_is_taken_once_a_stream(store: &mut impl Store) {
    let taken = Derived { key: "ack-1", ..Derived::default() };
    store.append(&turn("a", 1), &taken).unwrap();
    assert!(store.has_taken(&"a".into(), "ack-1").unwrap());
    assert!(!store.has_taken(&"b".into(), "ack-1").unwrap());
    assert!(is_conflict(&store.append(&turn("a", 2), &taken)));
    store.append(&turn("b", 1), &taken).unwrap();
}

fn a_conflict_changes_nothing(store: &mut impl Store) {
    append(store, "a", 1, &[Effect::Report]).unwrap();
    store.begin().unwrap();
    append(store, "b", 1, &[]).unwrap();
    let settles = key("a", 1, 0);
    let derived = Derived {
        owes: vec![(key("a", 1, 1), &Effect::Report)],
        settles: Some(&settles),
        key: "other",
        summary: Some(summary("a", 1, "frontend", State::Open)),
    };
    assert!(is_conflict(&store.append(&turn("a", 1), &derived)));
    store.commit().unwrap();
    assert_eq!(keys(store.owed(Lane::Archive, EVER, 9).unwrap()), ["a/1/0"]);
    assert!(!store.has_taken(&"a".into(), "other").unwrap());
    assert_eq!(store.next_number().unwrap(), 1);
    assert_eq!(store.turns(&"b".into()).unwrap().len(), 1, "the batch goes on");
}

fn a_batch_is_all_or_nothing(store: &mut impl Store) {
    append(store, "a", 1, &[Effect::Report, Effect::Report, wake(5)]).unwrap();
    append_line(store, 1, &summary("i", 1, "frontend", State::Open)).unwrap();
    store.begin().unwrap();
    append(store, "a", 2, &[notice("gone"), wake(1)]).unwrap();
    append_line(store, 2, &summary("i", 1, "frontend", State::Resolved)).unwrap();
    append_line(store, 1, &summary("j", 2, "frontend", State::Open)).unwrap();
    store.postpone(&key("a", 1, 0), Ts(9)).unwrap();
    store.settle(&key("a", 1, 0)).unwrap();
    store.settle(&key("a", 1, 2)).unwrap();
    assert!(store.keep(&delivery(b"x")).unwrap());
    assert_eq!(store.turns(&"a".into()).unwrap().len(), 2, "a batch reads its own writes");
    store.rollback();

    assert_eq!(store.turns(&"a".into()).unwrap(), [turn("a", 1)]);
    assert!(!store.has_taken(&"a".into(), "2").unwrap());
    let archive = store.owed(Lane::Archive, Ts(0), 9).unwrap();
    assert!(archive.iter().all(|owed| owed.attempts == 0));
    assert_eq!(keys(archive), ["a/1/0", "a/1/1"]);
    assert!(store.owed(Lane::Tell, EVER, 9).unwrap().is_empty());
    assert_eq!(store.wakes(EVER, 9).unwrap().len(), 1);
    assert_eq!(store.live().unwrap(), [summary("i", 1, "frontend", State::Open)]);
    assert_eq!(store.next_number().unwrap(), 2);
    assert!(store.keep(&delivery(b"x")).unwrap());

    store.begin().unwrap();
    append(store, "a", 2, &[]).unwrap();
    store.commit().unwrap();
    store.rollback();
    assert_eq!(store.turns(&"a".into()).unwrap().len(), 2);
}

fn batches_are_not_nested(store: &mut impl Store) {
    assert!(store.commit().is_err());
    store.begin().unwrap();
    assert!(store.begin().is_err());
    append(store, "a", 1, &[]).unwrap();
    store.commit().unwrap();
    assert_eq!(store.turns(&"a".into()).unwrap().len(), 1);
}

fn owed_effects_come_by_lane_oldest_first(store: &mut impl Store) {
    let looks = [Look::Dns, Look::Standby].map(Effect::Look);
    append(store, "z", 1, &[looks[0].clone(), notice("hello"), looks[1].clone()]).unwrap();
    append(store, "a", 1, &[Effect::Look(Look::ControlSite)]).unwrap();
    assert_eq!(keys(store.owed(Lane::Act, AT_ONCE, 9).unwrap()), ["z/1/0", "z/1/2", "a/1/0"]);
    assert_eq!(keys(store.owed(Lane::Act, AT_ONCE, 2).unwrap()), ["z/1/0", "z/1/2"]);
    assert!(store.owed(Lane::Act, AT_ONCE, 0).unwrap().is_empty());
    assert!(store.owed(Lane::Page, EVER, usize::MAX).unwrap().is_empty());
    let told = store.owed(Lane::Tell, AT_ONCE, usize::MAX).unwrap();
    assert_eq!(told, [Owed { key: key("z", 1, 1), effect: notice("hello"), attempts: 0 }]);
    assert_eq!(store.next_due(NEVER_YET).unwrap(), Some(AT_ONCE));
}

fn a_postponed_effect_waits_and_is_counted(store: &mut impl Store) {
    append(store, "a", 1, &[Effect::Report, Effect::Report, wake(70)]).unwrap();
    store.postpone(&key("a", 1, 0), Ts(50)).unwrap();
    assert_eq!(keys(store.owed(Lane::Archive, Ts(49), 9).unwrap()), ["a/1/1"]);
    assert_eq!(keys(store.owed(Lane::Archive, Ts(50), 9).unwrap()), ["a/1/1", "a/1/0"]);
    store.postpone(&key("a", 1, 1), Ts(60)).unwrap();
    store.postpone(&key("a", 1, 0), Ts(60)).unwrap();
    store.postpone(&key("a", 1, 2), Ts(99)).unwrap();
    assert_eq!(store.next_due(NEVER_YET).unwrap(), Some(Ts(60)));
    let owed = store.owed(Lane::Archive, Ts(60), 9).unwrap();
    assert_eq!(owed.iter().map(|owed| owed.attempts).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(keys(owed), ["a/1/0", "a/1/1"], "of the same due time the older is first");
    assert_eq!(store.wakes(Ts(70), 9).unwrap().len(), 1, "wake-ups are not put off");
}

fn wakes_come_earliest_first(store: &mut impl Store) {
    append(store, "a", 1, &[wake(30), wake(10)]).unwrap();
    append(store, "b", 1, &[wake(10), wake(20)]).unwrap();
    let said = |now, limit| {
        let wakes = store.wakes(Ts(now), limit).unwrap();
        assert!(wakes.iter().all(|wake| wake.timer == Timer::Rung(2)));
        wakes.into_iter().map(|wake| format!("{} {}", wake.at.0, wake.key)).collect::<Vec<_>>()
    };
    assert!(said(9, 9).is_empty());
    assert_eq!(said(29, 9), ["10 a/1/1", "10 b/1/0", "20 b/1/1"]);
    assert_eq!(said(30, 1), ["10 a/1/1"]);
    assert_eq!(store.next_due(NEVER_YET).unwrap(), Some(Ts(10)));
    append(store, "c", 1, &[Effect::Report, notice("waits for a free hand")]).unwrap();
    let next = [9, 10, 20, 30].map(|now| store.next_due(Ts(now)).unwrap());
    assert_eq!(next, [Some(Ts(10)), Some(Ts(20)), Some(Ts(30)), None], "whatever is due already");
}

fn a_turn_settles_the_effect_it_records(store: &mut impl Store) {
    append(store, "a", 1, &[Effect::Report, Effect::Report]).unwrap();
    let settles = key("a", 1, 0);
    let derived = Derived {
        owes: vec![(key("a", 2, 0), &Effect::Report)],
        settles: Some(&settles),
        key: "2",
        summary: None,
    };
    store.append(&turn("a", 2), &derived).unwrap();
    assert_eq!(keys(store.owed(Lane::Archive, EVER, 9).unwrap()), ["a/1/1", "a/2/0"]);
}

fn effects_and_wakes_settle_without_a_turn(store: &mut impl Store) {
    append(store, "a", 1, &[Effect::Report, wake(1), wake(2)]).unwrap();
    for position in [0, 1, 1] {
        store.settle(&key("a", 1, position)).unwrap();
    }
    assert!(store.owed(Lane::Archive, EVER, 9).unwrap().is_empty());
    assert_eq!(store.wakes(EVER, 9).unwrap().len(), 1);
    assert_eq!(store.next_due(NEVER_YET).unwrap(), Some(Ts(2)));
}

/// A delivery whose key is that of its body.
pub fn delivery(body: &[u8]) -> Delivery<'_> {
    Delivery {
        key: Hash::of(&[body]),
        source: "pingdom-prod".into(),
        trust: Trust::SignedFresh,
        received_at: Ts(7),
        body,
        verdict: Ok(1),
    }
}

fn a_delivery_is_kept_once(store: &mut impl Store) {
    assert!(store.keep(&delivery(b"\xff\x00 one")).unwrap());
    assert!(!store.keep(&delivery(b"\xff\x00 one")).unwrap());
    let refused = Delivery { verdict: Err("no signature".into()), ..delivery(b"two") };
    assert!(store.keep(&refused).unwrap());
}

fn incidents_are_found_by_what_people_ask_for(store: &mut impl Store) {
    let lines = [
        summary("z", 1, "frontend", State::Resolved),
        summary("y", 2, "database", State::Open),
        summary("x", 3, "frontend", State::Suspected),
        summary("w", 4, "database", State::Dismissed),
    ];
    for line in &lines {
        append_line(store, 1, line).unwrap();
    }
    assert_eq!(store.next_number().unwrap(), 5);
    assert_eq!(store.latest(&"frontend".into()).unwrap(), Some(lines[2].clone()));
    assert_eq!(store.latest(&"database".into()).unwrap(), Some(lines[3].clone()));
    assert_eq!(store.numbered(2).unwrap(), Some(lines[1].clone()));
    assert_eq!(store.live().unwrap(), lines[1..3]);
    assert_eq!(store.newest(2).unwrap(), [lines[3].clone(), lines[2].clone()]);

    let over = Summary { severity: Severity::P1, ..summary("y", 2, "database", State::Resolved) };
    append_line(store, 2, &over).unwrap();
    assert_eq!(store.live().unwrap(), lines[2..3]);
    assert_eq!(store.numbered(2).unwrap(), Some(over));
}

fn a_number_belongs_to_one_incident(store: &mut impl Store) {
    append_line(store, 1, &summary("a", 1, "frontend", State::Open)).unwrap();
    let late = append_line(store, 1, &summary("b", 1, "database", State::Open));
    assert!(is_conflict(&late), "{late:?}");
    assert!(store.turns(&"b".into()).unwrap().is_empty());
}
