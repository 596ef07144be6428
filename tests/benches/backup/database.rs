//! A database of any size to back up: a quarter narrow rows, a third JSON, a third prose, a tenth that nothing compresses.

use functions::backup::{Failure, Session};

/// MB of a plain dump that are made at a time.
const STEP: u32 = 64;

/// Fills an empty database until a plain dump of it has about so many MB.
pub fn fill(session: &mut Session, megabytes: u32) -> Result<(), Failure> {
    session.tell(TABLES)?;
    for from in (0..megabytes).step_by(STEP as usize) {
        let to = (from + STEP).min(megabytes);
        let of = |rows: u32| (from * rows + 1, to * rows);
        for (sql, rows) in [(ACCOUNTS, 2_600), (EVENTS, 1_300), (DOCS, 420), (BLOBS, 1)] {
            let (first, last) = of(rows);
            let sql = sql.replace("{first}", &first.to_string());
            session.tell(&sql.replace("{last}", &last.to_string()))?;
        }
    }
    session.tell("create index accounts_branch on accounts (branch, balance); create index events_kind on events ((body->>'kind')); analyze")
}

/// Changes one row in a hundred, the newest ones: what a day's work looks like.
pub fn change(session: &mut Session) -> Result<(), Failure> {
    session.tell(
        "set search_path = public; update accounts set balance = balance + 1 where id > (select max(id) * 0.99 from accounts); \
         update events set body = body || '{\"seen\": true}' where id > (select max(id) * 0.99 from events); \
         update docs set body = body || ' changed' where id > (select max(id) * 0.99 from docs)",
    )
}

const TABLES: &str = "select setseed(0.5); set search_path = public; \
    create table accounts (id int primary key, branch int, balance int, filler char(84)); \
    create table events (id int primary key, at timestamptz, body jsonb); \
    create table docs (id int primary key, title text, body text); \
    create table blobs (id int primary key, body bytea); \
    create table words (id int primary key, word text); \
    insert into words select n, substr(translate(md5(n::text), '0123456789', 'ghijklmnop'), 1, 2 + n % 9) \
      from generate_series(0, 4999) n";
const ACCOUNTS: &str = "insert into accounts select n, n % 100, (random() * 100000)::int, '' \
    from generate_series({first}, {last}) n";
const EVENTS: &str = "insert into events select n, timestamptz '2026-01-01Z' + n * interval '7 s', jsonb_build_object( \
    'kind', (array['login', 'order', 'view', 'payment'])[1 + n % 4], 'who', md5((random() * 1e5)::int::text), \
    'total', (random() * 1e6)::int, 'path', '/shop/' || (random() * 500)::int, 'agent', 'browser ' || n % 13, 'tags', \
    jsonb_build_array('a' || n % 7, 'b' || (random() * 90)::int)) from generate_series({first}, {last}) n";
/// The lower a word's number, the more often it is used.
const DOCS: &str = "insert into docs select n, 'Document ' || n, (select string_agg(word, ' ') from \
    (select (5000 * power(random(), 4))::int as chosen, n from generate_series(1, 110 + 0 * n)) c \
    join words on words.id = least(c.chosen, 4999)) from generate_series({first}, {last}) n";
const BLOBS: &str = "insert into blobs select n, decode((select string_agg(md5(random()::text || n || m), '') \
    from generate_series(1, 3200) m), 'hex') from generate_series({first}, {last}) n";
