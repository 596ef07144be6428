//! What the stand-in knows, and how an accepted change is carried out.

use std::collections::BTreeMap;

use functions::clock;
use serde_json::Value;

use super::failing::{End, Fault};

/// One request as it came in.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// The query, decoded.
    pub query: BTreeMap<String, String>,
    /// The body; null when there is none.
    pub body: Value,
}

/// A production deployment.
#[derive(Clone, Debug)]
pub struct Deployed {
    /// Its id.
    pub id: String,
    /// When it was created and went live, in milliseconds since 1970.
    pub at: i64,
    /// Whether Vercel would roll back to it.
    pub candidate: bool,
    /// What its checks said.
    pub checks: Option<String>,
    /// When it is deleted, in milliseconds since 1970.
    pub expiration: Option<i64>,
    /// Its labels.
    pub meta: BTreeMap<String, String>,
}

/// The last request to move production.
#[derive(Clone, Debug)]
pub struct Request {
    /// `rollback` or `promote`.
    pub kind: String,
    /// What was live.
    pub from: String,
    /// What shall be.
    pub to: String,
    /// When it was accepted, by the stand-in's clock.
    pub at: i64,
    /// `pending`, `in-progress`, and then its end.
    pub status: &'static str,
    /// Looks at the project until it ends.
    pub looks: u32,
}

/// An environment variable of the project.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its id.
    pub id: String,
    /// Its name.
    pub key: String,
    /// `plain`, `encrypted`, `sensitive`, `system`.
    pub kind: &'static str,
    /// Its value; of a sensitive one nobody is told.
    pub value: String,
}

/// Everything that tests may set or look at.
pub struct State {
    /// The project's variables.
    pub variables: Vec<Variable>,
    /// Deployments, newest first.
    pub deployments: Vec<Deployed>,
    /// What is live.
    pub production: String,
    /// Whether new deployments go live.
    pub auto_assign: bool,
    /// The last request.
    pub last: Option<Request>,
    /// The reason given for the last rollback.
    pub description: Option<String>,
    /// What waits behind the rolling release that is under way, if one is.
    pub rolling: Option<Option<String>>,
    /// Whether the project is paused.
    pub paused: bool,
    /// Whether it is on the plan that goes back one deployment only.
    pub hobby: bool,
    /// Looks at the project until an accepted change ends.
    pub looks: u32,
    /// How it ends.
    pub end: End,
    /// What happens to the next writes, one each.
    pub faults: Vec<Fault>,
    /// Every read fails with this status.
    pub reads_fail: Option<u16>,
    /// The stand-in's clock, less this machine's, in milliseconds.
    pub skew: i64,
    /// Entries on a page of a listing.
    pub page: usize,
    /// The site.
    pub site: Site,
    /// Every request.
    pub calls: Vec<Call>,
}

/// What visitors get.
pub struct Site {
    /// Requests until it shows what is live.
    pub lags: u32,
    /// What it shows until then.
    pub shown: String,
    /// Whether it names its build.
    pub names_build: bool,
    /// Whether its front page is in the cache.
    pub cached: bool,
    /// How many times it answers stale after its cache was told to forget.
    pub stale: u32,
}

const HOUR_MS: i64 = 3_600_000;

impl Default for State {
    fn default() -> Self {
        let now = clock::now().0;
        let deployments: Vec<_> =
            (1..=4).rev().map(|n| deployed(n, now - (5 - n) * HOUR_MS)).collect();
        Self {
            variables: Vec::new(),
            production: "dpl_4".into(),
            deployments,
            auto_assign: true,
            last: None,
            description: None,
            rolling: None,
            paused: false,
            hobby: false,
            looks: 2,
            end: End::default(),
            faults: Vec::new(),
            reads_fail: None,
            skew: 0,
            page: 100,
            site: Site {
                lags: 0,
                shown: "dpl_4".into(),
                names_build: true,
                cached: true,
                stale: 1,
            },
            calls: Vec::new(),
        }
    }
}

fn deployed(n: i64, at: i64) -> Deployed {
    let meta = [
        ("githubCommitSha", format!("{n}f6c2d8e9b1a4753")),
        ("schema", format!("2026080{n}")),
        ("schemaExpandOnlySince", format!("2026080{}", n - 1)),
    ];
    Deployed {
        id: format!("dpl_{n}"),
        at,
        candidate: n < 4,
        checks: Some("succeeded".into()),
        expiration: None,
        meta: meta.into_iter().map(|(key, value)| (key.into(), value)).collect(),
    }
}

impl State {
    /// The stand-in's clock, in milliseconds since 1970.
    pub fn now(&self) -> i64 {
        clock::now().0 + self.skew
    }

    /// A deployment by its id.
    pub fn deployment(&mut self, id: &str) -> Option<&mut Deployed> {
        self.deployments.iter_mut().find(|one| one.id == id)
    }

    /// Whether a change is being carried out.
    pub fn is_busy(&self) -> bool {
        self.last.as_ref().is_some_and(|last| matches!(last.status, "pending" | "in-progress"))
    }

    /// Takes a request; nothing moves yet.
    pub fn accept(&mut self, kind: &str, to: &str) {
        self.last = Some(Request {
            kind: kind.into(),
            from: self.production.clone(),
            to: to.into(),
            at: self.now(),
            status: "pending",
            looks: self.looks,
        });
    }

    /// One look at the project carries the change on.
    pub fn carry_on(&mut self) {
        let (end, busy) = (self.end, self.is_busy());
        let Some(last) = self.last.as_mut().filter(|_| busy) else { return };
        last.looks = last.looks.saturating_sub(1);
        last.status = "in-progress";
        if last.looks == 0 && end != End::NeverEnds {
            self.finish(end);
        }
    }

    fn finish(&mut self, end: End) {
        let Some(mut last) = self.last.take() else { return };
        last.status = match end {
            End::Succeeds | End::IsOvertaken | End::NeverEnds => "succeeded",
            End::Fails | End::LeavesOneBehind => "failed",
            End::IsSkipped => "skipped",
        };
        if end == End::IsOvertaken {
            last.to = "dpl_1".into();
        }
        if !matches!(end, End::Fails | End::IsSkipped) {
            self.production.clone_from(&last.to);
            self.auto_assign = last.kind == "promote";
        }
        self.last = Some(last);
    }
}
