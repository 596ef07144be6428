//! How a project is set up, as files: what no database backup has in it.

use serde_json::Value;

use super::{Supabase, Trouble};
use crate::backup::Collected;

/// What is read, and under which name it is kept. Source: the Management API's reads of a project.
const READS: [(&str, &str); 20] = [
    ("", "project"),
    ("config/auth", "auth"),
    ("config/auth/sso/providers", "sso-providers"),
    ("config/auth/third-party-auth", "third-party-auth"),
    ("config/auth/signing-keys", "signing-keys"),
    ("config/storage", "storage"),
    ("config/realtime", "realtime"),
    ("config/database/postgres", "postgres"),
    ("config/database/pooler", "pooler"),
    ("config/disk", "disk"),
    ("storage/buckets", "buckets"),
    ("postgrest", "postgrest"),
    ("ssl-enforcement", "ssl-enforcement"),
    ("network-restrictions", "network-restrictions"),
    ("custom-hostname", "custom-hostname"),
    ("vanity-subdomain", "vanity-subdomain"),
    ("functions", "functions"),
    ("secrets", "secrets"),
    ("api-keys?reveal=true", "api-keys"),
    ("pgsodium", "pgsodium"),
];
/// What changes by itself, and would make every look a change.
const RESTLESS: &str = "status";

impl Supabase {
    /// Everything that the API tells of how the project is set up. What the project's plan doesn't include is named among
    /// what is lacking; anything else that goes wrong is a failure of all of it.
    pub async fn settings(&self) -> Result<Collected, Trouble> {
        let mut collected = Collected::default();
        for (path, name) in READS {
            match self.get(path).await {
                Ok(mut found) => {
                    if path.is_empty() {
                        forget(&mut found, RESTLESS);
                    }
                    let text = format!("{found:#}\n").into_bytes();
                    collected.files.push((format!("supabase/{name}.json"), text));
                }
                Err(Trouble::Absent(why)) => {
                    collected.lacks.push(format!("{name} of Supabase ({why})"));
                }
                Err(why) => return Err(why),
            }
        }
        // The API gives digests of them.
        collected.lacks.push("values of the secrets of Supabase's functions".into());
        Ok(collected)
    }
}

fn forget(found: &mut Value, key: &str) {
    if let Some(object) = found.as_object_mut() {
        object.remove(key);
    }
}
