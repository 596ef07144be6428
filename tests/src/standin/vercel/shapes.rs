//! The replies as the official SDK reads them. Fields that nobody here looks at have one fixed value.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::state::{Deployed, State, Variable};
use super::{PROJECT, PROJECT_ID, TEAM};

/// An error, in the shape most calls use.
pub(super) fn error(status: u16, code: &str, message: &str) -> (StatusCode, Value) {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, json!({"error": {"code": code, "message": message}}))
}

pub(super) fn project(state: &State) -> Value {
    let live = state.deployments.iter().find(|one| one.id == state.production);
    let last = state.last.as_ref().map(|last| {
        json!({
            "fromDeploymentId": last.from, "toDeploymentId": last.to, "jobStatus": last.status,
            "requestedAt": last.at, "type": last.kind,
        })
    });
    let mut project = json!({
        "id": PROJECT_ID, "name": PROJECT, "accountId": TEAM, "directoryListing": false,
        "nodeVersion": "22.x", "alias": [], "defaultResourceConfig": resources(),
        "resourceConfig": resources(), "deploymentExpiration": {},
        "autoAssignCustomDomains": state.auto_assign, "paused": state.paused,
        "targets": {"production": live.map(production)}, "lastAliasRequest": last,
    });
    if let Some(why) = &state.description {
        project["rollbackDescription"] = json!({
            "userId": "usr_1", "username": "deployer", "description": why, "createdAt": state.now(),
        });
    }
    project
}

pub(super) fn domains() -> Value {
    json!({
        "domains": [{
            "name": "concierge-transaction-flow.com", "apexName": "concierge-transaction-flow.com",
            "projectId": PROJECT_ID, "verified": true,
        }],
        "pagination": {"count": 1, "next": null, "prev": null},
    })
}

/// A variable; `whole`: with its value, as far as it may be told.
pub(super) fn variable(one: &Variable, whole: bool) -> Value {
    let mut shape = json!({
        "id": one.id, "key": one.key, "type": one.kind, "target": ["production"],
        "createdAt": 1_790_000_000_000_i64, "updatedAt": 1_790_000_000_000_i64,
        "value": if whole || one.kind == "plain" { one.value.as_str() } else { "eyJ2IjoidjIifQ==" },
    });
    if whole {
        shape["decrypted"] = json!(true);
    }
    if one.kind == "sensitive" {
        shape["value"] = json!("");
    }
    shape
}

fn resources() -> Value {
    json!({"functionDefaultRegions": ["fra1"]})
}

fn production(one: &Deployed) -> Value {
    json!({
        "id": one.id, "name": PROJECT, "url": url(one), "deploymentHostname": url(one),
        "alias": ["concierge-transaction-flow.com"], "aliasAssigned": one.at, "createdAt": one.at,
        "createdIn": "fra1", "creator": null, "plan": "pro", "private": false,
        "readyState": "READY", "readySubstate": "PROMOTED", "type": "LAMBDAS", "meta": one.meta,
    })
}

fn url(one: &Deployed) -> String {
    format!("{PROJECT}-{}.vercel.app", one.id.trim_start_matches("dpl_"))
}

pub(super) fn deployment(one: &Deployed) -> Value {
    let mut shape = json!({
        "uid": one.id, "name": PROJECT, "projectId": PROJECT_ID, "url": url(one), "type": "LAMBDAS",
        "created": one.at, "createdAt": one.at, "ready": one.at, "aliasAssigned": one.at,
        "readyState": "READY", "state": "READY", "readySubstate": "PROMOTED",
        "target": "production", "inspectorUrl": null, "meta": one.meta,
        "isRollbackCandidate": one.candidate,
        "creator": {"uid": "usr_1", "username": "deployer", "email": "deployer@example.com"},
    });
    if let Some(checks) = &one.checks {
        shape["checksState"] = "completed".into();
        shape["checksConclusion"] = checks.as_str().into();
    }
    if let Some(at) = one.expiration {
        shape["expiration"] = at.into();
    }
    shape
}

/// A page, and where the next one starts.
pub(super) fn page(list: &[&Deployed], size: usize) -> Value {
    let shown = &list[..list.len().min(size)];
    let next = shown.last().filter(|_| list.len() > size).map(|last| last.at);
    let shapes: Vec<Value> = shown.iter().map(|one| deployment(one)).collect();
    let prev = shown.first().map(|first| first.at);
    json!({
        "deployments": shapes,
        "pagination": {"count": shown.len(), "next": next, "prev": prev},
    })
}

/// The names that the last request left behind. A rollback wraps each name, a promotion doesn't.
pub(super) fn aliases(kind: &str, left: &[&str]) -> Value {
    let shape = |name: &&str| match kind {
        "rollback" => json!({
            "alias": {"alias": name, "deploymentId": "dpl_4"}, "id": "als_1", "status": "failed",
        }),
        _ => json!({"alias": name, "id": "als_1", "status": "failed"}),
    };
    let list: Vec<Value> = left.iter().map(shape).collect();
    json!({"aliases": list, "pagination": {"count": left.len(), "next": null, "prev": null}})
}

pub(super) fn rolling_release(state: &State) -> Value {
    let Some(queued) = &state.rolling else { return json!({"rollingRelease": null}) };
    let first = json!({
        "index": 0, "isFinalStage": false, "targetPercentage": 10, "requireApproval": true,
        "duration": null,
    });
    json!({"rollingRelease": {
        "state": "ACTIVE", "substate": null, "advancementType": "manual-approval",
        "activeStage": first, "nextStage": null, "stages": [first], "currentDeployment": null,
        "canaryDeployment": null, "queuedDeploymentId": queued, "startedAt": state.now(),
        "updatedAt": state.now(),
    }})
}
