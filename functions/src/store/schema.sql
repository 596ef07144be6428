-- The tables of an All Clear store, version 1. Times are milliseconds since 1970 UTC. The views are for people:
-- sqlite3 -readonly FILE 'SELECT * FROM timeline'

CREATE TABLE turns (
  -- What happened: the ledger. Everything else here is derived from it or can be lost. Never changed, never deleted.
  seq INTEGER PRIMARY KEY,             -- the order of writing, over all streams
  stream TEXT NOT NULL,                -- an incident's id, or a journal's name
  number INTEGER NOT NULL,             -- from 1 without gaps within the stream
  key TEXT NOT NULL,                   -- the command's idempotency key
  json TEXT NOT NULL,                  -- the body, byte for byte as it was sealed
  hash TEXT NOT NULL,                  -- SHA-256 of the hash before (32 bytes) and the json, in hexadecimal
  UNIQUE (stream, number),
  UNIQUE (stream, key)
) STRICT;

CREATE TRIGGER turns_are_never_changed BEFORE UPDATE ON turns
BEGIN SELECT RAISE(ABORT, 'turns are never changed'); END;
CREATE TRIGGER turns_are_never_deleted BEFORE DELETE ON turns
BEGIN SELECT RAISE(ABORT, 'turns are never deleted'); END;

CREATE TABLE outbox (
  -- Effects that are owed and not yet done. A row leaves when its outcome is on record.
  stream TEXT NOT NULL,
  turn INTEGER NOT NULL,
  position INTEGER NOT NULL,           -- among the turn's effects, from 0
  lane TEXT NOT NULL,                  -- page, act, tell or archive
  due INTEGER NOT NULL,                -- 0: at once
  attempts INTEGER NOT NULL DEFAULT 0, -- how often it was put off
  effect TEXT NOT NULL,                -- JSON
  seq INTEGER NOT NULL,                -- of its turn: which effect is older
  PRIMARY KEY (stream, turn, position),
  FOREIGN KEY (stream, turn) REFERENCES turns (stream, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (lane, due, seq);

CREATE TABLE wakes (
  -- Moments at which an incident wants to be looked at again.
  stream TEXT NOT NULL,
  turn INTEGER NOT NULL,
  position INTEGER NOT NULL,
  at INTEGER NOT NULL,
  timer TEXT NOT NULL,                 -- JSON: what for
  seq INTEGER NOT NULL,                -- of its turn
  PRIMARY KEY (stream, turn, position),
  FOREIGN KEY (stream, turn) REFERENCES turns (stream, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX wakes_at ON wakes (at, seq);

CREATE TABLE incidents (
  -- The index of incidents: one line for each, as of its last turn.
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,             -- its stream
  component TEXT NOT NULL,
  state TEXT NOT NULL,
  severity TEXT NOT NULL,
  since INTEGER NOT NULL,
  ended INTEGER,
  live INTEGER NOT NULL                -- 1 while it isn't over
) STRICT;
CREATE INDEX incidents_of_component ON incidents (component);
CREATE INDEX incidents_live ON incidents (number) WHERE live = 1;

CREATE TABLE deliveries (
  -- Webhook deliveries as they came, for inspection and replay; forgotten after some days.
  key TEXT PRIMARY KEY,                -- the same delivery twice has the same
  source TEXT NOT NULL,
  trust TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  signals INTEGER,                     -- how many it held; NULL if it was refused
  refused TEXT,                        -- why it was refused
  body BLOB NOT NULL
) STRICT;
CREATE INDEX deliveries_received ON deliveries (received_at);

CREATE VIEW timeline AS
  -- Every event of every stream in the order of writing.
  SELECT strftime('%Y-%m-%dT%H:%M:%SZ', json_extract(turns.json, '$.at') / 1000, 'unixepoch') AS at,
         turns.stream, turns.number AS turn, json_extract(turns.json, '$.actor') AS actor, event.value AS event
  FROM turns, json_each(turns.json, '$.events') AS event
  ORDER BY turns.seq, event.key;

CREATE VIEW live_incidents AS
  -- What is going on now.
  SELECT number, component, state, severity,
         strftime('%Y-%m-%dT%H:%M:%SZ', since / 1000, 'unixepoch') AS since, id
  FROM incidents WHERE live = 1;

CREATE VIEW owed AS
  -- What is still to be done, and since how many attempts.
  SELECT lane, stream || '/' || turn || '/' || position AS effect_key, attempts, effect,
         CASE due WHEN 0 THEN 'at once' ELSE strftime('%Y-%m-%dT%H:%M:%SZ', due / 1000, 'unixepoch') END AS due
  FROM outbox ORDER BY lane, outbox.due, seq, position;
