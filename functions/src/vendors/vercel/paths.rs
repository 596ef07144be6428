//! Every path of Vercel's API that we use, in one table: versions drift, and each path has its own.
//!
//! Source: the official `@vercel/sdk`; the aliases of a rollback are from Vercel's command-line tool.

use reqwest::Method;

/// One call, and what stands in its address.
pub(super) enum Call<'a> {
    /// The project, with its production and its last request.
    Project,
    /// READY production deployments, newest first.
    Deployments {
        /// Only those the provider would roll back to.
        candidates: bool,
        /// Only those before, for the next page.
        until: Option<i64>,
    },
    /// Ask for a rollback. It is accepted or refused, not done.
    RollBack { project: &'a str, to: &'a str, description: &'a str },
    /// Ask for a promotion.
    Promote { project: &'a str, to: &'a str },
    /// What a rollback did not move.
    UnmovedByRollback { project: &'a str },
    /// What a promotion did not move.
    UnmovedByPromotion { project: &'a str },
    /// The state of a gradual release.
    RollingRelease,
    /// Throw away cached pages by their tags.
    Invalidate,
    /// The project's domains.
    Domains,
    /// The project's variables; values are not readable there.
    Variables,
    /// One variable with its value.
    Variable { id: &'a str },
}

/// Where a call goes; `{}` is the next segment.
pub(super) struct Place {
    pub method: Method,
    pub path: &'static str,
    pub segments: Vec<String>,
    pub query: Vec<(&'static str, String)>,
}

/// Entries on a page: the most that the provider gives.
const PAGE: &str = "100";
/// Aliases that are named when they did not move.
const UNMOVED: &str = "20";

impl Call<'_> {
    /// The call's address in the project `named` by the plan.
    pub(super) fn place(&self, named: &str) -> Place {
        let (get, post) = (Method::GET, Method::POST);
        let unmoved = || vec![("failedOnly", "true".into()), ("limit", UNMOVED.into())];
        let to = |method, path, segments: &[&str], query| Place {
            method,
            path,
            segments: segments.iter().map(ToString::to_string).collect(),
            query,
        };
        match *self {
            Self::Project => {
                let query = vec![("rollbackInfo", "true".into())];
                to(get, "v9/projects/{}", &[named], query)
            }
            Self::Deployments { candidates, until } => {
                to(get, "v7/deployments", &[], listing(named, candidates, until))
            }
            Self::RollBack { project, to: target, description } => {
                let query = vec![("description", description.into())];
                to(post, "v1/projects/{}/rollback/{}", &[project, target], query)
            }
            Self::Promote { project, to: target } => {
                to(post, "v10/projects/{}/promote/{}", &[project, target], vec![])
            }
            Self::UnmovedByRollback { project } => {
                to(get, "v9/projects/{}/rollback/aliases", &[project], unmoved())
            }
            Self::UnmovedByPromotion { project } => {
                to(get, "v1/projects/{}/promote/aliases", &[project], unmoved())
            }
            Self::RollingRelease => to(get, "v1/projects/{}/rolling-release", &[named], vec![]),
            Self::Domains => {
                to(get, "v9/projects/{}/domains", &[named], vec![("limit", PAGE.into())])
            }
            Self::Variables => to(get, "v10/projects/{}/env", &[named], vec![]),
            Self::Variable { id } => to(get, "v1/projects/{}/env/{}", &[named, id], vec![]),
            Self::Invalidate => {
                let query = vec![("projectIdOrName", named.into())];
                to(post, "v1/edge-cache/invalidate-by-tags", &[], query)
            }
        }
    }
}

fn listing(project: &str, candidates: bool, until: Option<i64>) -> Vec<(&'static str, String)> {
    let mut query = vec![
        ("projectId", project.to_owned()),
        ("target", "production".into()),
        ("state", "READY".into()),
        ("limit", PAGE.into()),
    ];
    if candidates {
        query.push(("rollbackCandidate", "true".into()));
    }
    query.extend(until.map(|until| ("until", until.to_string())));
    query
}
