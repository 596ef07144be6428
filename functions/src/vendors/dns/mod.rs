//! DNS: moves our names between primary and standby, and proves that they moved.

pub mod setup;
pub mod verify;
