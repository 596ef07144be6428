//! The phone drill: nights in which the first responder sleeps and carriers fail, played to the real server.
//!
//! Each night ends in a timeline, in what happened at the phones, and in the promises that it kept or broke. Rungs are
//! seconds apart instead of minutes; nothing else differs from a real night.

use clap::{Parser, ValueEnum};

use crate::exchange::{Exchange, FIRST, PEOPLE, SECOND};
use crate::standin::phones::{Entry, Fault, Happening, Reaction};
use crate::tree::Tree;

mod promises;

pub use promises::{Promise, judge};

/// What the timeline says once somebody has it.
const ACKNOWLEDGED: &str = "has it (by keypad)";
/// The last rung that is seconds away.
const LAST_RUNG: &str = "rung 3 of the ladder";

/// What can be asked of the drill.
#[derive(Debug, Parser)]
#[command(name = "phone-drill", about = "Rehearses the phone tree against stand-in carriers")]
pub struct Args {
    /// What fails that night; without it, all nights in turn, a good one first.
    #[arg(long, value_enum)]
    pub fault: Option<Night>,
}

impl Args {
    /// The nights to be played.
    pub fn nights(&self) -> Vec<Night> {
        self.fault.map_or_else(|| Night::value_variants().to_vec(), |night| vec![night])
    }
}

/// What fails in a night, beside the first responder, who sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Night {
    /// No carrier.
    None,
    /// The first carrier is down.
    FirstDead,
    /// The first carrier goes down while somebody listens to it.
    DiesMidCall,
    /// The first carrier says that it delivers, and doesn't.
    Lies,
    /// Both carriers are down, until the third rung.
    BothDown,
}

impl Night {
    /// In words.
    fn says(self) -> &'static str {
        match self {
            Self::None => "both carriers work, the first responder sleeps",
            Self::FirstDead => "the first carrier is down",
            Self::DiesMidCall => "the first carrier dies while somebody listens to it",
            Self::Lies => "the first carrier says that it delivers, and doesn't",
            Self::BothDown => "both carriers are down until everybody is being called",
        }
    }

    /// Writes the scripts of carriers and people.
    fn prepare(self, exchange: &Exchange) {
        // A carrier's objections are a broken promise here, and not the end of the program.
        exchange.phones.forgive();
        if self == Self::DiesMidCall {
            exchange.phones.next(FIRST, Reaction::Presses("1"));
        }
        for (_, number) in &PEOPLE {
            exchange.phones.always(number, Reaction::Sleeps);
        }
        exchange.phones.always(SECOND, Reaction::Presses("1"));
        let mut twilio = exchange.twilio.state();
        match self {
            Self::None => {}
            Self::FirstDead => twilio.down = true,
            Self::DiesMidCall => twilio.calls.next(Fault::DieInMidCall),
            Self::Lies => {
                twilio.calls.always(Fault::Lie);
                twilio.messages.always(Fault::Lie);
            }
            Self::BothDown => {
                twilio.down = true;
                exchange.vonage.state().down = true;
            }
        }
    }
}

/// What came of a night.
#[derive(Debug)]
pub struct Played {
    /// The incident's timeline.
    pub timeline: String,
    /// What happened at the phones, in order.
    pub happened: Vec<Entry>,
    /// What somebody called in vain, and what carriers would not have taken.
    pub objections: Vec<String>,
    /// Whether `allclear verify` found the ledger whole.
    pub verified: bool,
}

/// Plays these nights and says what happened; whether every promise was kept.
///
/// # Panics
/// If the server or the stand-ins can't be started.
pub async fn hold(nights: &[Night]) -> bool {
    let mut broken = 0;
    for night in nights {
        say(&format!("== {} ==\n", night.says()));
        let played = play(*night).await;
        say(&played.timeline);
        say("At the phones:");
        played.happened.iter().for_each(|entry| say(&format!("  {}", line(entry))));
        played.objections.iter().for_each(|one| say(&format!("  OBJECTION {one}")));
        say("\nPromises:");
        for promise in judge(*night, &played) {
            say(&format!("  {promise}"));
            broken += u32::from(!promise.kept);
        }
        say("");
    }
    match broken {
        0 => say(&format!("Every promise was kept in {} of {0} nights.", nights.len())),
        _ => say(&format!("{broken} promises were BROKEN.")),
    }
    broken == 0
}

/// Plays one night.
///
/// # Panics
/// If the server or the stand-ins can't be started.
pub async fn play(night: Night) -> Played {
    let exchange = Exchange::start().await;
    night.prepare(&exchange);
    let tree = Tree::plant(exchange).await;
    tree.declares().await;
    if night == Night::BothDown {
        // What it says if the rung is never reached is seen below.
        let _rung = tree.comes_to_say(LAST_RUNG).await;
        tree.exchange.vonage.state().down = false;
    }
    let (Ok(timeline) | Err(timeline)) = tree.comes_to_say(ACKNOWLEDGED).await;
    let phones = &tree.exchange.phones;
    promises::confirmed_or_late(phones).await;
    let verified = tree.types("verify").await.code == 0;
    Played { timeline, happened: phones.happened(), objections: phones.objections(), verified }
}

fn line(entry: &Entry) -> String {
    let name = PEOPLE.iter().find(|(_, number)| *number == entry.number);
    let name = name.map_or(entry.number.as_str(), |(name, _)| name);
    let what = match &entry.what {
        Happening::Rang(Reaction::Sleeps) => "rang, nobody woke up".into(),
        Happening::Rang(reaction) => format!("rang: {reaction:?}"),
        Happening::Heard(words) => format!("heard \"{words}\""),
        Happening::Pressed(keys) => format!("pressed {keys}"),
        Happening::Text(words) => format!("was texted \"{words}\""),
    };
    format!("{name:<16} {:<7} {what}", entry.via)
}

#[expect(clippy::print_stdout, reason = "the drill's answer")]
fn say(line: &str) {
    println!("{line}");
}
