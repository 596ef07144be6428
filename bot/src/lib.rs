//! What people talk to: the terminal, and the one-process server behind it.

use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Subcommand};

pub mod backups;
pub mod grammar;
mod keeping;
pub mod making;
pub mod orders;
pub mod report;
mod serve;
pub mod settings;
pub mod slack;
pub mod terminal;

use grammar::{Cli, Verb};
use settings::{Settings, Terminal};
use shared::grammar::{IncidentVerb, Verb as Said};

/// Runs `allclear` with these words. stdout is data, stderr is talk.
pub fn run(words: impl IntoIterator<Item = OsString>, terminal: Terminal) -> ExitCode {
    let cli = match Cli::understand(words) {
        Ok(cli) => cli,
        Err(usage) => return misunderstood(&usage),
    };
    match execute(&cli, terminal) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn misunderstood(usage: &clap::Error) -> ExitCode {
    let _printed = usage.print();
    if let Some(verb) = incident_verb_meant(usage) {
        hint(&format!("did you mean `allclear incident {verb}`?"));
    }
    ExitCode::from(usage.exit_code() as u8)
}

/// `allclear ack 1` is what tired fingers type.
fn incident_verb_meant(usage: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(word)) = usage.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    let known = IncidentVerb::augment_subcommands(clap::Command::new("incident"));
    known.find_subcommand(word).map(|verb| verb.get_name().to_owned())
}

#[expect(clippy::print_stderr, reason = "the terminal face talks on stderr")]
fn hint(text: &str) {
    eprintln!("hint: {text}");
}

/// An error in one line, its causes after it.
#[expect(clippy::print_stderr, reason = "the terminal face talks on stderr")]
fn complain(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

fn execute(cli: &Cli, terminal: Terminal) -> Result<ExitCode> {
    if let Verb::Completions { shell } = &cli.verb {
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut Cli::command(), "allclear", &mut script);
        Output.write_all(&script)?;
        return Ok(ExitCode::SUCCESS);
    }
    let settings = Settings::read(cli, terminal)?;
    match &cli.verb {
        Verb::Drill(args) => terminal::drill::run(args, &settings, &mut Output),
        Verb::Serve(args) => serve::run(args, &settings),
        Verb::Dns(verb) => terminal::dns::run(verb, &settings, &mut Output),
        Verb::Said(Said::Backup(verb)) => terminal::backup::run(verb, &settings, &mut Output),
        Verb::Said(verb) => terminal::said::run(verb, &settings, &mut Output),
        Verb::Freeze { why } => {
            let freeze = IncidentVerb::Freeze { why: why.clone() };
            terminal::said::run(&Said::Incident(freeze), &settings, &mut Output)
        }
        Verb::Unfreeze => {
            let thaw = Said::Incident(IncidentVerb::Unfreeze);
            terminal::said::run(&thaw, &settings, &mut Output)
        }
        verb => {
            let answer = terminal::answer(verb, &settings)?;
            if let Some(answer) = answer {
                print(&answer, settings.json)?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn print(answer: &terminal::Answer, json: bool) -> std::io::Result<()> {
    if json {
        writeln!(Output, "{:#}", answer.json)
    } else {
        Output.write_all(answer.text.as_bytes())
    }
}

/// stdout; a reader that went away (`| head`) is no error, and what was begun is still done to its end.
struct Output;

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match std::io::stdout().write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(bytes.len()),
            other => other,
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match std::io::stdout().flush() {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }
}
