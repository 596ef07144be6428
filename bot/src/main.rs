//! `allclear`.

fn main() {}
