//! Reads `infra/plan.toml`; a mistake is reported with file, line and what to write instead.
