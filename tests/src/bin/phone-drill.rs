//! Rehearses the phone tree: both carriers on loopback, people who sleep, the real server, and carriers that fail.

use std::process::ExitCode;

use clap::Parser;
use tests::phone_drill::{Args, hold};

fn main() -> std::io::Result<ExitCode> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let kept = runtime.block_on(hold(&args.nights()));
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
