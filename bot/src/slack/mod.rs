//! What people read and press in Slack: pure values for Block Kit, and the way back from presses and forms to types.
//!
//! Nothing here talks to Slack, and nothing is said by colour alone: every sign has its word beside it.

pub mod access;
pub mod action;
pub mod api;
pub mod ask;
pub mod book;
pub mod canary;
pub mod card;
pub mod channel;
pub mod face;
mod founding;
pub mod home;
pub mod inbox;
mod kit;
pub mod line;
pub mod modal;
pub mod operation;
pub mod pinned;
pub mod presence;
pub mod press;
pub mod room;
pub mod routes;
pub mod socket;
pub mod steps;
pub mod teller;
pub mod telling;
pub mod text;

use shared::plan::Plan;
use shared::safety::Standing;
use shared::time::Ts;

pub use kit::Message;

/// What every page is painted before: the plan, what may act, and the time.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Freeze, arming, obligations.
    pub standing: &'a Standing,
    /// The time.
    pub now: Ts,
}

#[cfg(test)]
mod tests;
