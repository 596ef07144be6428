//! Whether names moved: every name server of the zone and several public resolvers are asked, and the site itself.
//!
//! Never a success by default (safety rule 12): who doesn't answer doesn't agree, and nobody answering is a failure.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::rr::RecordType as Kind;
use shared::effect::Finding;
use shared::plan::RecordType;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::query;

/// What a name should answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The name.
    pub name: String,
    /// The type.
    pub kind: RecordType,
    /// The value.
    pub value: String,
}

/// Who is asked, and for how long.
#[derive(Clone, Debug)]
pub struct Witnesses {
    /// The zone's own name servers: all must agree.
    pub name_servers: Vec<SocketAddr>,
    /// Public resolvers: they follow within the TTL.
    pub resolvers: Vec<SocketAddr>,
    /// How long the name servers may take: health checks flip, changes propagate.
    pub patience: Duration,
    /// How long resolvers may take after that: TTL + 30 s.
    pub tail: Duration,
    /// Between two rounds of questions.
    pub every: Duration,
}

/// One who is asked.
#[derive(Clone, Debug)]
struct Witness {
    server: SocketAddr,
    own: bool,
    objection: Option<String>,
}

/// Asks until everyone agrees or their time is up.
pub async fn verify(wanted: &[Wanted], witnesses: &Witnesses) -> Finding {
    let mut all = listed(witnesses);
    let start = Instant::now();
    let mut moved_at = None;
    loop {
        ask_the_rest(&mut all, wanted).await;
        let now = start.elapsed();
        if moved_at.is_none() && agreed(&all, true) == witnesses.name_servers.len() {
            moved_at = Some(now);
        }
        let until = moved_at.map_or(witnesses.patience, |at| at + witnesses.tail);
        if all.iter().all(|one| one.objection.is_none()) || now >= until {
            return judge(&all, witnesses);
        }
        sleep(witnesses.every.min(until.saturating_sub(now))).await;
    }
}

/// Whether every name server has what was wanted; a single round of questions.
pub async fn name_servers_agree(wanted: &[Wanted], witnesses: &Witnesses) -> bool {
    let mut all = listed(witnesses);
    all.retain(|one| one.own);
    ask_the_rest(&mut all, wanted).await;
    !all.is_empty() && all.iter().all(|one| one.objection.is_none())
}

fn listed(witnesses: &Witnesses) -> Vec<Witness> {
    let unheard = |own: bool| {
        move |server: &SocketAddr| Witness {
            server: *server,
            own,
            objection: Some("was not asked".into()),
        }
    };
    let own = witnesses.name_servers.iter().map(unheard(true));
    own.chain(witnesses.resolvers.iter().map(unheard(false))).collect()
}

fn agreed(all: &[Witness], own: bool) -> usize {
    all.iter().filter(|one| one.own == own && one.objection.is_none()).count()
}

/// Asks everyone who doesn't agree yet, all at the same time.
async fn ask_the_rest(all: &mut [Witness], wanted: &[Wanted]) {
    let mut asked = JoinSet::new();
    for (place, witness) in all.iter().enumerate().filter(|(_, one)| one.objection.is_some()) {
        let (witness, wanted) = (witness.clone(), wanted.to_vec());
        asked.spawn(async move { (place, objection(&witness, &wanted).await) });
    }
    while let Some(answer) = asked.join_next().await {
        if let Ok((place, objection)) = answer {
            all[place].objection = objection;
        }
    }
}

/// The first name that one server answers otherwise.
async fn objection(witness: &Witness, wanted: &[Wanted]) -> Option<String> {
    for one in wanted {
        let kind = match one.kind {
            RecordType::A => Kind::A,
            RecordType::Aaaa => Kind::AAAA,
            RecordType::Cname => Kind::CNAME,
        };
        let says = match query::ask(witness.server, &one.name, kind, !witness.own).await {
            Ok(values) if values == [one.value.as_str()] => continue,
            Ok(values) if values.is_empty() => "nothing".into(),
            Ok(values) => values.join(" "),
            Err(why) => format!("not a word ({why})"),
        };
        return Some(format!("{} says {says} for {}", witness.server.ip(), one.name));
    }
    None
}

fn judge(all: &[Witness], witnesses: &Witnesses) -> Finding {
    let (own, public) = (agreed(all, true), agreed(all, false));
    let says = format!(
        "{own} of {} name servers and {public} of {} public resolvers agree",
        witnesses.name_servers.len(),
        witnesses.resolvers.len()
    );
    let objections: Vec<String> = all.iter().filter_map(|one| one.objection.clone()).collect();
    let whole = objections.is_empty() && own > 0;
    let most =
        own > 0 && own == witnesses.name_servers.len() && 2 * public > witnesses.resolvers.len();
    let tail = if most { objections.clone() } else { Vec::new() };
    let says = match objections.first() {
        Some(first) if !most => format!("{says}: {first}"),
        _ => says,
    };
    Finding::Verified { whole, says, tail }
}
