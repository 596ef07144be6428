//! What counts as an address: of a phone, a mailbox, a web page, a DNS name.
//!
//! Deliberately rough: enough to catch a slip of the pen, not to prove that someone answers there.

use std::net::Ipv4Addr;
use std::ops::RangeInclusive;

/// Digits of an international phone number (E.164).
const PHONE_DIGITS: RangeInclusive<usize> = 7..=15;

/// Whether it is an international phone number such as `+12025550123`.
pub fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        PHONE_DIGITS.contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0')
    })
}

/// Whether it looks like a mail address.
pub fn is_mail(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !text.contains(char::is_whitespace)
    })
}

/// The host of an https URL; `None` when it isn't one.
pub fn host_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://")?;
    let host = rest.split(['/', '?', '#', ':']).next()?;
    (host.contains('.') && !url.contains(char::is_whitespace)).then_some(host)
}

/// Whether a name is the zone's top or below it.
pub fn in_zone(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether it is an address that only examples use (RFC 5737).
pub fn is_documentation(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok_and(|address| address.is_documentation())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_is_international() {
        assert!(is_phone("+12025550123"));
        for wrong in ["2025550123", "+02025550123", "+1 202 555", "+1", "+1234567890123456"] {
            assert!(!is_phone(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_in_a_zone_only_at_a_dot() {
        assert!(in_zone("example.com", "example.com"));
        assert!(in_zone("www.example.com", "example.com"));
        assert!(!in_zone("badexample.com", "example.com"));
        assert!(!in_zone("example.com", "www.example.com"));
    }

    #[test]
    fn only_https_urls_have_a_host() {
        assert_eq!(host_of("https://example.com:8443/health?x=1"), Some("example.com"));
        assert_eq!(host_of("http://example.com/"), None);
        assert_eq!(host_of("https:///health"), None);
    }

    #[test]
    fn addresses_of_examples_are_known() {
        assert!(is_documentation("192.0.2.10"));
        assert!(!is_documentation("76.76.21.21"));
        assert!(!is_documentation("standby.example.com"));
    }
}
