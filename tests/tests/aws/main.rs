//! All Clear on AWS: deployed by its documented command into an emulator that nobody here wrote, and driven from outside.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod cloud;
mod faults;
mod policies;
mod proxy;
mod story;
mod templates;
