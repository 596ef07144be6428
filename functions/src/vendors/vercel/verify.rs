//! Whether production really moved: by the provider's word, and by what the site itself answers (safety rule 12).

use shared::effect::{Finding, Outcome};
use tokio::time::{Duration, Instant, sleep};

use super::api::Trouble;
use super::project::{Production, Project};
use super::site::{Seen, health_url, is_build, look};
use super::{Move, Vercel};

/// Between two looks at the site.
const EVERY: Duration = Duration::from_secs(1);

impl Vercel {
    /// Asks the provider and the site. What agrees late is waited for; what never does is named.
    pub(super) async fn verify(&self, wanted: &Move<'_>) -> Outcome {
        match self.checked(wanted).await {
            Ok(finding) => Outcome::Done(finding),
            Err(trouble) => trouble.of_read(),
        }
    }

    async fn checked(&self, wanted: &Move<'_>) -> Result<Finding, Trouble> {
        let project = self.settled(wanted).await?;
        let Some(live) = project.production().filter(|live| live.id == *wanted.to) else {
            let says = format!("{} is live, not {}", project.live(), wanted.to);
            return Ok(Finding::Verified { whole: false, says, tail: Vec::new() });
        };
        let (unmoved, site) =
            tokio::join!(self.api.unmoved(&project.id, wanted), self.site_runs(live));
        let mut tail = unmoved?;
        let says = match site {
            Ok(says) => says,
            Err(why) => {
                tail.push(why);
                "the site is not seen to run it".into()
            }
        };
        let whole = tail.is_empty();
        Ok(Finding::Verified { whole, says: format!("{} is live; {says}", live.id), tail })
    }

    /// The project, once production is where it should be, or when patience ends.
    async fn settled(&self, wanted: &Move<'_>) -> Result<Project, Trouble> {
        let start = Instant::now();
        loop {
            let seen = self.api.project().await;
            let there = seen.as_ref().is_ok_and(|project| project.serves(wanted.to));
            if there || start.elapsed() + EVERY > self.patience.site {
                return seen;
            }
            sleep(EVERY).await;
        }
    }

    /// Whether the site answers with the build that is live; else what it does, when patience ends.
    async fn site_runs(&self, live: &Production) -> Result<String, String> {
        let url = health_url(&self.plan)
            .ok_or("the plan has no component at the hosting provider: its site is not asked")?;
        let start = Instant::now();
        loop {
            let judged = match look(&self.api.http, url).await {
                Ok(seen) => judge(&seen, live, url),
                Err(why) => Err(format!("{url} does not answer ({why})")),
            };
            if judged.is_ok() || start.elapsed() + EVERY > self.patience.site {
                return judged;
            }
            sleep(EVERY).await;
        }
    }
}

fn judge(seen: &Seen, live: &Production, url: &str) -> Result<String, String> {
    match &seen.build {
        Some(build) if is_build(build, live) => Ok(format!("{url} runs {build}")),
        Some(build) => Err(format!("{url} still runs {build}")),
        None => Err(format!("{url} does not say which build it runs: add `build` to its answer")),
    }
}
