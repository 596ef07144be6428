//! Operations of the services that speak JSON over POST: SQS, Secrets Manager, SSM.
//!
//! Three calls do not earn three SDKs, which cost a function's start and every build; the signature is the SDK's own.

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::Value;

use super::{Aws, CALL_TIMEOUT, Trouble};
use crate::clock;

/// A service, and how it is spoken to.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Its name in signatures and host names.
    pub name: &'static str,
    /// What stands before the operation's name.
    pub target: &'static str,
    /// The version of its protocol.
    pub protocol: &'static str,
}

/// Queues.
pub const SQS: Service = Service { name: "sqs", target: "AmazonSQS", protocol: "1.0" };
/// Secrets.
pub const SECRETS: Service =
    Service { name: "secretsmanager", target: "secretsmanager", protocol: "1.1" };

impl Aws {
    /// Calls one operation of a service in a Region. It is tried once: whoever asks knows whether it may be repeated.
    pub async fn json(
        &self,
        service: Service,
        region: &str,
        operation: &str,
        input: &Value,
    ) -> Result<Value, Trouble> {
        let host = || format!("https://{}.{region}.amazonaws.com/", service.name);
        let url = self.endpoint.clone().map_or_else(host, |endpoint| format!("{endpoint}/"));
        let body = input.to_string();
        let headers = [
            ("content-type", format!("application/x-amz-json-{}", service.protocol)),
            ("x-amz-target", format!("{}.{operation}", service.target)),
        ];
        let signed = self
            .signed(service, region, &url, &headers, &body)
            .ok_or_else(|| Trouble::NotSent("the request can't be signed".into()))?;
        let mut request = self.http.post(&url).timeout(CALL_TIMEOUT).body(body);
        for (name, value) in headers.iter().map(|(name, value)| (*name, value)) {
            request = request.header(name, value);
        }
        for (name, value) in &signed {
            request = request.header(*name, value);
        }
        let answer = request.send().await.map_err(|error| lost(&error))?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(|error| lost(&error))?;
        let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if status.is_success() { Ok(json) } else { Err(refused(status.as_u16(), &json)) }
    }

    /// The headers of the signature.
    fn signed(
        &self,
        service: Service,
        region: &str,
        url: &str,
        headers: &[(&str, String)],
        body: &str,
    ) -> Option<Vec<(&'static str, String)>> {
        let identity = self.keys.clone().into();
        let since_epoch = std::time::Duration::from_millis(clock::now().0 as u64);
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service.name)
            .time(std::time::UNIX_EPOCH + since_epoch)
            .settings(SigningSettings::default())
            .build()
            .ok()?
            .into();
        let named = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let request =
            SignableRequest::new("POST", url, named, SignableBody::Bytes(body.as_bytes())).ok()?;
        let (instructions, _) = sign(request, &params).ok()?.into_parts();
        let (headers, _) = instructions.into_parts();
        Some(headers.iter().map(|one| (one.name(), one.value().to_owned())).collect())
    }
}

/// What never left is told apart from what may have arrived.
fn lost(error: &reqwest::Error) -> Trouble {
    match (error.is_connect(), error.is_timeout()) {
        (true, _) => Trouble::NotSent("AWS cannot be reached".into()),
        (false, true) => Trouble::Lost("no answer in time".into()),
        (false, false) => Trouble::Lost("the connection broke before the reply".into()),
    }
}

/// AWS's no. Its type may come with a name space before it, and its words under either name.
fn refused(status: u16, json: &Value) -> Trouble {
    let kind = json["__type"].as_str().unwrap_or("no code");
    let code = kind.rsplit('#').next().unwrap_or(kind).to_owned();
    let says = json["message"].as_str().or_else(|| json["Message"].as_str());
    let says = says.unwrap_or("no reason given").to_owned();
    if status >= 500 {
        return Trouble::Lost(format!("{code}: {says}"));
    }
    Trouble::Refused { code, says }
}
