//! The vendors: one file each, every one of them a [`Perform`](crate::perform::Perform) for its share of the effects.
//!
//! A vendor without credentials is played by [`dry`], so that a fresh machine runs the real code path.

pub mod aws;
pub mod dispatch;
pub mod dns;
pub mod dry;
pub mod lookout;
pub mod phone;
pub mod preflight;
pub mod statuspage;
pub mod supabase;
pub mod town;
pub mod vercel;
