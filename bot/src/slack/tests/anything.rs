//! Whatever people, vendors and monitors wrote: no payload breaks a limit of Slack's, and no word calls anybody.

use std::collections::BTreeMap;

use proptest::prelude::*;
use shared::checklist::{VendorSeen, checklist};
use shared::id::PersonId;
use shared::incident::{Paging, Role, State};
use shared::operation::{Ending, Gate, Operation, Stage, Verdict};
use shared::plan::Severity;
use shared::roster::{Roster, on_call_at};
use shared::safety::Freeze;
use shared::timeline::Mark;
use slack_morphism::prelude::SlackView;

use super::*;
use crate::slack::card::linking_card;
use crate::slack::channel::{channel_name, purpose, topic};
use crate::slack::home::{House, home};
use crate::slack::modal;
use crate::slack::operation::operation_card;
use crate::slack::room::{
    Whereabouts, help_text, incident_list, notice, refusal, status, timeline_messages,
};
use crate::slack::steps::checklist_page;

/// What finds its way into titles: entities, mentions, fences, families, towers of accents, both directions of writing.
fn words() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "\\PC{0,12}",
        1 => Just("<!channel> <@U123> <https://x.example|y> &amp; & ".to_owned()),
        1 => Just("@here @channel @everyone ".to_owned()),
        1 => Just("``` *bold* _it_ ~no~ > quote\n\n\r\u{0}".to_owned()),
        1 => Just("👨‍👩‍👧‍👦🏳️‍🌈🇩🇪".to_owned()),
        1 => Just("مرحبا \u{202e}שלום\u{2066} ".to_owned()),
        1 => Just(format!("z{}", "\u{335}\u{489}".repeat(40))),
        1 => Just(" \u{200b}\u{3000}\n".to_owned()),
    ];
    (prop::collection::vec(piece, 0..6), prop_oneof![6 => 1usize..3, 1 => 300usize..900])
        .prop_map(|(pieces, times)| pieces.concat().repeat(times))
}

fn states() -> impl Strategy<Value = State> {
    prop::sample::select(vec![
        State::Unborn,
        State::Suspected,
        State::Dismissed,
        State::Open,
        State::Mitigated,
        State::Resolved,
    ])
}

prop_compose! {
    fn incidents()(
        (number, state, since, recovered) in (any::<u32>(), states(), 0i64..4_000_000_000_000, any::<bool>()),
        (because, update, component) in (words(), prop::option::of(words()), prop::option::of(words())),
        obligations in prop::collection::vec(words(), 0..8),
        commander in prop::option::of(words()),
        acknowledged in prop::option::of(words()),
    ) -> Incident {
        let mut incident = Incident::unborn("any".into());
        (incident.number, incident.state, incident.since) = (number, state, Ts(since));
        incident.severity = Severity::P1;
        incident.component = component.map_or_else(|| "frontend".into(), Into::into);
        (incident.severity_because, incident.last_update) = (because, update);
        incident.obligations = obligations;
        incident.marks.recovered = recovered.then_some(Ts(since + 600_000));
        incident.roles.extend(commander.map(|one| (Role::IncidentCommander, PersonId::from(one))));
        incident.paging = acknowledged.map_or(
            Paging::Climbing { started: Ts(since), next: 1 },
            |by| Paging::Acknowledged { by: by.into() },
        );
        incident
    }
}

prop_compose! {
    fn operations()(
        texts in prop::collection::vec(words(), 4..30),
        stage in 0usize..4,
        verdict in prop::sample::select(vec![Verdict::Pass, Verdict::Decide, Verdict::Stop]),
    ) -> Operation {
        let mut one = super::cards::rollback(Stage::Planned, &["lead-developer"]);
        one.because = texts[0].as_str().into();
        one.by = texts[1].as_str().into();
        one.proposal.by.clone_from(&texts[2]);
        let gate = |says: &String| Gate { what: "any".into(), verdict, says: says.clone() };
        one.proposal.gates = texts.iter().map(gate).collect();
        let change = |text: &String| shared::effect::Change {
            target: text.clone(), before: text.clone(), after: text.clone(),
        };
        one.proposal.changes = texts.iter().map(change).collect();
        one.stage = match stage {
            0 => Stage::Planned,
            1 => Stage::Acting,
            2 => Stage::Over(Ending::Failed { why: texts[3].clone() }),
            _ => Stage::Over(Ending::PartlyVerified { says: texts[3].clone(), tail: texts.clone() }),
        };
        one
    }
}

fn line(text: &str) -> Line {
    Line {
        at: T0,
        after: Span::secs(7),
        turn: 1,
        mark: Mark::Evidence,
        actor: text.into(),
        text: text.to_owned(),
        event_kind: "joined",
    }
}

/// A world whose plan, too, says anything.
fn world(text: &str, frozen: bool) -> World {
    let mut world = World::new();
    text.clone_into(&mut world.plan.components[0].name);
    text.clone_into(&mut world.plan.document.application);
    for person in &mut world.plan.people {
        text.clone_into(&mut person.name);
        text.clone_into(&mut person.title);
    }
    for step in world.plan.runbooks.iter_mut().flat_map(|runbook| &mut runbook.steps) {
        text.clone_into(&mut step.what);
    }
    for backup in &mut world.plan.backups {
        text.clone_into(&mut backup.what);
    }
    world.standing.frozen = frozen.then(|| Freeze { by: text.into(), why: text.into() });
    world.standing.dry = shared::effect::ActClass::ALL.map(|class| (class, text.to_owned())).into();
    world
}

fn is_name(name: &str) -> bool {
    let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    (1..=80).contains(&name.len()) && name.bytes().all(allowed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_card_of_an_incident_is_within_the_limits(
        incident in incidents(), text in words(), frozen in any::<bool>(), now in 0i64..4_000_000_000_000
    ) {
        let world = world(&text, frozen);
        let scene = world.scene(Ts(now));
        seen(&linking_card(&incident, &[line(&text)], scene, Some(&"C7".into())));
        let list = checklist(&world.plan, &incident, &[], &world.operations, Ts(now));
        let vendor = VendorSeen {
            vendor: text.as_str().into(), at: Ts(now), working: Some(frozen), says: text.clone(),
        };
        seen(&checklist_page(&list, &vec![vendor; 9], &world.plan));
        prop_assert!(purpose(&incident, &world.plan).encode_utf16().count() <= 250);
        let name = channel_name(&incident, &world.plan);
        prop_assert!(is_name(&name), "{name}");
        prop_assert!(topic(&incident, &world.plan).encode_utf16().count() <= 250);
        for form in [
            modal::declare(None, &world.plan),
            modal::update(&incident, Some("C1".into()), &world.plan),
            modal::assign(&incident, None, &world.plan),
            modal::severity(&incident, None, &world.plan),
            modal::freeze(None),
        ] {
            limits::judge_modal(&serde_json::to_value(SlackView::Modal(form)).unwrap());
        }
        seen(&incident_list(&[incident.summary(Ts(now))], scene));
    }

    #[test]
    fn every_card_of_an_operation_is_within_the_limits(
        operation in operations(), text in words(), frozen in any::<bool>(), after in 0i64..2_000
    ) {
        let world = world(&text, frozen);
        let told = shared::operation::Line { number: 3, at: T0, says: text.clone() };
        seen(&operation_card(&operation, &vec![told; 30], world.at(after)));
        let named = crate::slack::action::Named { number: 3, hash: operation.hash.to_string() };
        let form = modal::abort(named, &operation, None);
        limits::judge_modal(&serde_json::to_value(SlackView::Modal(form)).unwrap());
        let form = modal::approve(&operation, None, world.at(after), Some("text \"3 approve 731\""));
        limits::judge_modal(&serde_json::to_value(SlackView::Modal(form)).unwrap());
    }

    #[test]
    fn everything_else_is_within_the_limits(
        live in prop::collection::vec(incidents(), 0..14), text in words(), operation in operations(),
        frozen in any::<bool>(), lines in prop::collection::vec(words(), 0..60),
    ) {
        let mut world = world(&text, frozen);
        world.operations.all.insert(3, operation);
        let scene = world.at(600);
        for message in [notice(&text), refusal(&text), help_text(&text)] {
            seen(&message);
        }
        let lines: Vec<Line> = lines.iter().map(|text| line(text)).collect();
        for message in timeline_messages(7, &lines) {
            seen(&message);
        }
        let live: Vec<&Incident> = live.iter().collect();
        let who = world.plan.people.first();
        let shift = on_call_at(&world.plan, &Roster::default(), T0);
        let at = Whereabouts { who, here: None, live: &live, operations: &world.operations, shift: shift.as_ref() };
        seen(&status(&at, scene));
        let rows: Vec<_> = live.iter().map(|one| one.summary(T0)).collect();
        seen(&incident_list(&rows, scene));
        let backups = BTreeMap::from([(text.clone(), T0)]);
        let house = House { live: &live, operations: &world.operations, shift: shift.as_ref(), backups: &backups };
        let view = serde_json::to_value(SlackView::Home(home(&house, scene))).unwrap();
        limits::judge_home(&view);
    }
}
