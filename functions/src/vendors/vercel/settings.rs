//! How the project is set up, as files: its settings, its domains, its variables with their values.

use serde::Deserialize;
use serde_json::Value;

use super::Vercel;
use super::api::Trouble;
use super::paths::Call;
use crate::backup::Collected;

/// What of a project changes with every deployment and is no setting.
const RESTLESS: [&str; 10] = [
    "alias",
    "env",
    "lastAliasRequest",
    "lastRollbackTarget",
    "latestDeployments",
    "rollbackDescription",
    "speedInsights",
    "targets",
    "updatedAt",
    "webAnalytics",
];
/// Kinds of variables whose value nobody may read any more.
const SEALED: &str = "sensitive";
/// Those whose value Vercel itself sets.
const SYSTEM: &str = "system";

#[derive(Deserialize)]
struct Domains {
    domains: Vec<Value>,
    #[serde(default)]
    pagination: Pages,
}

#[derive(Deserialize)]
struct Variables {
    envs: Vec<Value>,
    #[serde(default)]
    pagination: Pages,
}

#[derive(Default, Deserialize)]
struct Pages {
    #[serde(default)]
    next: Option<i64>,
}

impl Vercel {
    /// Everything that the API tells of how the project is set up; an error in words.
    pub async fn settings(&self) -> Result<Collected, String> {
        self.collected().await.map_err(|why| format!("Vercel: {}", says(why)))
    }

    async fn collected(&self) -> Result<Collected, Trouble> {
        let mut project: Value = self.api.get(&Call::Project).await?.read()?;
        if let Some(all) = project.as_object_mut() {
            all.retain(|key, _| !RESTLESS.contains(&key.as_str()));
        }
        let domains: Domains = self.api.get(&Call::Domains).await?.read()?;
        let found: Variables = self.api.get(&Call::Variables).await?.read()?;
        if domains.pagination.next.or(found.pagination.next).is_some() {
            return Err(Trouble::Garbled("there are more domains or variables than a page".into()));
        }
        let (mut variables, mut lacks) = (vec![], vec![]);
        for one in found.envs {
            let text = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default();
            match text("type") {
                SEALED => {
                    lacks.push(format!("the value of Vercel's {}: it is sensitive", text("key")));
                    variables.push(one);
                }
                SYSTEM => variables.push(one),
                _ => {
                    let call = Call::Variable { id: text("id") };
                    variables.push(self.api.get(&call).await?.read()?);
                }
            }
        }
        let file = |name: &str, what: &Value| {
            (format!("vercel/{name}.json"), format!("{what:#}\n").into_bytes())
        };
        let files = vec![
            file("project", &project),
            file("domains", &domains.domains.into()),
            file("variables", &variables.into()),
        ];
        Ok(Collected { files, lacks })
    }
}

fn says(why: Trouble) -> String {
    match why {
        Trouble::Away(why) | Trouble::Lost(why) | Trouble::Garbled(why) => why,
        Trouble::Refused(refusal) => format!("HTTP {}: {}", refusal.status, refusal.says),
    }
}
