//! The parts of backups that need no database.
