//! `allclear`: finds out about its terminal and runs the command.

use std::io::IsTerminal;
use std::process::ExitCode;

use bot::settings::Terminal;

/// In an alert storm the server spends a quarter less of its processor time with it than with the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let is_terminal = std::io::stdout().is_terminal();
    #[expect(clippy::disallowed_methods, reason = "settings are read here, once")]
    let (no_color, columns) =
        (std::env::var_os("NO_COLOR").is_some(), std::env::var("COLUMNS").ok());
    let width = terminal_size::terminal_size()
        .map(|(width, _)| usize::from(width.0))
        .or_else(|| columns?.parse().ok());
    bot::run(std::env::args_os(), Terminal { is_terminal, no_color, width })
}
