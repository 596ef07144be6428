//! The real server in front of a strict Slack: people type and press, and the room is told.

mod office;
mod wire;
mod work;
