//! What is said on the phone, and which keys count: a script of values. Providers' dialects are made of it elsewhere.
//!
//! "It is yours" is said only after that is on disk; where it could not be recorded, that is what is said.

use super::words::{Sentence, Words};
use crate::effect::Page;
use crate::plan::Plan;

/// Seconds that a key is waited for after the last word.
pub const KEY_WAIT_SECS: u8 = 8;
/// Times that a menu is read before the call ends.
pub const MENU_ROUNDS: u8 = 3;
/// Digits of a code that approves.
pub const CODE_DIGITS: u8 = 3;

/// What the provider is told to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Read it twice and take one key at any moment: every word inside of what gathers the key. Without a key it is
    /// read again, [`MENU_ROUNDS`] times in all.
    Menu {
        /// The words, in one language.
        say: String,
        /// The language, e.g. `en`.
        language: String,
    },
    /// Read it and take [`CODE_DIGITS`] digits.
    Code {
        /// The words.
        say: String,
        /// The language.
        language: String,
    },
    /// Read it, then connect the caller to that number.
    Connect {
        /// The words.
        say: String,
        /// The language.
        language: String,
        /// The number, in E.164.
        number: String,
    },
    /// Read it and hang up. On a machine it is read after the tone.
    Farewell {
        /// The words.
        say: String,
        /// The language.
        language: String,
    },
}

/// What a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// 1: "I have it."
    Acknowledge,
    /// 2: "I can't": the next person is called now.
    Decline,
    /// 3: "I approve": asks for a code.
    Approve,
    /// 0: connects to the plan's conference.
    Connect,
    /// *: says it again.
    Repeat,
}

impl Key {
    /// The key that was pressed first; `None` for one that means nothing: then the menu is read again.
    pub fn pressed(digits: &str) -> Option<Self> {
        match digits.trim().chars().next()? {
            '1' => Some(Self::Acknowledge),
            '2' => Some(Self::Decline),
            '3' => Some(Self::Approve),
            '0' => Some(Self::Connect),
            '*' => Some(Self::Repeat),
            _ => None,
        }
    }
}

/// What came of what somebody wanted, for whoever waits on the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is theirs, and on disk.
    Taken,
    /// They are passed over, and it is on disk.
    Passed,
    /// Their phone works, and that is on disk.
    Heard,
    /// Their approval is on disk.
    Approved,
    /// Somebody else has it.
    Has(String),
    /// It is over.
    Over,
    /// It was refused, in words.
    Refused(String),
    /// Nobody knows whether it was recorded: others are called on.
    Lost,
}

/// The script of one call.
#[derive(Clone, Copy, Debug)]
pub struct Script<'a> {
    plan: &'a Plan,
    page: &'a Page,
    words: Words<'a>,
}

impl<'a> Script<'a> {
    /// The script of a page, in the language of its person.
    pub fn of(plan: &'a Plan, page: &'a Page) -> Self {
        Self { plan, page, words: Words::of(plan, &page.person) }
    }

    /// What is said when somebody picks up.
    pub fn menu(&self) -> Prompt {
        let alarm = if self.page.test { Sentence::Test } else { Sentence::Alarm };
        let mut says = vec![self.sentence(alarm)];
        if self.page.test {
            says.push(self.sentence(Sentence::PressToConfirm));
        } else {
            says.push(self.sentence(Sentence::PressKeys));
            if self.conference().is_some() {
                says.push(self.sentence(Sentence::PressForConference));
            }
        }
        says.push(self.sentence(Sentence::PressToRepeat));
        Prompt::Menu { say: says.join(" "), language: self.words.language().into() }
    }

    /// What is left on a machine: the call is repeated at once, and this acknowledges nothing.
    pub fn message(&self) -> Prompt {
        self.farewell(&[if self.page.test { Sentence::Test } else { Sentence::Message }])
    }

    /// What a key leads to before anything has to be recorded; `None`: the wish behind it goes to the desk first.
    pub fn key(&self, key: Option<Key>) -> Option<Prompt> {
        match key {
            None => Some(self.again(Sentence::NoSuchKey)),
            Some(Key::Repeat) => Some(self.menu()),
            Some(Key::Approve) => {
                let (say, language) = (self.sentence(Sentence::AskCode), self.language());
                Some(Prompt::Code { say, language })
            }
            Some(Key::Connect) => Some(match self.conference() {
                Some(number) => Prompt::Connect {
                    say: self.sentence(Sentence::Connecting),
                    language: self.language(),
                    number: number.into(),
                },
                None => self.again(Sentence::NoConference),
            }),
            Some(Key::Acknowledge | Key::Decline) => None,
        }
    }

    /// What is said of what came of it. Only [`Answer::Lost`] and refusals leave the menu open.
    pub fn answer(&self, answer: &Answer) -> Prompt {
        match answer {
            Answer::Taken => self.farewell(&[Sentence::Taken]),
            Answer::Passed => self.farewell(&[Sentence::Passed]),
            Answer::Heard => self.farewell(&[Sentence::Heard]),
            Answer::Approved => self.farewell(&[Sentence::Approved]),
            Answer::Over => self.farewell(&[Sentence::Over]),
            Answer::Has(by) => {
                let name = self.plan.person(&by.as_str().into()).map_or(by.as_str(), |it| &it.name);
                let say = self.sentence(Sentence::Has).replace("{by}", name);
                Prompt::Farewell { say, language: self.language() }
            }
            Answer::Refused(why) => {
                let say = self.sentence(Sentence::Refused).replace("{why}", why);
                self.prefixed(&say)
            }
            Answer::Lost => self.again(Sentence::Lost),
        }
    }

    /// What is said when nobody pressed a key.
    pub fn silence(&self) -> Prompt {
        self.farewell(&[Sentence::Silence])
    }

    fn again(&self, sentence: Sentence) -> Prompt {
        self.prefixed(&self.sentence(sentence))
    }

    fn prefixed(&self, first: &str) -> Prompt {
        match self.menu() {
            Prompt::Menu { say, language } => {
                Prompt::Menu { say: format!("{first} {say}"), language }
            }
            other => other,
        }
    }

    fn farewell(&self, sentences: &[Sentence]) -> Prompt {
        let says: Vec<String> = sentences.iter().map(|one| self.sentence(*one)).collect();
        Prompt::Farewell { say: says.join(" "), language: self.language() }
    }

    fn conference(&self) -> Option<&'a str> {
        self.plan.phone.as_ref()?.conference.as_deref()
    }

    fn language(&self) -> String {
        self.words.language().into()
    }

    fn sentence(&self, sentence: Sentence) -> String {
        let component = self.plan.component(&self.page.component);
        let name = component.map_or(self.page.component.as_str(), |it| &it.name);
        self.words
            .say(sentence)
            .replace("{severity}", &format!("{:?}", self.page.severity))
            .replace("{incident}", &self.page.incident.to_string())
            .replace("{component}", name)
    }
}

#[cfg(test)]
mod tests;
