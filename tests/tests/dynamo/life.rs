//! Any life: whatever is done, by whomever of two, over restarts and snapshots, it answers as the store in memory does.

use functions::store::DynamoStore;
use functions::store::dynamo::snapshot;
use proptest::prelude::*;
use shared::store::{MemoryStore, Store};
use tests::store_life::{Op, observe, ops, perform};
use tests::tables::Tables;

use super::store;

/// What happens before an operation, if no batch is open; a crash happens anyway.
#[derive(Clone, Copy, Debug)]
enum Before {
    Nothing,
    /// Whoever acts is started anew.
    Crash,
    /// A snapshot is written.
    Snapshot,
    /// The other one acts from here on.
    Change,
}

fn before() -> impl Strategy<Value = Before> {
    prop_oneof![
        6 => Just(Before::Nothing),
        1 => Just(Before::Crash),
        1 => Just(Before::Snapshot),
        2 => Just(Before::Change),
    ]
}

/// Both handles on one table; the first acts.
struct Two {
    acts: DynamoStore,
    waits: DynamoStore,
    open: bool,
}

impl Two {
    fn happens(&mut self, what: Before, memory: &mut MemoryStore, anew: impl Fn() -> DynamoStore) {
        match what {
            Before::Crash => {
                memory.crash();
                (self.acts, self.open) = (anew(), false);
            }
            Before::Snapshot if !self.open => {
                snapshot::write_after(&self.acts, 1).unwrap();
            }
            Before::Change if !self.open => {
                std::mem::swap(&mut self.acts, &mut self.waits);
                self.acts.foreign_writes().unwrap();
            }
            Before::Nothing | Before::Snapshot | Before::Change => {}
        }
    }
}

#[test]
fn whatever_is_done_a_table_answers_like_a_store_in_memory() {
    let tables = Tables::start().unwrap();
    let lives = prop::collection::vec((before(), ops()), 1..40);
    let config = ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() };
    let run = proptest::test_runner::TestRunner::new(config).run(&lives, |life| {
        let name = tables.make().unwrap();
        let mut memory = MemoryStore::default();
        let anew = || store(&tables, &name);
        let mut two = Two { acts: anew(), waits: anew(), open: false };
        for (before, op) in &life {
            two.happens(*before, &mut memory, anew);
            let (wanted, found) = (perform(&mut memory, op), perform(&mut two.acts, op));
            prop_assert_eq!(wanted, found, "{:?}", op);
            prop_assert_eq!(observe(&memory), observe(&two.acts), "after {:?}", op);
            two.open = match op {
                Op::Begin => true,
                Op::Commit | Op::Rollback => false,
                _ => two.open,
            };
        }
        memory.crash();
        two.waits.foreign_writes().unwrap();
        prop_assert_eq!(observe(&memory), observe(&two.waits));
        prop_assert_eq!(observe(&memory), observe(&anew()));
        Ok(())
    });
    run.unwrap();
}
