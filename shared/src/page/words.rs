//! The sentences that are spoken, by language. A plan can put its own words in their place, or add a language.

use crate::id::PersonId;
use crate::plan::Plan;

/// A sentence that is spoken. `{severity}`, `{incident}`, `{component}`, `{by}` and `{why}` are filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sentence {
    /// What is the matter.
    Alarm,
    /// That it is only a test.
    Test,
    /// Keys 1 to 3.
    PressKeys,
    /// Key 1 of a test.
    PressToConfirm,
    /// Key 0.
    PressForConference,
    /// The star.
    PressToRepeat,
    /// A key that means nothing.
    NoSuchKey,
    /// For the code that approves.
    AskCode,
    /// Before the line is connected.
    Connecting,
    /// Nowhere to connect to.
    NoConference,
    /// It is theirs.
    Taken,
    /// They are passed over.
    Passed,
    /// Their phone works.
    Heard,
    /// Their approval counts.
    Approved,
    /// Somebody else has it.
    Has,
    /// It is over.
    Over,
    /// It was refused.
    Refused,
    /// It could not be recorded.
    Lost,
    /// Nobody pressed a key.
    Silence,
    /// For a machine.
    Message,
}

/// Every sentence: its name in the plan, English, German.
pub const SENTENCES: [(Sentence, &str, &str, &str); 20] = [
    (
        Sentence::Alarm,
        "alarm",
        "This is All Clear. {severity}, incident {incident}: {component}.",
        "Hier ist All Clear. {severity}, Vorfall {incident}: {component}.",
    ),
    (
        Sentence::Test,
        "test",
        "This is All Clear. This is only a test of your phone. Nothing is wrong.",
        "Hier ist All Clear. Das ist nur ein Test Ihres Telefons. Es ist nichts passiert.",
    ),
    (
        Sentence::PressKeys,
        "press-keys",
        "Press 1 to take it. Press 2 if you can't, and the next person is called. Press 3 to approve a plan.",
        "Drücken Sie die 1, um zu übernehmen. Die 2, wenn Sie nicht können: dann wird der Nächste gerufen. Die 3, um einem Plan zuzustimmen.",
    ),
    (
        Sentence::PressToConfirm,
        "press-to-confirm",
        "Press 1 to confirm that you hear this.",
        "Drücken Sie die 1, wenn Sie das hören.",
    ),
    (
        Sentence::PressForConference,
        "press-for-conference",
        "Press 0 for the conference.",
        "Die 0 verbindet mit der Konferenz.",
    ),
    (
        Sentence::PressToRepeat,
        "press-to-repeat",
        "Press star to hear it again.",
        "Mit der Sterntaste hören Sie es noch einmal.",
    ),
    (
        Sentence::NoSuchKey,
        "no-such-key",
        "That key means nothing here.",
        "Diese Taste bedeutet hier nichts.",
    ),
    (
        Sentence::AskCode,
        "ask-code",
        "Enter the three digits of the plan that you saw.",
        "Geben Sie die drei Ziffern des Plans ein, den Sie gesehen haben.",
    ),
    (
        Sentence::Connecting,
        "connecting",
        "You are connected. The incident is not yours by that.",
        "Sie werden verbunden. Übernommen haben Sie damit nicht.",
    ),
    (
        Sentence::NoConference,
        "no-conference",
        "The plan has no conference.",
        "Im Plan steht keine Konferenz.",
    ),
    (
        Sentence::Taken,
        "taken",
        "It is recorded: incident {incident} is yours. Nobody else is called. Thank you.",
        "Es ist festgehalten: Vorfall {incident} gehört Ihnen. Es wird niemand mehr angerufen. Danke.",
    ),
    (
        Sentence::Passed,
        "passed",
        "It is recorded. The next person is called now. Good night.",
        "Es ist festgehalten. Der Nächste wird jetzt angerufen. Gute Nacht.",
    ),
    (
        Sentence::Heard,
        "heard",
        "Thank you. Your phone works, and that is recorded.",
        "Danke. Ihr Telefon funktioniert, das ist festgehalten.",
    ),
    (
        Sentence::Approved,
        "approved",
        "Your approval is recorded. Thank you.",
        "Ihre Zustimmung ist festgehalten. Danke.",
    ),
    (
        Sentence::Has,
        "has",
        "{by} has it already. Good night.",
        "{by} hat schon übernommen. Gute Nacht.",
    ),
    (Sentence::Over, "over", "It is over. Good night.", "Es ist vorbei. Gute Nacht."),
    (Sentence::Refused, "refused", "That is not possible: {why}.", "Das geht nicht: {why}."),
    (
        Sentence::Lost,
        "lost",
        "It could not be recorded. It is not yours, and others are being called. Please try again.",
        "Es konnte nicht festgehalten werden. Sie haben nicht übernommen, andere werden angerufen. Bitte noch einmal.",
    ),
    (
        Sentence::Silence,
        "silence",
        "No key was pressed. Others are being called.",
        "Es wurde keine Taste gedrückt. Andere werden angerufen.",
    ),
    (
        Sentence::Message,
        "message",
        "This is All Clear. {severity}, incident {incident}: {component}. Nobody has it yet. You are called again now.",
        "Hier ist All Clear. {severity}, Vorfall {incident}: {component}. Noch hat niemand übernommen. Sie werden gleich noch einmal angerufen.",
    ),
];

/// The words for one person.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    plan: &'a Plan,
    language: &'a str,
}

impl<'a> Words<'a> {
    /// The words in that person's language.
    pub fn of(plan: &'a Plan, person: &PersonId) -> Self {
        Self { plan, language: plan.language_of(person) }
    }

    /// The language they are spoken in: English where the plan's own has no words.
    pub fn language(&self) -> &'a str {
        let own = self.plan.phone.as_ref().is_some_and(|it| it.texts.contains_key(self.language));
        if own || self.is_german() { self.language } else { "en" }
    }

    /// A sentence: the plan's own words, else ours, else English.
    pub fn say(&self, sentence: Sentence) -> &'a str {
        let Some((_, name, english, german)) = SENTENCES.iter().find(|it| it.0 == sentence) else {
            return "";
        };
        let texts = self.plan.phone.as_ref().and_then(|it| it.texts.get(self.language));
        match texts.and_then(|texts| texts.get(*name)) {
            Some(own) => own,
            None if self.is_german() => german,
            None => english,
        }
    }

    /// `de`, `de-DE`, `de-CH`.
    fn is_german(&self) -> bool {
        self.language.split('-').next() == Some("de")
    }
}
