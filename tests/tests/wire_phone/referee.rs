//! Twilio's own library judges signatures, in both directions: what our stand-in signs it accepts, and what it signs our
//! proof accepts.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::process::Command;

use axum::http::HeaderMap;
use functions::proof::{self, Secret};
use tests::parts;
use tests::standin::twilio::signature;

const TOKEN: &str = "a-token-for-the-referee";

/// Addresses and forms, with what is seldom: blanks, umlauts, an empty value, a plus, a query.
fn cases() -> Vec<(&'static str, Vec<(String, String)>)> {
    let form = |fields: &[(&str, &str)]| -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    };
    vec![
        (
            "https://pages.example.org/callbacks/twilio/sms",
            form(&[("Body", "42 ack"), ("From", "+1202")]),
        ),
        (
            "https://pages.example.org/a?round=2&b=c%20d",
            form(&[("Digits", "*"), ("CallSid", "CA1")]),
        ),
        (
            "http://127.0.0.1:8333/a",
            form(&[("Body", "“Störung” & = +"), ("NumMedia", "0"), ("Empty", "")]),
        ),
        ("https://pages.example.org:8443/a", form(&[])),
    ]
}

/// Asks the library: `made` signs, `judged` checks a signature.
fn library(url: &str, fields: &[(String, String)], signed: Option<&str>) -> String {
    let script = "const { createRequire } = require('node:module');
        const [folder, token, url, params, signed] = process.argv.slice(1);
        const twilio = createRequire(folder + '/package.json')(folder);
        const fields = JSON.parse(params);
        const { getExpectedTwilioSignature: sign } = createRequire(folder + '/package.json')(folder + '/lib/webhooks/webhooks.js');
        console.log(signed ? twilio.validateRequest(token, signed, url, fields) : sign(token, url, fields));";
    let object: serde_json::Map<String, serde_json::Value> =
        fields.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let params = serde_json::Value::Object(object).to_string();
    let folder = parts::program("twilio");
    let mut node = Command::new("node");
    node.arg("-e").arg(script).arg("--").arg(folder).args([TOKEN, url, &params]);
    let output = node.args(signed).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn twilios_library_accepts_what_the_stand_in_signs() {
    for (url, fields) in cases() {
        let signed = signature(TOKEN, url, &fields);
        assert_eq!(library(url, &fields, Some(&signed)), "true", "{url}");
        assert_eq!(library(url, &fields, Some(&signature("other", url, &fields))), "false");
    }
}

#[test]
fn our_proof_accepts_what_twilios_library_signs() {
    for (url, fields) in cases() {
        let signed = library(url, &fields, None);
        let taken = |token: &str, url: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-twilio-signature", signed.parse().unwrap());
            let body: String =
                form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
            let secrets = [Secret::new("the-next-token").unwrap(), Secret::new(token).unwrap()];
            proof::twilio(&secrets, &headers, url, body.into()).is_ok()
        };
        assert!(taken(TOKEN, url), "{url}");
        assert!(!taken("other", url) && !taken(TOKEN, &format!("{url}&more")), "{url}");
    }
}
