//! Vercel as others understand it: its official client judges our stand-in, and an emulator that its engineers wrote
//! stands before our hands.

mod emulate;
mod judge;
mod sdk;
