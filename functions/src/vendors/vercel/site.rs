//! The site as visitors get it: which build answers, and from which cache.
//!
//! The build is what the site itself says: the field `build` of its health JSON, or the header `x-allclear-build`. It is the
//! deployment's id (`VERCEL_DEPLOYMENT_ID` at build time) or the commit. Vercel's own `x-vercel-id` names a request, not
//! a deployment, and proves nothing.

use serde::Deserialize;
use shared::plan::Plan;

use super::deployments::commit;
use super::project::Production;
use crate::http::reason;

/// A commit's shortest usual form.
const SHORT_COMMIT: usize = 7;

/// One answer of the site.
pub(super) struct Seen {
    /// Which build it says it is.
    pub build: Option<String>,
    /// Vercel's word for where the answer came from, e.g. `HIT`.
    pub cache: Option<String>,
    /// Its age in seconds.
    pub age: i64,
}

#[derive(Default, Deserialize)]
struct Health {
    build: Option<String>,
}

/// The health URL of what is hosted there.
pub(super) fn health_url(plan: &Plan) -> Option<&str> {
    let hosted = plan.components.iter().find(|one| one.vendor == plan.hosting.vendor);
    hosted.map(|one| one.health_url.as_str())
}

/// The front page of the same site.
pub(super) fn front_page(plan: &Plan) -> Option<String> {
    let mut url = reqwest::Url::parse(health_url(plan)?).ok()?;
    url.set_path("/");
    url.set_query(None);
    Some(url.into())
}

/// Asks the site, past the caches on our own way to it.
pub(super) async fn look(http: &reqwest::Client, url: &str) -> Result<Seen, String> {
    let answer = http.get(url).send().await.map_err(reason)?;
    let status = answer.status();
    if !status.is_success() {
        return Err(format!("HTTP {}", status.as_u16()));
    }
    let header = |name| Some(answer.headers().get(name)?.to_str().ok()?.to_owned());
    let (build, cache) = (header("x-allclear-build"), header("x-vercel-cache"));
    let age = header("age").and_then(|age| age.parse().ok()).unwrap_or_default();
    let body: Health = answer.json().await.unwrap_or_default();
    Ok(Seen { build: body.build.or(build), cache, age })
}

/// Whether a build that a site names is that deployment: by its id, or by its commit.
pub(super) fn is_build(build: &str, live: &Production) -> bool {
    let by_commit = commit(&live.meta)
        .is_some_and(|commit| build.len() >= SHORT_COMMIT && commit.starts_with(build));
    build == live.id.as_str() || by_commit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_a_deployments_id_or_its_commit_but_not_a_few_letters_of_it() {
        let live: Production = serde_json::from_str(
            r#"{"id": "dpl_2", "meta": {"githubCommitSha": "0123456789abcdef"}}"#,
        )
        .unwrap();
        assert!(is_build("dpl_2", &live) && is_build("0123456", &live));
        assert!(!is_build("dpl_1", &live) && !is_build("0123", &live) && !is_build("", &live));
    }
}
