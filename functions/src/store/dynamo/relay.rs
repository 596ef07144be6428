//! What a record of the table's stream asks for: deliveries to be heard, effects to be performed, moments to come back at.
//!
//! All of it is a hint. What is owed is in the log; whoever performs looks there first, and whoever sweeps finds what no
//! hint came through for.

use std::collections::BTreeMap;

use shared::effect::Lane;
use shared::id::EffectKey;
use shared::ledger::Hash;
use shared::time::Ts;

use super::deliveries::announced;
use super::log::{Op, commit_number, whole};
use super::table::Item;

/// Something to do soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relayed {
    /// A delivery came in: hear it.
    Hear(Hash),
    /// An effect is owed.
    Perform {
        /// Its key.
        key: EffectKey,
        /// The lane it travels on.
        lane: Lane,
        /// When it is due; [`shared::store::AT_ONCE`] for now.
        due: Ts,
    },
    /// Somebody wants to be woken.
    Wake {
        /// The key of the effect that asked for it.
        key: EffectKey,
        /// When.
        at: Ts,
    },
    /// Something was committed that the record doesn't tell: look at everything that is due.
    Sweep,
}

/// What the new image of an item asks for, in the order in which it is owed.
///
/// A commit that is too large for one item, or that can't be read here, asks for a sweep.
pub fn relayed(item: &Item) -> Vec<Relayed> {
    if let Some(key) = announced(item) {
        return vec![Relayed::Hear(key)];
    }
    let Some(n) = commit_number(item) else { return Vec::new() };
    match whole(n, item) {
        Ok(Some(ops)) => owed(&ops),
        Ok(None) => vec![Relayed::Sweep],
        Err(error) => {
            tracing::error!(error = %error, "failed to read a record of the stream");
            vec![Relayed::Sweep]
        }
    }
}

/// What is still owed after the whole commit.
fn owed(ops: &[Op]) -> Vec<Relayed> {
    let (mut count, mut owed) = (0, BTreeMap::new());
    let mut add = |owed: &mut BTreeMap<_, _>, key: &EffectKey, what| {
        count += 1;
        owed.insert(key.clone(), (count, what));
    };
    for op in ops {
        match op {
            Op::Turn(turned) => {
                turned.settles.iter().for_each(|key| drop(owed.remove(key)));
                for (key, effect) in &turned.owes {
                    let (key, due) = (key.clone(), effect.due());
                    let what = match effect.lane() {
                        Some(lane) => Relayed::Perform { key: key.clone(), lane, due },
                        None => Relayed::Wake { key: key.clone(), at: due },
                    };
                    add(&mut owed, &key, what);
                }
            }
            Op::Postpone { key, until, lane } => {
                let what = Relayed::Perform { key: key.clone(), lane: *lane, due: *until };
                add(&mut owed, key, what);
            }
            Op::Settle(key) => drop(owed.remove(key)),
            Op::Keep(_) => {}
        }
    }
    let mut owed: Vec<_> = owed.into_values().collect();
    owed.sort_by_key(|(place, _)| *place);
    owed.into_iter().map(|(_, what)| what).collect()
}
