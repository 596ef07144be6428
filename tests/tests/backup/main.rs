//! Backups of a real PostgreSQL: they restore to the same rows and rules, and nothing that goes wrong is ever called one.

#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod bucket;
mod code;
mod commands;
mod configuration;
mod faults;
mod pitr;
mod round;
mod scene;
