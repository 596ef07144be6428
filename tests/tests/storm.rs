//! An alert storm must not use up the room in which its incident is worked on.

#![expect(clippy::unwrap_used, reason = "a storm that can't be sent fails its test")]

use shared::engine::Engine;
use shared::id::ComponentId;
use shared::incident::{MAX_JOINING_TURNS, MAX_MONITORS, MAX_TURNS, Paging};
use shared::signal::{Trust, delivery_key, parse};
use shared::store::{Delivery, MemoryStore};
use shared::time::{Span, Ts};
use tests::rehearsal;

const START: Ts = Ts(1_800_000_000_000);

struct Storm {
    engine: Engine<MemoryStore>,
    sent: i64,
}

impl Storm {
    fn new() -> Self {
        let engine = Engine::open(rehearsal::plan(), MemoryStore::default(), START).unwrap();
        Self { engine, sent: 0 }
    }

    /// A monitor's alert about the database, a millisecond after the one before.
    fn says(&mut self, monitor: u32, status: &str) {
        self.sent += 1;
        let now = START + Span::millis(self.sent);
        let body = format!(
            r#"{{"alerts":[{{"status":"{status}","fingerprint":"{monitor}","startsAt":"{}",
                "endsAt":"{}","labels":{{"alertname":"database","severity":"critical"}}}}]}}"#,
            now.rfc3339(),
            now.rfc3339(),
        );
        let plan = rehearsal::plan();
        let source = plan.source(&"alertmanager".into()).unwrap();
        let signals = parse(source, Trust::Signed, now, body.as_bytes()).unwrap();
        let delivery = Delivery {
            key: delivery_key(&source.id, Some(&self.sent.to_string()), &[], &signals, now),
            source: source.id.clone(),
            trust: Trust::Signed,
            received_at: now,
            body: body.as_bytes(),
            verdict: Ok(1),
        };
        self.engine.receive(&delivery, &signals, now).unwrap();
    }

    fn turns(&self) -> u32 {
        self.incident().turns
    }

    fn incident(&self) -> &shared::incident::Incident {
        let database: ComponentId = "database".into();
        self.engine.live().find(|one| one.component == database).unwrap()
    }

    /// Lets the time of the next rung come, and says whether it was climbed.
    fn climbs(&mut self) -> bool {
        let next = |paging: &Paging| match paging {
            Paging::Climbing { next, .. } => *next,
            Paging::Off | Paging::Acknowledged { .. } => 0,
        };
        let before = next(&self.incident().paging);
        self.engine.tick(START + Span::mins(3)).unwrap();
        next(&self.incident().paging) > before
    }
}

#[test]
fn ever_new_monitors_leave_room_for_the_ladder() {
    let mut storm = Storm::new();
    (0..MAX_TURNS + 100).for_each(|monitor| storm.says(monitor, "firing"));
    assert!(storm.turns() < MAX_MONITORS as u32 + 100, "{} turns", storm.turns());
    assert!(storm.climbs());
}

#[test]
fn a_monitor_that_never_makes_up_its_mind_leaves_room_for_the_ladder() {
    let mut storm = Storm::new();
    storm.says(0, "firing");
    for _ in 0..MAX_TURNS {
        storm.says(1, "firing");
        storm.says(1, "resolved");
    }
    assert!(storm.turns() < MAX_JOINING_TURNS + 100, "{} turns", storm.turns());
    assert!(storm.climbs());
}
