//! Throwing away cached pages by their tags, and seeing that the site stopped serving them.
//!
//! The provider revalidates in the background: the first answer may still be stale. Deleting outright is deliberately not
//! used, for it sends every visitor to the origin at once, right after an outage.

use serde_json::json;
use shared::effect::{Act, Finding, Outcome};
use tokio::time::{Duration, Instant, sleep};

use super::answer::later;
use super::api::Trouble;
use super::paths::Call;
use super::site::{Seen, front_page, look};
use super::{Move, Vercel};

/// Between two looks at the site.
const EVERY: Duration = Duration::from_secs(1);

impl Vercel {
    /// Invalidates the plan's tags; done twice it does no harm.
    pub(super) async fn purge(&self, act: &Act) -> Outcome {
        let tags = &self.plan.hosting.cache_tags;
        if tags.is_empty() {
            return purged("the plan names no cache tags: nothing is thrown away".into());
        }
        let asked = Instant::now();
        match self.api.post(&Call::Invalidate, &json!({"tags": tags, "target": "production"})).await
        {
            Ok(_) => self.proven(act, &tags.join(", "), asked).await,
            Err(Trouble::Refused(refusal)) if refusal.status == 404 => Outcome::Never {
                why: format!(
                    "the hosting provider knows no cache of {}: check the plan's hosting.project, \
                     or purge at its dashboard",
                    self.plan.hosting.project
                ),
            },
            // Asking twice does no harm, so a lost reply is asked again.
            Err(trouble) => trouble.of_read(),
        }
    }

    async fn proven(&self, act: &Act, tags: &str, asked: Instant) -> Outcome {
        let Some(url) = front_page(&self.plan) else {
            return purged(format!("pages tagged {tags} are thrown away; no site to prove it by"));
        };
        loop {
            let trouble = match look(&self.api.http, &url).await {
                Ok(seen) => match fresh(&seen, act, asked.elapsed()) {
                    Some(how) => {
                        return purged(format!("pages tagged {tags} are thrown away: {url} {how}"));
                    }
                    None => format!("still comes from the cache, {} s old", seen.age),
                },
                Err(why) => format!("does not answer ({why})"),
            };
            if asked.elapsed() + EVERY > self.patience.site {
                return later(format!("pages tagged {tags} were thrown away, but {url} {trouble}"));
            }
            sleep(EVERY).await;
        }
    }
}

/// How an answer shows that it was made since the caches were told to forget.
fn fresh(seen: &Seen, act: &Act, since: Duration) -> Option<String> {
    let target = Move::of(act).map(|wanted| wanted.to.as_str());
    if seen.build.as_deref().is_some_and(|build| Some(build) == target) {
        return Some("answers with the new build".into());
    }
    let younger = seen.age < since.as_secs() as i64;
    match seen.cache.as_deref() {
        Some("HIT") if younger => Some("was cached since".into()),
        Some("HIT" | "STALE") => None,
        Some(word) => Some(format!("is fresh ({word})")),
        None => Some("does not come from the provider's cache".into()),
    }
}

fn purged(says: String) -> Outcome {
    Outcome::Done(Finding::Purged { says })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cached_answer_counts_only_if_it_was_made_since() {
        let judged = |cache: &str, age, since| {
            let seen = Seen { build: None, cache: Some(cache.into()), age };
            fresh(&seen, &Act::FailOver, Duration::from_secs(since)).is_some()
        };
        assert!(judged("MISS", 0, 0) && judged("HIT", 1, 3));
        assert!(!judged("HIT", 3, 3) && !judged("STALE", 0, 3));
    }
}
