//! The house's style, measured: a budget that nobody counts is a wish.
//!
//! Nothing here judges wording or design, and rustfmt and clippy keep what they can keep. The
//! figures behind the budgets are printed by `cargo test -p tests --test tidy -- --nocapture`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may panic")]

mod dependencies;
mod layout;
mod source;
mod style;
