//! The code that is live: which deployment, which commit, and the commit itself with its history as a bundle of git, from
//! which anybody can clone.

use std::path::Path;
use std::process::Command;

use serde_json::json;
use shared::effect::{Deployment, Finding, Outcome};

use super::{Collected, Failure, Named};
use crate::vendors::vercel::Vercel;

/// What it is called in the plan.
pub const CODE: &str = "application-code";
/// Which deployment it is.
const DEPLOYMENT: &str = "deployment.json";
/// The branch that is in the bundle.
const LIVE: &str = "refs/heads/live";

/// What is live now, as the file that tells it.
pub async fn live(vercel: &Vercel) -> Result<(Deployment, Named), Failure> {
    let failed = |why: &str| Failure::Source(format!("Vercel: {why}"));
    let all = match vercel.deployments().await {
        Outcome::Done(Finding::Deployments(all)) => all,
        Outcome::Done(_) => return Err(failed("it tells no deployments")),
        Outcome::Later { why, .. } | Outcome::Never { why } | Outcome::Unknown { why } => {
            return Err(failed(&why));
        }
    };
    let live = all.into_iter().find(|one| one.current).ok_or_else(|| failed("nothing is live"))?;
    let told = json!({
        "deployment": live.id, "commit": live.commit, "live_at": live.live_at.rfc3339(), "by": live.by,
    });
    Ok((live, (DEPLOYMENT.into(), format!("{told:#}\n").into_bytes())))
}

/// Collects it. `repository` is where git clones from: a folder or a URL.
pub fn code(
    live: &Deployment,
    file: Named,
    repository: Option<&str>,
) -> Result<Collected, Failure> {
    let mut all = Collected { files: vec![file], lacks: vec![] };
    match (repository, &live.commit) {
        (Some(repository), Some(commit)) => {
            all.files.push(("code.bundle".into(), bundle(repository, commit)?));
        }
        (None, _) => {
            all.lacks.push("the code itself: ALLCLEAR_CODE_REPOSITORY is not set".into());
        }
        (_, None) => all.lacks.push("the code itself: Vercel names no commit".into()),
    }
    Ok(all)
}

/// The commit and everything before it.
fn bundle(repository: &str, commit: &str) -> Result<Vec<u8>, Failure> {
    let failed = |why: std::io::Error| Failure::Store(why.to_string());
    if commit.len() < 40 || !commit.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Failure::Source(format!("`{commit}` is no commit")));
    }
    let folder = tempfile::tempdir().map_err(failed)?;
    let (clone, into) = (folder.path().join("clone"), folder.path().join("code.bundle"));
    let (clone, into) = (clone.display().to_string(), into.display().to_string());
    git(folder.path(), &["clone", "--quiet", "--bare", "--", repository, &clone])?;
    git(Path::new(&clone), &["update-ref", LIVE, commit])?;
    git(Path::new(&clone), &["bundle", "create", "--quiet", &into, LIVE])?;
    git(Path::new(&clone), &["bundle", "verify", "--quiet", &into])?;
    std::fs::read(&into).map_err(failed)
}

/// Runs git, which asks nobody for a password.
fn git(folder: &Path, arguments: &[&str]) -> Result<(), Failure> {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder).env("GIT_TERMINAL_PROMPT", "0");
    let done = command.stdin(std::process::Stdio::null()).output();
    let done = done.map_err(|why| {
        Failure::Setup(format!("failed to start git ({why}): it makes the bundle of the code"))
    })?;
    if done.status.success() {
        return Ok(());
    }
    let says = String::from_utf8_lossy(&done.stderr).trim().to_owned();
    let status = done.status.to_string();
    Err(Failure::Program { program: format!("git {}", arguments[0]), status, says })
}
