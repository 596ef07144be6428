//! Where providers reach us, and which page they mean.
//!
//! The address comes from the plan, never from a request. A page's name in it is no secret: every callback is signed.

use shared::id::EffectKey;

/// Under which path callbacks come in.
pub const CALLBACKS: &str = "/callbacks";

/// A page as a URL names it: `<incident>.<turn>.<position>`.
pub fn name(page: &EffectKey) -> String {
    page.to_string().replace('/', ".")
}

/// The page of that name. It may be none of ours: the store says.
pub fn named(name: &str) -> Option<EffectKey> {
    name.replace('.', "/").parse().ok()
}

/// Where a call is answered, and where its states are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallUrls {
    /// What to say, once somebody answers.
    pub answer: String,
    /// The states.
    pub status: String,
    /// What to say when we are gone: another Region's address.
    pub fallback: Option<String>,
}

/// Our public addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Urls {
    /// Without a slash at its end.
    public: String,
    /// Another Region's, without a slash at its end.
    fallback: Option<String>,
}

impl Urls {
    /// The addresses of this server, and of one in another Region.
    pub fn new(public: &str, fallback: Option<&str>) -> Self {
        let bare = |url: &str| url.trim_end_matches('/').to_owned();
        Self { public: bare(public), fallback: fallback.map(bare) }
    }

    /// The address of a path and query of ours, as a provider calls it.
    pub fn of(&self, path_and_query: &str) -> String {
        format!("{}{path_and_query}", self.public)
    }

    /// The addresses under which a request may have been signed: ours, and that of the Region we stand in for.
    pub fn all_of(&self, path_and_query: &str) -> Vec<String> {
        let bases = std::iter::once(&self.public).chain(&self.fallback);
        bases.map(|base| format!("{base}{path_and_query}")).collect()
    }

    /// For a call through a provider.
    pub fn call(&self, provider: &str, page: &EffectKey) -> CallUrls {
        let page = name(page);
        let path = format!("{CALLBACKS}/{provider}/voice/{page}");
        let fallback = self.fallback.as_ref().map(|other| format!("{other}{path}"));
        CallUrls { answer: self.of(&path), status: self.of(&format!("{path}/status")), fallback }
    }

    /// Where a message's states are told.
    pub fn text(&self, provider: &str, page: &EffectKey) -> String {
        let page = name(page);
        self.of(&format!("{CALLBACKS}/{provider}/sms/{page}/status"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> EffectKey {
        EffectKey { stream: "abc".into(), turn: 4, position: 1 }
    }

    #[test]
    fn a_page_is_found_again_by_its_name() {
        assert_eq!(name(&page()), "abc.4.1");
        assert_eq!(named("abc.4.1"), Some(page()));
        assert!(named("abc.4").is_none() && named("").is_none() && named("abc.x.1").is_none());
    }

    #[test]
    fn addresses_come_from_the_plan_and_the_fallback_is_elsewhere() {
        let urls = Urls::new("https://pages.example.org/", Some("https://other.example.net"));
        let call = urls.call("twilio", &page());
        let path = "/callbacks/twilio/voice/abc.4.1";
        assert_eq!(call.answer, format!("https://pages.example.org{path}"));
        assert_eq!(call.status, format!("https://pages.example.org{path}/status"));
        assert_eq!(call.fallback, Some(format!("https://other.example.net{path}")));
    }
}
