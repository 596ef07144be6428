//! Domain values in columns: names of enums as plain words, structures as JSON.

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::Serialize;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};
use shared::id::EffectKey;
use shared::ledger::Sealed;
use shared::store::{Owed, Summary, Wake};
use shared::time::Ts;

/// A value as JSON text.
pub(super) struct Json<T>(pub T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text = serde_json::to_string(&self.0)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(text.into())
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

/// A value that serialises to a bare word, e.g. `open`.
pub(super) struct Word<T>(pub T);

impl<T: Serialize> ToSql for Word<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match serde_json::to_value(&self.0) {
            Ok(serde_json::Value::String(word)) => Ok(word.into()),
            other => Err(rusqlite::Error::ToSqlConversionFailure(
                format!("{other:?} is not a word").into(),
            )),
        }
    }
}

impl<T: DeserializeOwned> FromSql for Word<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word: StrDeserializer<WordError> = value.as_str()?.into_deserializer();
        T::deserialize(word).map(Self).map_err(FromSqlError::other)
    }
}

/// Reads `stream, number, json, hash`.
pub(super) fn sealed(row: &Row) -> rusqlite::Result<Sealed> {
    Ok(Sealed {
        stream: row.get::<_, String>(0)?.into(),
        turn: row.get(1)?,
        json: row.get(2)?,
        hash: row.get::<_, Word<_>>(3)?.0,
    })
}

/// Reads `stream, turn, position`.
fn effect_key(row: &Row) -> rusqlite::Result<EffectKey> {
    Ok(EffectKey {
        stream: row.get::<_, String>(0)?.into(),
        turn: row.get(1)?,
        position: row.get(2)?,
    })
}

/// Reads `stream, turn, position, effect, attempts`.
pub(super) fn owed(row: &Row) -> rusqlite::Result<Owed> {
    let effect = row.get::<_, Json<_>>(3)?.0;
    Ok(Owed { key: effect_key(row)?, effect, attempts: row.get(4)? })
}

/// Reads `stream, turn, position, at, timer`.
pub(super) fn wake(row: &Row) -> rusqlite::Result<Wake> {
    let timer = row.get::<_, Json<_>>(4)?.0;
    Ok(Wake { key: effect_key(row)?, at: Ts(row.get(3)?), timer })
}

/// Reads `id, number, component, state, severity, since, ended`.
pub(super) fn summary(row: &Row) -> rusqlite::Result<Summary> {
    Ok(Summary {
        id: row.get::<_, String>(0)?.into(),
        number: row.get(1)?,
        component: row.get::<_, String>(2)?.into(),
        state: row.get::<_, Word<_>>(3)?.0,
        severity: row.get::<_, Word<_>>(4)?.0,
        since: Ts(row.get(5)?),
        ended: row.get::<_, Option<i64>>(6)?.map(Ts),
    })
}
