//! The clock: the one place where time enters. Everything behind it is told the time as a value.

use shared::time::Ts;

/// Tells the time; a function pointer, so that a test or a drill can tell its own.
pub type Clock = fn() -> Ts;

/// The time by the machine's clock.
#[expect(clippy::disallowed_methods, reason = "the edge: from here on time is a value")]
pub fn now() -> Ts {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Ts(since_epoch.map_or(0, |span| span.as_millis() as i64))
}
