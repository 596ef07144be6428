//! The phones of the town, and what providers say of them: not always the truth, not always in order, not always once.

use fastrand::Rng;

use super::script::{Fault, Script};
use super::world::seconds;
use crate::effect::Page;
use crate::id::{EffectKey, PersonId};
use crate::page::{Report, Stage};
use crate::plan::ContactKind;
use crate::time::{Span, Ts};

/// Of a hundred pages, so many are in vain where calls are.
const IN_VAIN: u8 = 45;
/// Of a hundred pages, so many are lied about where providers lie.
const LIES: u8 = 50;
/// How late a late callback can be.
const LATE: Span = Span::mins(4);

/// Something that a provider calls back for.
#[derive(Clone, Debug, PartialEq)]
pub struct Callback {
    /// The page's effect.
    pub key: EffectKey,
    /// What is said of it.
    pub report: Report,
}

/// What becomes of a page that a provider took.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Luck {
    /// It reaches the person.
    Through,
    /// It ends like that, and wakes nobody.
    InVain(Stage),
    /// It wakes nobody, and is said to have arrived.
    Lie,
    /// The provider doesn't take it: the person has opted out.
    Refused,
}

/// The networks between providers and people. They have a chance of their own, so that a town without their faults is
/// the same town.
#[derive(Clone, Debug)]
pub(super) struct Phones {
    rng: Rng,
    deaf: Option<PersonId>,
}

impl Phones {
    /// Networks under a script; `first` is whoever is called first.
    pub fn new(script: &Script, first: Option<&PersonId>, seed: u64) -> Self {
        let deaf = first.filter(|_| script.has(Fault::OptedOut)).cloned();
        Self { rng: Rng::with_seed(seed ^ 0x0ca1), deaf }
    }

    /// What becomes of a page.
    pub fn luck(&mut self, script: &Script, page: &Page) -> Luck {
        if page.by == ContactKind::Sms && self.deaf.as_ref() == Some(&page.person) {
            return Luck::Refused;
        }
        if script.has(Fault::CallsInVain) && self.rng.u8(..100) < IN_VAIN {
            let code = || "30003".into();
            let text = || "unreachable".into();
            let ends = match page.by {
                ContactKind::Voice => [Stage::Machine, Stage::Busy, Stage::NoAnswer],
                ContactKind::Sms | ContactKind::Mail | ContactKind::Slack => [
                    Stage::Undelivered { code: code(), text: text() },
                    Stage::Failed { code: code(), text: text() },
                    Stage::Undelivered { code: "30008".into(), text: text() },
                ],
            };
            let place = self.rng.usize(..ends.len());
            return ends.into_iter().nth(place).map_or(Luck::Through, Luck::InVain);
        }
        if script.has(Fault::DeliveryLies) && self.rng.u8(..100) < LIES {
            return Luck::Lie;
        }
        Luck::Through
    }

    /// What providers say of it, and when it arrives: with its faults a callback comes late, twice and out of order.
    pub fn callbacks(
        &mut self,
        script: &Script,
        key: &EffectKey,
        page: &Page,
        luck: &Luck,
        woke: bool,
        now: Ts,
    ) -> Vec<(Ts, Callback)> {
        let mut at = now;
        let mut callbacks = Vec::new();
        for (sequence, stage) in (0..).zip(stages(page.by, luck, woke)) {
            at = at + seconds(&mut self.rng, 1, 12);
            let receipt = format!("{key}").into();
            let (provider, sequence) = ("town".into(), Some(sequence));
            let report = Report { stage, provider, receipt, sequence, at };
            let callback = Callback { key: key.clone(), report };
            let late = script.has(Fault::LateCallbacks);
            for _ in 0..if late { self.rng.u32(1..=3) } else { 1 } {
                let delay = if late { self.rng.i64(0..LATE.0) } else { 0 };
                callbacks.push((at + Span::millis(delay), callback.clone()));
            }
        }
        callbacks
    }

    /// Whether a callback that nobody took is made again: most providers try once more, if at all.
    pub fn tries_again(&mut self) -> bool {
        self.rng.bool()
    }
}

/// The stages of a page, in their order.
fn stages(by: ContactKind, luck: &Luck, woke: bool) -> Vec<Stage> {
    let call = by == ContactKind::Voice;
    match luck {
        Luck::Refused => vec![Stage::OptedOut],
        Luck::InVain(end) if call => vec![Stage::Queued, Stage::Ringing, end.clone()],
        Luck::InVain(end) => vec![Stage::Sent, end.clone()],
        Luck::Through if call && !woke => vec![Stage::Queued, Stage::Ringing, Stage::NoAnswer],
        Luck::Through | Luck::Lie if call => {
            vec![
                Stage::Queued,
                Stage::Ringing,
                Stage::InProgress,
                Stage::Answered,
                Stage::Completed,
            ]
        }
        Luck::Through | Luck::Lie => vec![Stage::Queued, Stage::Sent, Stage::Delivered],
    }
}
