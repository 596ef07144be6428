//! One turn with everything derived from it: all of it is written, or nothing.

use rusqlite::{Connection, params};
use shared::effect::Effect;
use shared::id::EffectKey;
use shared::ledger::Sealed;
use shared::store::{Derived, StoreError, Summary};

use super::column::{Json, Word};
use super::execute;
use super::failure::{failure, is_duplicate};

/// Writes a turn inside the open batch, or on its own if there is none.
pub(super) fn append(
    connection: &Connection,
    turn: &Sealed,
    derived: &Derived,
) -> Result<(), StoreError> {
    execute(connection, "SAVEPOINT turn", []).map_err(failure)?;
    let written = write(connection, turn, derived)
        .and_then(|()| execute(connection, "RELEASE turn", []).map(drop).map_err(failure));
    if written.is_err() && !connection.is_autocommit() {
        for sql in ["ROLLBACK TO turn", "RELEASE turn"] {
            // If even this fails, the next write fails too and says why.
            let _ = execute(connection, sql, []);
        }
    }
    written
}

fn write(connection: &Connection, turn: &Sealed, derived: &Derived) -> Result<(), StoreError> {
    let conflict = || StoreError::Conflict { stream: turn.stream.clone(), turn: turn.turn };
    let translate = |error| if is_duplicate(&error) { conflict() } else { failure(error) };
    insert_turn(connection, turn, derived.key).map_err(translate)?;
    let seq = connection.last_insert_rowid();
    if let Some(key) = derived.settles {
        settle(connection, key).map_err(failure)?;
    }
    for (key, effect) in &derived.owes {
        insert_effect(connection, seq, key, effect).map_err(failure)?;
    }
    if let Some(summary) = &derived.summary
        && !index(connection, summary).map_err(translate)?
    {
        return Err(conflict());
    }
    Ok(())
}

/// Takes an effect off the outbox or a wake-up off its list.
pub(super) fn settle(connection: &Connection, key: &EffectKey) -> rusqlite::Result<()> {
    let key = params![key.stream.as_str(), key.turn, key.position];
    for sql in [
        "DELETE FROM outbox WHERE stream = ?1 AND turn = ?2 AND position = ?3",
        "DELETE FROM wakes WHERE stream = ?1 AND turn = ?2 AND position = ?3",
    ] {
        if execute(connection, sql, key)? > 0 {
            break;
        }
    }
    Ok(())
}

fn insert_turn(connection: &Connection, turn: &Sealed, key: &str) -> rusqlite::Result<usize> {
    let sql = "INSERT INTO turns (stream, number, key, json, hash) VALUES (?1, ?2, ?3, ?4, ?5)";
    let row = params![turn.stream.as_str(), turn.turn, key, turn.json, turn.hash.to_string()];
    execute(connection, sql, row)
}

fn insert_effect(
    connection: &Connection,
    seq: i64,
    key: &EffectKey,
    effect: &Effect,
) -> rusqlite::Result<usize> {
    let EffectKey { stream, turn, position } = key;
    let stream = stream.as_str();
    if let Effect::WakeAt { at, timer } = effect {
        let sql = "INSERT INTO wakes (stream, turn, position, at, timer, seq)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let row = params![stream, turn, position, at.0, Json(timer), seq];
        return execute(connection, sql, row);
    }
    let sql = "INSERT INTO outbox (stream, turn, position, lane, due, effect, seq)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let row =
        params![stream, turn, position, Word(effect.lane()), effect.due().0, Json(effect), seq];
    execute(connection, sql, row)
}

/// Writes an incident's line; `false` if its number belongs to another incident. An incident keeps its number and its
/// component for life.
fn index(connection: &Connection, summary: &Summary) -> rusqlite::Result<bool> {
    let sql = "INSERT INTO incidents (number, id, component, state, severity, since, ended, live)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
               ON CONFLICT (number) DO UPDATE SET state = excluded.state,
                 severity = excluded.severity, since = excluded.since, ended = excluded.ended
               WHERE id = excluded.id";
    let row = params![
        summary.number,
        summary.id.as_str(),
        summary.component.as_str(),
        Word(summary.state),
        Word(summary.severity),
        summary.since.0,
        summary.ended.map(|at| at.0),
        summary.state.is_live(),
    ];
    let ours = execute(connection, sql, row)? == 1;
    if ours {
        // Apart, because naming `live` above would rewrite its index with every turn.
        let sql = "UPDATE incidents SET live = ?2 WHERE number = ?1 AND live <> ?2";
        execute(connection, sql, params![summary.number, summary.state.is_live()])?;
    }
    Ok(ours)
}
