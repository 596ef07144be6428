//! The real server in front of a strict Slack: people type and press, and the room is told.

mod office;
mod pins;
mod room;
mod wire;
mod work;
