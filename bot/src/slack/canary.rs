//! The canary: asks Slack again and again whether it answers, so that its silence is noticed before somebody needs it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::face::Face;
use super::line::{Down, News};

/// How often Slack is asked; at once when something else goes wrong,
const EVERY: Duration = Duration::from_mins(1);
/// and how often while it does not answer.
const AGAIN: Duration = Duration::from_secs(5);
/// An answer that takes longer is none.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// Asks for as long as it is polled. That Slack is down is said once, and once that it is back.
pub async fn watch(face: Arc<Face>) {
    loop {
        ask(&face).await;
        if face.line.is_well() {
            let _soon_or_doubted = timeout(EVERY, face.line.doubted()).await;
        } else {
            sleep(AGAIN).await;
        }
    }
}

async fn ask(face: &Face) {
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
        }
        News::Down(Down { since, why }) => {
            let since = since.rfc3339();
            tracing::error!(
                slack.down_since = since,
                why,
                "Slack is down: use the terminal and phones, what happens is told when it is back"
            );
        }
        News::None => {}
    }
}
