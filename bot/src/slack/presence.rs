//! Whether whoever speaks still has their account: asked of Slack, and believed for a minute where nothing acts on it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use shared::engine::Glance;
use shared::grammar::Verb;
use shared::time::{Span, Ts};
use slack_morphism::prelude::SlackUserId;
use tokio::time::timeout;

use super::ask::Account;
use super::face::Face;
use crate::orders::{self, Counter};

/// How long an answer is believed.
const BELIEVED: Span = Span::secs(60);

/// How sure one must be of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// Something acts because of it: Slack is asked afresh, and waited for.
    Proof,
    /// People must not be held up: an acknowledgement ends the paging.
    Word,
}

impl Need {
    fn patience(self) -> Duration {
        Duration::from_secs(if self == Self::Proof { 10 } else { 1 })
    }

    /// How old an answer may be when it is asked for.
    fn believes(self) -> Span {
        if self == Self::Proof { Span::ZERO } else { BELIEVED }
    }
}

/// What Slack said of an account, and when.
type Word = Arc<tokio::sync::Mutex<Option<(Ts, Account)>>>;

/// What Slack said of accounts. Only people of the plan get here.
#[derive(Debug, Default)]
pub struct Presence {
    words: Mutex<HashMap<SlackUserId, Word>>,
}

fn silent(why: &str) -> String {
    format!(
        "Slack does not say whether the accounts behind it are still active ({why}), and this \
         needs it. Do it in a terminal: the same words after `allclear`"
    )
}

/// Why an account's word may not count.
enum Doubt {
    /// Slack says that nobody speaks with it any more, and how.
    Gone(&'static str),
    /// Slack says nothing; the reason.
    Silent(String),
}

impl Face {
    /// Whether this account may give this order. Without Slack's word nothing is approved or run; everything else is
    /// refused only if Slack says that the account is gone.
    ///
    /// # Errors
    /// It may not: why, and what to do instead.
    pub(super) async fn vouch(&self, order: &Verb, user: &SlackUserId) -> Result<()> {
        if orders::only_looks(order) {
            return Ok(());
        }
        let need = if orders::lets_act(order) { Need::Proof } else { Need::Word };
        match self.doubt(user, need).await {
            None => {}
            Some(Doubt::Gone(how)) => bail!(
                "the Slack account {} {how}, so its word does not count: somebody else of the plan \
                 has to do it",
                user.0
            ),
            Some(Doubt::Silent(why)) if need == Need::Proof => bail!(silent(&why)),
            Some(Doubt::Silent(why)) => {
                tracing::warn!(why, "an order was taken without Slack's word on the account");
            }
        }
        match orders::to_be_run(order) {
            Some(named) => self.vouch_for_approvals(named.number).await,
            None => Ok(()),
        }
    }

    /// Before something runs, everybody who agreed to it must still be there.
    async fn vouch_for_approvals(&self, number: u32) -> Result<()> {
        let approvals = move |seen: &dyn Glance| {
            Ok(seen.operations().all.get(&number).map(|one| one.approvals.clone()))
        };
        for person in self.counter.see(approvals).await?.unwrap_or_default() {
            let Some(user) = self.user_of(&person) else { continue };
            match self.doubt(&user, Need::Proof).await {
                None => {}
                Some(Doubt::Gone(how)) => bail!(
                    "{person}'s approval does not count any more: their Slack account {how}. Plan \
                     it again, and let somebody else approve it"
                ),
                Some(Doubt::Silent(why)) => bail!(silent(&why)),
            }
        }
        Ok(())
    }

    async fn doubt(&self, user: &SlackUserId, need: Need) -> Option<Doubt> {
        let asked_at = (self.clock)();
        match timeout(need.patience(), self.account(user, asked_at - need.believes())).await {
            Ok(Ok(Account::Active)) => None,
            Ok(Ok(Account::Deactivated)) => Some(Doubt::Gone("is deactivated")),
            Ok(Ok(Account::Unknown)) => Some(Doubt::Gone("is unknown to Slack")),
            Ok(Err(trouble)) => Some(Doubt::Silent(trouble.to_string())),
            Err(_late) => Some(Doubt::Silent("no answer in time".into())),
        }
    }

    /// What Slack said of an account since then. Several who want to know wait for one answer.
    async fn account(&self, user: &SlackUserId, since: Ts) -> Result<Account, super::api::Trouble> {
        let word = {
            let mut words = self.presence.words.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(words.entry(user.clone()).or_default())
        };
        let mut word = word.lock().await;
        if let Some((at, account)) = *word
            && at > since
        {
            return Ok(account);
        }
        let account = self.api.account(user).await?;
        *word = Some(((self.clock)(), account));
        Ok(account)
    }
}
