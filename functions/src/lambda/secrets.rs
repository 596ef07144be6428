//! Secrets: read when they are first needed, kept for a while so that a rotated one is noticed, and never in the
//! environment, where every library and every crash report can see them.
//!
//! A secret of Secrets Manager is a JSON object of settings, e.g. `{"TWILIO_AUTH_TOKEN": "…"}`. Each function may read its
//! own secrets only: the template names them in `ALLCLEAR_SECRETS`, its role allows them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use shared::time::{Span, Ts};

use crate::vendors::aws::json::SECRETS;
use crate::vendors::aws::{Aws, Trouble};

use super::ground::Read;

/// A rotated secret is noticed within this.
const FRESH_FOR: Span = Span::mins(5);
/// While they can't be read again, the old ones are used, and asked for this often.
const TRY_AGAIN: Span = Span::secs(15);

/// The environment, and the secrets that this function may read.
pub struct Vault {
    aws: Aws,
    region: String,
    names: Vec<String>,
    read: Read,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    settings: Arc<Settings>,
    until: Ts,
}

/// Settings by their names: secrets first, then the environment.
pub struct Settings {
    secrets: HashMap<String, String>,
    read: Read,
}

impl Settings {
    /// A setting by its name.
    pub fn get(&self, name: &str) -> Option<String> {
        self.secrets.get(name).cloned().or_else(|| (self.read)(name))
    }
}

impl Vault {
    /// A vault that nothing was read from yet.
    pub fn new(aws: Aws, region: String, read: Read) -> Self {
        let names = read("ALLCLEAR_SECRETS").unwrap_or_default();
        let names = names.split(',').map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned);
        Self { aws, region, names: names.collect(), read, kept: Mutex::default() }
    }

    /// The settings as they were at most [`FRESH_FOR`] ago. When the secrets can't be read again, the old ones stay:
    /// a page must get out also while Secrets Manager is gone.
    pub async fn settings(&self, now: Ts) -> Result<Arc<Settings>, Trouble> {
        let kept = self.lock().as_ref().map(|it| (Arc::clone(&it.settings), it.until));
        let old = match kept {
            Some((settings, until)) if now < until => return Ok(settings),
            other => other.map(|(settings, _)| settings),
        };
        match (self.fetch().await, old) {
            (Ok(secrets), old) => {
                let settings = Arc::new(Settings { secrets, read: self.read });
                let settings =
                    old.filter(|old| old.secrets == settings.secrets).unwrap_or(settings);
                Ok(self.keep(settings, now + FRESH_FOR))
            }
            (Err(trouble), Some(old)) => {
                tracing::error!(error = %trouble, "failed to read the secrets again; the old ones are used");
                Ok(self.keep(old, now + TRY_AGAIN))
            }
            (Err(trouble), None) => Err(trouble),
        }
    }

    async fn fetch(&self) -> Result<HashMap<String, String>, Trouble> {
        let mut all = HashMap::new();
        for name in &self.names {
            let input = json!({ "SecretId": name });
            let answer = self.aws.json(SECRETS, &self.region, "GetSecretValue", &input).await?;
            let text = answer["SecretString"].as_str().unwrap_or_default();
            let fields: HashMap<String, Value> = serde_json::from_str(text).map_err(|_| {
                let says = format!("{name} is no JSON object of settings");
                Trouble::Refused { code: "Unreadable".into(), says }
            })?;
            let texts = fields.into_iter().filter_map(|(name, value)| match value {
                Value::String(text) if !text.is_empty() => Some((name, text)),
                _ => None,
            });
            all.extend(texts);
        }
        Ok(all)
    }

    fn keep(&self, settings: Arc<Settings>, until: Ts) -> Arc<Settings> {
        *self.lock() = Some(Kept { settings: Arc::clone(&settings), until });
        settings
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
