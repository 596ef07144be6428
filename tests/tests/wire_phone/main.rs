//! The phone tree over the wire: what each carrier's answer means, what is said and pressed on the line, what is written,
//! and the story of a night in which carriers and people fail.

mod approve;
mod carriers;
mod dead_man;
mod drill;
mod emulate;
mod line;
mod mail;
mod measured;
mod night;
mod referee;
mod written;
