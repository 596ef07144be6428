//! All input and output of All Clear.

pub mod proof;
