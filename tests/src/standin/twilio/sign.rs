//! How Twilio signs what it sends: HMAC-SHA1 of the URL and of the form's fields, sorted. Source: Twilio, "Validating
//! requests".

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The value of `X-Twilio-Signature` for this URL and these fields, none of which is there twice.
pub fn signature(token: &str, url: &str, fields: &[(String, String)]) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(token.as_bytes()) else {
        return String::new();
    };
    mac.update(url.as_bytes());
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort();
    for (name, value) in fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    BASE64.encode(&mac.finalize().into_bytes())
}
