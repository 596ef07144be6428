//! Any life of a store: what may be asked of it in any order, what it answers, and all that can be seen of it after.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "a store that fails here fails its test"
)]

use proptest::prelude::*;
use shared::effect::{Effect, Lane};
use shared::incident::State;
use shared::store::{Derived, Store, StoreError};
use shared::time::Ts;

use crate::store_contract::{append_line, delivery, key, summary, turn, wake};

/// What a caller may ask of a store.
#[derive(Clone, Debug)]
pub enum Op {
    /// Open a batch.
    Begin,
    /// End it.
    Commit,
    /// Give it up.
    Rollback,
    /// Append a turn, sometimes a wrong one.
    Append { stream: u8, skip: u8, command: u8, owes: Vec<Effect>, settles: Option<(u8, u32, u16)> },
    /// Append a turn that changes an incident's line.
    Line { incident: u8, state: State },
    /// Put an effect off.
    Postpone(u8, u32, u16, i64),
    /// Take one off the list.
    Settle(u8, u32, u16),
    /// Keep a delivery.
    Keep(u8),
}

/// Any of them.
pub fn ops() -> impl Strategy<Value = Op> {
    let place = || (0..3_u8, 1..4_u32, 0..3_u16);
    let effect = prop_oneof![Just(Effect::Report), (0..9_i64).prop_map(wake)];
    let states = [State::Suspected, State::Open, State::Resolved];
    prop_oneof![
        2 => Just(Op::Begin),
        1 => Just(Op::Commit),
        1 => Just(Op::Rollback),
        6 => (
            0..3_u8,
            0..3_u8,
            0..12_u8,
            prop::collection::vec(effect, 0..3),
            prop::option::of(place()),
        )
            .prop_map(|(stream, skip, command, owes, settles)| {
                Op::Append { stream, skip, command, owes, settles }
            }),
        2 => (0..3_u8, prop::sample::select(states.to_vec()))
            .prop_map(|(incident, state)| Op::Line { incident, state }),
        2 => (place(), 1..9_i64).prop_map(|((s, t, p), until)| Op::Postpone(s, t, p, until)),
        2 => place().prop_map(|(s, t, p)| Op::Settle(s, t, p)),
        1 => (0..3_u8).prop_map(Op::Keep),
    ]
}

fn stream(number: u8) -> String {
    format!("stream-{number}")
}

/// Performs one operation and says what came of it, without the words of errors.
pub fn perform(store: &mut impl Store, op: &Op) -> String {
    let outcome = match op {
        Op::Begin => store.begin(),
        Op::Commit => store.commit(),
        Op::Rollback => {
            store.rollback();
            Ok(())
        }
        Op::Append { stream: name, skip, command, owes, settles } => {
            let name = stream(*name);
            let number =
                store.turns(&name.as_str().into()).unwrap().len() as u32 + u32::from(*skip);
            let owes = (0..).zip(owes).map(|(at, owe)| (key(&name, number, at), owe)).collect();
            let settles = settles.map(|(s, turn, position)| key(&stream(s), turn, position));
            let command = command.to_string();
            let derived = Derived { owes, settles: settles.as_ref(), key: &command, summary: None };
            store.append(&turn(&name, number), &derived)
        }
        Op::Line { incident, state } => {
            let (name, component) = (format!("incident-{incident}"), format!("c{}", incident % 2));
            let number = store.turns(&name.as_str().into()).unwrap().len() as u32 + 1;
            append_line(
                store,
                number,
                &summary(&name, u32::from(*incident) + 1, &component, *state),
            )
        }
        Op::Postpone(s, t, p, until) => store.postpone(&key(&stream(*s), *t, *p), Ts(*until)),
        Op::Settle(s, t, p) => store.settle(&key(&stream(*s), *t, *p)),
        Op::Keep(body) => return format!("{:?}", store.keep(&delivery(&[*body])).unwrap()),
    };
    match outcome {
        Ok(()) => "done".into(),
        Err(error @ StoreError::Conflict { .. }) => error.to_string(),
        Err(StoreError::Unavailable(_)) => "unavailable".into(),
        Err(StoreError::Corrupt(why)) => panic!("{why}"),
    }
}

/// Everything that a store answers, as text.
pub fn observe(store: &impl Store) -> String {
    let turns = ["a", "stream-0", "stream-1", "stream-2", "incident-0", "incident-1", "incident-2"]
        .map(|name| store.turns(&name.into()).unwrap());
    let taken: Vec<_> = (0..12)
        .map(|command| store.has_taken(&"stream-0".into(), &command.to_string()).unwrap())
        .collect();
    let owed: Vec<_> =
        [0, 4, 9].map(|now| Lane::ALL.map(|lane| store.owed(lane, Ts(now), 5).unwrap())).into();
    let wakes = [0, 4, 9].map(|now| store.wakes(Ts(now), 5).unwrap());
    let latest = ["c0", "c1", "frontend"].map(|name| store.latest(&name.into()).unwrap());
    let numbered = [1, 2, 3].map(|number| store.numbered(number).unwrap());
    format!(
        "{turns:?} {taken:?} {owed:?} {wakes:?} {:?} {:?} {latest:?} {numbered:?} {:?} {:?}",
        store.next_due(Ts(3)).unwrap(),
        store.next_number().unwrap(),
        store.live().unwrap(),
        store.newest(2).unwrap(),
    )
}
