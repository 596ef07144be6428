//! All input and output of All Clear.

pub mod store;
pub mod proof;
