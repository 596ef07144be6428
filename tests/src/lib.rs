//! End-to-end tests of All Clear live in `tests/`; this library holds what they share.

pub mod bench;
pub mod binary;
pub mod command;
pub mod emulator;
pub mod exchange;
pub mod parts;
pub mod phone_drill;
pub mod place;
pub mod rehearsal;
pub mod standin;
pub mod store_contract;
pub mod store_life;
pub mod tables;
pub mod tree;
