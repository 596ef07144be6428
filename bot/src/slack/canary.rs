//! The canary: asks Slack again and again whether it answers, so that its silence is noticed before somebody needs it.

use std::sync::Arc;
use std::time::Duration;

use functions::vendors::phone::Phones;
use functions::vendors::phone::mail::Letter;
use shared::plan::is_placeholder;
use shared::time::Ts;
use tokio::time::{sleep, timeout};

use super::face::Face;
use super::line::{Down, News};

/// How often Slack is asked; at once when something else goes wrong,
const EVERY: Duration = Duration::from_mins(1);
/// and how often while it does not answer.
const AGAIN: Duration = Duration::from_secs(5);
/// An answer that takes longer is none.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// Asks for as long as it is polled. That Slack is down is said once, and once that it is back: in the log, and by
/// letter to the plan's mail list where a relay is set.
pub async fn watch(face: Arc<Face>, phones: Option<Arc<Phones>>) {
    loop {
        if let Some(notice) = ask(&face).await {
            write(&face, phones.as_deref(), &notice).await;
        }
        if face.line.is_well() {
            let _soon_or_doubted = timeout(EVERY, face.line.doubted()).await;
        } else {
            sleep(AGAIN).await;
        }
    }
}

/// What people are written who can't read it in Slack.
struct Notice {
    subject: &'static str,
    text: String,
    id: String,
}

impl Notice {
    fn down(since: Ts, why: &str) -> Self {
        let since = since.rfc3339();
        let text = format!(
            "Slack does not answer since {since}: {why}.\n\nPages go out by phone as always. Use \
             the terminal (`allclear incident list`) and phones; what happens meanwhile is told in \
             Slack when it is back.\n"
        );
        Self {
            subject: "Slack is down: use the terminal and phones",
            text,
            id: format!("slack-down-{since}"),
        }
    }

    fn back(since: Ts) -> Self {
        let since = since.rfc3339();
        let text = format!("Slack was down since {since}. What it missed is told there now.\n");
        Self { subject: "Slack is back", text, id: format!("slack-back-{since}") }
    }
}

async fn write(face: &Face, phones: Option<&Phones>, notice: &Notice) {
    let to = &face.plan.channels.mail_list;
    let Some(mail) = phones.and_then(|phones| phones.mail.as_ref()) else { return };
    if is_placeholder(to) {
        return;
    }
    let Notice { subject, text, id } = notice;
    let said = mail.send(&Letter { to, subject, text, id: &id.replace(':', "") }).await;
    tracing::info!(letter = id, taken = said.counts_for_it(), "wrote to the mail list");
}

/// Asks once; what is news to people.
async fn ask(face: &Face) -> Option<Notice> {
    let answer = timeout(ANSWERED_WITHIN, face.api.answers()).await;
    let now = (face.clock)();
    let news = match answer {
        Ok(Ok(())) => face.line.answers(now),
        Ok(Err(trouble)) => face.line.fails(&trouble.to_string(), now),
        Err(_late) => face.line.fails("no answer in time", now),
    };
    match news {
        News::Back(down) => {
            let since = down.since.rfc3339();
            tracing::warn!(slack.down_since = since, "Slack is back: what it missed is told now");
            Some(Notice::back(down.since))
        }
        News::Down(Down { since, why }) => {
            tracing::error!(
                slack.down_since = since.rfc3339(),
                why,
                "Slack is down: use the terminal and phones, what happens is told when it is back"
            );
            Some(Notice::down(since, &why))
        }
        News::None => None,
    }
}
