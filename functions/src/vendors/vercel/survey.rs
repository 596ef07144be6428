//! What a plan to move production depends on, read at one moment.
//!
//! What exactly would change is not said here: the domain chooses the target, and forms the changes from it.

use shared::effect::{Finding, Outcome, Survey};

use super::Vercel;
use super::act::ROLLING;
use super::project::Project;

impl Vercel {
    /// The deployments, and what stands in the way. What could not be had is a trouble, not a failure: people see it.
    pub(super) async fn survey(&self) -> Outcome {
        let (project, rows, rolling) =
            tokio::join!(self.api.project(), self.api.rows(), self.api.rolling_release());
        let mut survey = Survey::default();
        match (&project, &rows) {
            (Ok(project), Ok(rows)) => {
                survey.by = Some("vercel".into());
                survey.deployments = Some(rows.join(project));
                survey.troubles = troubles(project);
            }
            (Err(trouble), _) | (_, Err(trouble)) => survey.troubles.push(trouble.says()),
        }
        match rolling {
            Ok(Some(_)) => survey.troubles.push(ROLLING.into()),
            Err(trouble) if survey.by.is_some() => survey.troubles.push(trouble.says()),
            Ok(None) | Err(_) => {}
        }
        Outcome::Done(Finding::Surveyed(survey))
    }
}

fn troubles(project: &Project) -> Vec<String> {
    let busy = project.under_way().map(|other| format!("{other} is under way: wait for it"));
    let paused = project.paused.then(|| {
        "the project is paused, so visitors get nothing whatever is live: unpause it".to_owned()
    });
    busy.into_iter().chain(paused).collect()
}
