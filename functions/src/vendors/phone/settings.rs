//! Which settings a carrier needs, and which are missing: for `doctor`, which never shows their values.

use shared::plan::{Carrier, ContactKind, Phone, is_placeholder};

use super::vonage;

/// What each carrier of the plan says about itself, a line each.
pub fn standing(
    phone: Option<&Phone>,
    read: impl Fn(&str) -> Option<String>,
) -> Vec<(&'static str, String)> {
    let Some(phone) = phone else {
        return vec![("phone", "dry-run: the plan has no [phone]".into())];
    };
    let mut carriers: Vec<Carrier> =
        [&phone.voice, &phone.sms, &phone.mail].into_iter().flatten().copied().collect();
    carriers.sort_unstable();
    carriers.dedup();
    carriers.iter().map(|carrier| ("phone", line(phone, *carrier, &read))).collect()
}

fn line(phone: &Phone, carrier: Carrier, read: &impl Fn(&str) -> Option<String>) -> String {
    let set = |name: &str| read(name).is_some_and(|value| !value.trim().is_empty());
    let mut missing: Vec<&str> =
        needed(carrier).iter().copied().filter(|name| !set(name)).collect();
    if is_placeholder(&phone.callback_url) && carrier.carries(ContactKind::Voice) {
        missing.push("phone.callback_url");
    }
    let from = phone.from.get(&carrier).is_some_and(|from| !is_placeholder(from));
    match carrier {
        Carrier::Twilio if !from => missing.push("phone.from.twilio"),
        Carrier::Vonage if !from => missing.push("phone.from.vonage"),
        Carrier::Smtp if phone.mail_from.as_ref().is_none_or(|it| is_placeholder(it)) => {
            missing.push("phone.mail_from");
        }
        Carrier::Twilio | Carrier::Vonage | Carrier::Sns | Carrier::Smtp => {}
    }
    let name = carrier.name();
    let spoiled = || read("VONAGE_PRIVATE_KEY").is_some_and(|pem| vonage::key(&pem).is_none());
    if !missing.is_empty() {
        return format!("{name}: dry-run: set {}", missing.join(", "));
    }
    if carrier == Carrier::Vonage && spoiled() {
        return format!("{name}: dry-run: VONAGE_PRIVATE_KEY is no PKCS#8 key in PEM");
    }
    format!("{name}: ready")
}

/// The settings without which a carrier is in dry-run.
fn needed(carrier: Carrier) -> &'static [&'static str] {
    match carrier {
        Carrier::Twilio => &["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"],
        Carrier::Vonage => {
            &["VONAGE_APPLICATION_ID", "VONAGE_PRIVATE_KEY", "VONAGE_SIGNATURE_SECRET"]
        }
        Carrier::Sns => &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ALLCLEAR_SNS_REGION"],
        Carrier::Smtp => &["SMTP_URL"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_and_no_value_is_shown() {
        let toml = r#"{"callback_url": "https://pages.example.org", "voice": ["twilio", "vonage"],
            "from": {"twilio": "+12025550190"}}"#;
        let phone: Phone = serde_json::from_str(toml).unwrap();
        let read = |name: &str| name.starts_with("TWILIO").then(|| "hidden".to_owned());
        let lines = standing(Some(&phone), read);
        let says: Vec<&str> = lines.iter().map(|(_, says)| says.as_str()).collect();
        assert_eq!(says[0], "twilio: ready");
        assert!(says[1].starts_with("vonage: dry-run: set VONAGE_APPLICATION_ID"), "{says:?}");
        assert!(says[1].ends_with("phone.from.vonage"), "{says:?}");
    }
}
