//! Which database: a URL as libpq knows it, handed to PostgreSQL's programs in their environment, so that no password is
//! ever seen in a list of processes.

use std::fmt;
use std::process::Command;

use url::Url;

use super::Failure;

/// The parameters of a URL that are understood, and the variables that carry them.
const PARAMETERS: [(&str, &str); 14] = [
    ("host", "PGHOST"),
    ("port", "PGPORT"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("dbname", "PGDATABASE"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("options", "PGOPTIONS"),
    ("application_name", "PGAPPNAME"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
];
/// Seconds to wait for a server, where the URL doesn't say.
const CONNECT_TIMEOUT: &str = "15";

/// A database and the way to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Connection {
    variables: Vec<(&'static str, String)>,
}

impl Connection {
    /// Reads `postgres://user:password@host:port/database?sslmode=require`.
    pub fn parse(url: &str) -> Result<Self, Failure> {
        let wrong = |why: &str| {
            Failure::Setup(format!(
                "the database's URL {why}: write postgres://user:password@host:5432/database"
            ))
        };
        let read = Url::parse(url).map_err(|_| wrong("can't be read"))?;
        if !matches!(read.scheme(), "postgres" | "postgresql") {
            return Err(wrong("doesn't begin with postgres://"));
        }
        let mut connection = Self { variables: vec![] };
        let port = read.port().map(|port| port.to_string());
        let database = read.path().strip_prefix('/').map(decoded);
        let parts = [
            ("host", read.host_str().map(decoded)),
            ("port", port),
            ("user", Some(decoded(read.username()))),
            ("password", read.password().map(decoded)),
            ("dbname", database),
        ];
        for (name, value) in parts {
            connection.set(name, value.unwrap_or_default());
        }
        for (name, value) in read.query_pairs() {
            if !connection.set(&name, value.into_owned()) {
                return Err(wrong(&format!("has a parameter `{name}` that is not understood")));
            }
        }
        if connection.database().is_empty() {
            return Err(wrong("names no database"));
        }
        Ok(connection)
    }

    /// The same server, another database.
    pub fn to(&self, database: &str) -> Self {
        let mut other = self.clone();
        other.set("dbname", database.to_owned());
        other
    }

    /// The database's name.
    pub fn database(&self) -> &str {
        self.get("PGDATABASE")
    }

    /// Tells a program where to go. What it would have inherited doesn't count.
    pub fn tell(&self, command: &mut Command) {
        for (_, variable) in PARAMETERS {
            command.env_remove(variable);
        }
        for forgotten in ["PGSERVICE", "PGSERVICEFILE", "PGHOSTADDR"] {
            command.env_remove(forgotten);
        }
        command.env("PGCONNECT_TIMEOUT", CONNECT_TIMEOUT).env("PGAPPNAME", "allclear");
        command.env("PGCLIENTENCODING", "UTF8").env("LC_MESSAGES", "C");
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
    }

    fn get(&self, variable: &str) -> &str {
        self.variables.iter().find(|(name, _)| *name == variable).map_or("", |(_, value)| value)
    }

    /// Says whether there is such a parameter; an empty value leaves it to libpq.
    fn set(&mut self, parameter: &str, value: String) -> bool {
        let Some((_, variable)) = PARAMETERS.iter().find(|(name, _)| *name == parameter) else {
            return false;
        };
        self.variables.retain(|(name, _)| name != variable);
        if !value.is_empty() {
            self.variables.push((variable, value));
        }
        true
    }
}

/// As people may read it: without the password.
impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.database(), self.get("PGHOST"))
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({self})")
    }
}

/// Undoes `%40`; a plus sign stays one.
fn decoded(text: &str) -> String {
    let form = format!("{}=", text.replace('+', "%2B"));
    let first = form_urlencoded::parse(form.as_bytes()).next();
    first.map(|(name, _)| name.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(url: &str) -> Vec<String> {
        let mut command = Command::new("true");
        Connection::parse(url).unwrap().tell(&mut command);
        let set = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let mut told: Vec<_> =
            set.map(|(name, value)| format!("{}={}", name.display(), value.display())).collect();
        told.retain(|one| !["PGCLIENT", "LC_", "PGAPP"].iter().any(|it| one.starts_with(it)));
        told.sort();
        told
    }

    #[test]
    fn a_url_becomes_the_environment_of_a_program() {
        assert_eq!(
            told("postgres://postgres.abc:p%40s+s%2F@eu.example:5432/my%20db?sslmode=require"),
            [
                "PGCONNECT_TIMEOUT=15",
                "PGDATABASE=my db",
                "PGHOST=eu.example",
                "PGPASSWORD=p@s+s/",
                "PGPORT=5432",
                "PGSSLMODE=require",
                "PGUSER=postgres.abc",
            ]
        );
        assert!(told("postgresql:///db?host=/run/pg&port=5433").contains(&"PGHOST=/run/pg".into()));
    }

    #[test]
    fn a_password_is_never_shown() {
        let connection = Connection::parse("postgres://me:secret@host/db").unwrap();
        assert_eq!(format!("{connection} {connection:?}"), "db on host Connection(db on host)");
        let other = connection.to("scratch");
        assert_eq!(other.database(), "scratch");
    }

    #[test]
    fn what_is_not_understood_is_refused_without_repeating_it() {
        for url in [
            "secret",
            "mysql://me:secret@h/db",
            "postgres://me:secret@h",
            "postgres://me:secret@h/db?x=1",
        ] {
            let refused = Connection::parse(url).unwrap_err().to_string();
            assert!(
                refused.contains("write postgres://") && !refused.contains("secret"),
                "{refused}"
            );
        }
    }
}
