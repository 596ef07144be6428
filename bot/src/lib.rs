//! What people talk to: the terminal, and the one-process server behind it.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser};

pub mod grammar;
pub mod report;
mod serve;
pub mod settings;
pub mod terminal;

use grammar::{Cli, Verb};
use settings::{Settings, Terminal};

/// Runs `allclear` with these words. stdout is data, stderr is talk.
pub fn run(words: impl IntoIterator<Item = OsString>, terminal: Terminal) -> ExitCode {
    let cli = match Cli::try_parse_from(words) {
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
    ExitCode::from(usage.exit_code() as u8)
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
        std::io::stdout().write_all(&script)?;
        return Ok(ExitCode::SUCCESS);
    }
    let settings = Settings::read(cli, terminal)?;
    match &cli.verb {
        Verb::Drill(args) => terminal::drill::run(args, &settings, &mut std::io::stdout()),
        Verb::Serve(args) => serve::run(args, &settings),
        verb => {
            let answer = terminal::answer(verb, &settings)?;
            if let Some(answer) = answer {
                print(&answer, settings.json)?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A reader that went away (`| head`) is no error.
fn print(answer: &terminal::Answer, json: bool) -> Result<()> {
    let mut out = std::io::stdout();
    let printed = if json {
        writeln!(out, "{:#}", answer.json)
    } else {
        out.write_all(answer.text.as_bytes())
    };
    match printed {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
