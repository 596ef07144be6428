//! The real server in front of a strict Slack: people type and press, and the room is told.

mod approvals;
mod away;
mod doctor;
mod office;
mod pins;
mod room;
mod socket;
mod wire;
mod work;
