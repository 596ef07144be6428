//! What a plan for moving traffic depends on, read at one moment.

use shared::effect::{Survey, Toward};
use shared::plan::Driver;

use super::{DnsHands, said};

impl DnsHands {
    /// Reads what would change and by which driver, and asks the side that traffic would move to, at the same time.
    pub(super) async fn survey(&self, toward: Toward) -> Survey {
        let (moves, preflight) = tokio::join!(self.moves(toward), self.preflight(toward));
        let Moves { by, changes, mut troubles } = moves;
        let preflight = preflight.map_err(|why| troubles.push(why)).ok();
        Survey { by, changes, deployments: None, preflight, troubles }
    }

    /// To the standby: by the first driver that can. To the primary: by all that hold it.
    async fn moves(&self, toward: Toward) -> Moves {
        let mut found = Moves::default();
        let (mut used, mut obstacles): (Vec<Driver>, Vec<String>) = (Vec::new(), Vec::new());
        for driver in self.plan.dns.usable_drivers() {
            match self.changes(driver, toward).await {
                Ok(changes) => {
                    found.changes.extend(changes);
                    used.push(driver);
                    if toward == Toward::Standby {
                        break;
                    }
                }
                Err(trouble) => obstacles.push(format!("{}: {trouble}", driver.says())),
            }
        }
        if used.is_empty() && obstacles.is_empty() {
            obstacles.push("no driver has its settings under [dns] in the plan".into());
        }
        // What the next driver does in its stead is no trouble; what holds traffic back and cannot be seen is.
        if used.is_empty() || toward == Toward::Primary {
            found.troubles = obstacles;
        }
        found.by = (!used.is_empty()).then(|| said(&used));
        found
    }
}

#[derive(Default)]
struct Moves {
    by: Option<String>,
    changes: Vec<shared::effect::Change>,
    troubles: Vec<String>,
}
