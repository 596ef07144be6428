//! The configuration: the plan, the zone, and how the providers' projects are set up. Collected anew each time, so that a
//! change is seen by comparing.

use shared::plan::Plan;

use super::{Collected, Failure};
use crate::vendors::aws::Aws;
use crate::vendors::dns::zone;
use crate::vendors::supabase::Supabase;
use crate::vendors::vercel::Vercel;

/// What it is called in the plan.
pub const CONFIGURATION: &str = "configuration";

/// Collects it. What nobody has configured is named among what is lacking; what is configured and doesn't answer is a
/// failure: a backup that misses it would replace one that has it.
pub async fn collect(
    plan: &Plan,
    http: &reqwest::Client,
    read: impl Fn(&str) -> Option<String>,
) -> Result<Collected, Failure> {
    let mut all = Collected {
        files: vec![("plan.toml".into(), plan.text.as_bytes().to_vec())],
        lacks: vec![],
    };
    let failed = |why: String| Failure::Source(why);
    let aws = Aws::from_environment(http.clone(), &read).filter(|_| plan.dns.zone_is_known());
    match aws {
        Some(aws) => {
            let dns = &plan.dns;
            let found = zone(&aws.route53(), &dns.zone_id, &dns.zone).await;
            let found = found.map_err(|why| failed(format!("Route 53: {why}")))?;
            all.files.push(("dns/zone.json".into(), format!("{found:#}\n").into_bytes()));
        }
        None => all.lacks.push("the DNS zone: AWS_ACCESS_KEY_ID or zone_id is not set".into()),
    }
    match Vercel::from_environment(plan.clone().into(), http.clone(), &read) {
        Some(vercel) => add(&mut all, vercel.settings().await.map_err(failed)?),
        None => all.lacks.push("Vercel's settings: VERCEL_TOKEN is not set".into()),
    }
    match Supabase::from_environment(http.clone(), &read) {
        Some(project) => {
            add(&mut all, project.settings().await.map_err(|why| failed(why.to_string()))?);
        }
        None => all.lacks.push(
            "Supabase's settings: SUPABASE_ACCESS_TOKEN or SUPABASE_PROJECT_REF is not set".into(),
        ),
    }
    Ok(all)
}

fn add(all: &mut Collected, more: Collected) {
    all.files.extend(more.files);
    all.lacks.extend(more.lacks);
}
