//! A zone as a file: every record set, as a batch that Route 53's own tool takes back
//! (`aws route53 change-resource-record-sets --change-batch file://zone.json`).

use aws_sdk_route53::Client;
use aws_sdk_route53::types::ResourceRecordSet;
use serde_json::{Value, json};

use crate::vendors::aws::{Trouble, trouble};

/// Pages of 300 that are read: 30,000 record sets.
const PAGES: usize = 100;

/// All of a zone's record sets; those that Route 53 makes by itself are not in it.
pub async fn zone(route53: &Client, id: &str, name: &str) -> Result<Value, Trouble> {
    let top = format!("{}.", name.trim_end_matches('.'));
    let mut asked = route53.list_resource_record_sets().hosted_zone_id(id);
    let mut changes = vec![];
    for _ in 0..PAGES {
        let page = asked.send().await.map_err(|why| trouble(&why))?;
        for set in &page.resource_record_sets {
            let own = set.name == top && matches!(set.r#type.as_str(), "NS" | "SOA");
            if !own {
                changes.push(json!({"Action": "UPSERT", "ResourceRecordSet": shape(set)?}));
            }
        }
        if !page.is_truncated {
            return Ok(json!({"Comment": format!("{name}, as it was"), "Changes": changes}));
        }
        asked = route53
            .list_resource_record_sets()
            .hosted_zone_id(id)
            .set_start_record_name(page.next_record_name)
            .set_start_record_type(page.next_record_type)
            .set_start_record_identifier(page.next_record_identifier);
    }
    Err(Trouble::Lost(format!("the zone has more than {PAGES} pages")))
}

/// A record set in AWS's own words. One that has what is not known here is an error: left out, it would be lost.
fn shape(set: &ResourceRecordSet) -> Result<Value, Trouble> {
    if set.geo_proximity_location.is_some()
        || set.cidr_routing_config.is_some()
        || set.traffic_policy_instance_id.is_some()
    {
        return Err(Trouble::Lost(format!(
            "{} is routed by proximity, by CIDR or by a traffic policy, which can't be written down",
            set.name
        )));
    }
    let mut all = json!({"Name": set.name, "Type": set.r#type.as_str()});
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            all[name] = value;
        }
    };
    put("SetIdentifier", set.set_identifier.as_deref().map(Into::into));
    put("Weight", set.weight.map(Into::into));
    put("Region", set.region.as_ref().map(|it| it.as_str().into()));
    put("Failover", set.failover.as_ref().map(|it| it.as_str().into()));
    put("MultiValueAnswer", set.multi_value_answer.map(Into::into));
    put("TTL", set.ttl.map(Into::into));
    put("HealthCheckId", set.health_check_id.as_deref().map(Into::into));
    put(
        "GeoLocation",
        set.geo_location.as_ref().map(|it| {
            let parts = [
                ("ContinentCode", &it.continent_code),
                ("CountryCode", &it.country_code),
                ("SubdivisionCode", &it.subdivision_code),
            ];
            parts
                .into_iter()
                .filter_map(|(name, it)| Some((name.to_owned(), Value::from(it.clone()?))))
                .collect()
        }),
    );
    let records = set.resource_records.as_ref();
    put(
        "ResourceRecords",
        records.map(|all| all.iter().map(|it| json!({"Value": it.value})).collect()),
    );
    put(
        "AliasTarget",
        set.alias_target.as_ref().map(|it| {
            json!({
                "HostedZoneId": it.hosted_zone_id, "DNSName": it.dns_name,
                "EvaluateTargetHealth": it.evaluate_target_health,
            })
        }),
    );
    Ok(all)
}
