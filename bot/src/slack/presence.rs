//! Whether whoever speaks still has their account: asked of Slack, and believed for a minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use shared::grammar::Verb;
use shared::time::{Span, Ts};
use slack_morphism::prelude::SlackUserId;
use tokio::time::timeout;

use super::ask::Account;
use super::face::Face;
use crate::orders;

/// How long an answer is believed.
const BELIEVED: Span = Span::secs(60);
/// How long is waited for it, where nothing must be done without it,
const PROVEN_WITHIN: Duration = Duration::from_secs(10);
/// and where people must not be held up: an acknowledgement ends the paging.
const DOUBTED_WITHIN: Duration = Duration::from_secs(1);

/// What Slack said of an account, and when.
type Word = Arc<tokio::sync::Mutex<Option<(Ts, Account)>>>;

/// What Slack said of accounts. Only people of the plan get here.
#[derive(Debug, Default)]
pub struct Presence {
    words: Mutex<HashMap<SlackUserId, Word>>,
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
        let must_be_proven = orders::lets_act(order);
        let limit = if must_be_proven { PROVEN_WITHIN } else { DOUBTED_WITHIN };
        let why = match timeout(limit, self.account(user)).await {
            Ok(Ok(Account::Active)) => return Ok(()),
            Ok(Ok(Account::Deactivated)) => bail!(
                "this Slack account is deactivated, so its word does not count. Somebody else of \
                 the plan has to do it"
            ),
            Ok(Ok(Account::Unknown)) => bail!(
                "Slack knows no account {}, so its word does not count. Correct it in the plan",
                user.0
            ),
            Ok(Err(trouble)) => trouble.to_string(),
            Err(_late) => "no answer in time".into(),
        };
        if must_be_proven {
            bail!(
                "Slack does not say whether your account is still active ({why}), and this needs \
                 it. Do it in a terminal: the same words after `allclear`"
            );
        }
        tracing::warn!(why, "an order was taken without Slack's word on the account");
        Ok(())
    }

    /// What Slack says of an account, now or within the last minute. Several who want to know wait for one answer.
    async fn account(&self, user: &SlackUserId) -> Result<Account, super::api::Trouble> {
        let word = {
            let mut words = self.presence.words.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(words.entry(user.clone()).or_default())
        };
        let mut word = word.lock().await;
        let now = (self.clock)();
        if let Some((at, account)) = *word
            && now.since(at) < BELIEVED
        {
            return Ok(account);
        }
        let account = self.api.account(user).await?;
        *word = Some((now, account));
        Ok(account)
    }
}
