//! What people type on phones, half asleep: curly quotes, long dashes, capitals, a slip of the thumb.

use std::cell::RefCell;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory, FromArgMatches, Parser};

use super::numbered::with_dashes;
use super::{Verb, numbered};

/// A chat command is read like a terminal's, by a program that has no colours.
#[derive(Debug, Parser)]
#[command(name = "/", no_binary_name = true, disable_version_flag = true)]
#[command(term_width = 0)]
struct Chat {
    #[command(subcommand)]
    verb: Verb,
}

thread_local! {
    /// The grammar, built once: building it takes far longer than reading a command with it.
    static GRAMMAR: RefCell<Command> = RefCell::new(Chat::command());
}

/// What was typed, understood.
#[derive(Clone, Debug)]
pub enum Typed {
    /// A verb.
    Verb(Box<Verb>),
    /// A bare command: where am I, and what can I do next?
    Bare,
    /// Somebody asked for help; this is it.
    Help(String),
}

/// Why it was not understood, and what to type instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Misunderstood(pub String);

/// Understands the text behind a slash command. `command` is its name without the slash; `at_hand` the incident of the
/// room it was typed in.
pub fn understand(command: &str, text: &str, at_hand: Option<u32>) -> Result<Typed, Misunderstood> {
    let text = plain_punctuation(text);
    if text.trim().is_empty() {
        return Ok(Typed::Bare);
    }
    let words = split(&text)?;
    GRAMMAR.with_borrow_mut(|grammar| read(grammar, command, words, at_hand))
}

fn read(
    grammar: &mut Command,
    command: &str,
    mut words: Vec<String>,
    at_hand: Option<u32>,
) -> Result<Typed, Misunderstood> {
    if let Some(verb) = words.first_mut().filter(|word| !word.starts_with('-')) {
        *verb = as_verb(grammar, command, verb);
    }
    words.insert(0, command.to_owned());
    if words.get(1).is_some_and(|word| word == "help") {
        // `incident help ack` is `help incident ack`.
        words.swap(0, 1);
    }
    let words = with_dashes(grammar, numbered(grammar, words, at_hand));
    let read = grammar.try_get_matches_from_mut(words);
    match read.and_then(|found| Chat::from_arg_matches(&found)) {
        Ok(chat) => Ok(Typed::Verb(Box::new(chat.verb))),
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            Ok(Typed::Help(slashed(&error.render().to_string())))
        }
        Err(error) => Err(Misunderstood(explained(command, &error))),
    }
}

/// Undoes what phones make of quotes, dashes and blanks. An ellipsis stays: it means nothing here.
fn plain_punctuation(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut before = ' ';
    for letter in text.chars() {
        match letter {
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' => plain.push('"'),
            '\u{2018}' | '\u{2019}' => plain.push('\''),
            // Where a word begins it was `--`; inside a sentence it is a dash.
            '\u{2014}' | '\u{2013}' if before.is_whitespace() => plain.push_str("--"),
            blank if blank.is_whitespace() => plain.push(' '),
            other => plain.push(other),
        }
        before = letter;
    }
    // A dash between blanks is no flag.
    plain.replace("-- ", "- ")
}

/// Words as a shell makes them, but for apostrophes and backslashes: people write "can't".
fn split(text: &str) -> Result<Vec<String>, Misunderstood> {
    let text = text.replace('\\', "\\\\").replace('\'', "\\'");
    // A shell would take the rest of the line for a comment.
    let text = text.replace('#', "\\#");
    let open = || Misunderstood("a quotation mark is open: close it, or leave both out".into());
    shlex::split(&text).ok_or_else(open)
}

/// The verb in small letters, where the grammar knows it like that: a reason keeps its capitals.
fn as_verb(grammar: &Command, command: &str, word: &str) -> String {
    let lower = word.to_lowercase();
    let known = |name: &str| {
        let verbs = grammar.find_subcommand(command);
        verbs.is_some_and(|verbs| verbs.find_subcommand(name).is_some())
    };
    if lower == "help" || known(&lower) { lower } else { word.to_owned() }
}

/// What is wrong, and the nearest thing that can be typed.
fn explained(command: &str, error: &clap::Error) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(all)) => all.last().cloned(),
        _ => None,
    };
    if error.kind() == ErrorKind::InvalidSubcommand {
        let typed = context(ContextKind::InvalidSubcommand).unwrap_or_default();
        let meant = context(ContextKind::SuggestedSubcommand);
        let meant =
            meant.map_or_else(String::new, |it| format!(" did you mean `/{command} {it}`?"));
        return format!(
            "there is no `/{command} {typed}`:{meant} `/{command} help` shows them all"
        );
    }
    let text = slashed(&error.render().to_string());
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let text = text.split("\n\nFor more information").next().unwrap_or(text);
    format!("{}\n`/{command} help` says more", text.trim_end())
}

/// Usage lines as they are typed here.
fn slashed(text: &str) -> String {
    text.replace("Usage: ", "Usage: /").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::IncidentVerb;

    fn verb(command: &str, text: &str) -> Verb {
        match understand(command, text, None) {
            Ok(Typed::Verb(verb)) => *verb,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn wrong(command: &str, text: &str) -> String {
        understand(command, text, None).unwrap_err().0
    }

    #[test]
    fn what_a_phone_makes_of_a_command_is_undone() {
        let Verb::Rollback(rollback) = verb("rollback", "“Complete application outage”") else {
            panic!("it is a rollback")
        };
        assert_eq!(rollback.plan.because, ["Complete application outage"]);
        let typed = verb("incident", "Resolve —without-evidence “we saw it”");
        assert!(matches!(
            typed,
            Verb::Incident(IncidentVerb::Resolve { without_evidence: Some(why), .. }) if why == "we saw it"
        ));
        let Verb::Incident(IncidentVerb::Update { text, .. }) =
            verb("incident", "update users can’t pay – we are on it")
        else {
            panic!("it is an update")
        };
        assert_eq!(text.join(" "), "users can't pay - we are on it");
    }

    #[test]
    fn arrows_and_minus_signs_are_words() {
        let Verb::Incident(IncidentVerb::Declare { words }) =
            verb("incident", "declare p1 checkout -> 500, -3 servers")
        else {
            panic!("it is a declaration")
        };
        assert_eq!(words.join(" "), "p1 checkout -> 500, -3 servers");
    }

    #[test]
    fn capitals_of_a_verb_do_not_matter_and_those_of_words_stay() {
        let Verb::Incident(IncidentVerb::Declare { words }) =
            verb("incident", "Declare P1 Site DOWN")
        else {
            panic!("it is a declaration")
        };
        assert_eq!(words, ["P1", "Site", "DOWN"]);
    }

    #[test]
    fn nothing_is_a_question_and_help_is_help() {
        assert!(matches!(understand("incident", " ", None), Ok(Typed::Bare)));
        for text in ["help", "help ack", "ack --help", "Help"] {
            let Ok(Typed::Help(help)) = understand("incident", text, None) else {
                panic!("{text}")
            };
            assert!(help.contains("Usage: /"), "{help}");
        }
    }

    #[test]
    fn a_slip_of_the_thumb_gets_the_nearest_verb() {
        insta::assert_snapshot!(wrong("incident", "declar p1 site down"), @"there is no `/incident declar`: did you mean `/incident declare`? `/incident help` shows them all");
        insta::assert_snapshot!(wrong("incident", "severity 7 p9 because"), @"
        invalid value 'p9' for '<TO>': write p1 (complete outage), p2 (partial), p3 (minor) or p4
        `/incident help` says more
        ");
        insta::assert_snapshot!(wrong("incident", "update"), @"
        the following required arguments were not provided:
          <TEXT>...

        Usage: /incident update <TEXT>...
        `/incident help` says more
        ");
        insta::assert_snapshot!(wrong("incident", "update \"site down"), @"a quotation mark is open: close it, or leave both out");
    }

    #[test]
    fn a_room_says_which_incident_is_meant() {
        let Ok(Typed::Verb(verb)) = understand("incident", "ack", Some(42)) else { panic!("ack") };
        assert!(matches!(*verb, Verb::Incident(IncidentVerb::Ack(on)) if on.number == Some(42)));
    }
}
