//! The store in a DynamoDB table, before an emulator that nobody here wrote.
#![expect(clippy::unwrap_used, reason = "a store that fails here fails its test")]

mod contract;
mod inbox;
