//! What Lambda starts: the handler's name chooses the function.

use std::process::ExitCode;

use functions::lambda::{self, Error, Ground};

fn main() -> ExitCode {
    lambda::log();
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "failed to start");
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<(), Error> {
    let function = setting("_HANDLER").unwrap_or_default().parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { lambda::run(function, Ground::from_environment(setting)?).await })
}

#[expect(clippy::disallowed_methods, reason = "the main reads the settings, once")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
