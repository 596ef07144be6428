//! The real program changes something real.

mod changes;
mod kills;
mod machine;
