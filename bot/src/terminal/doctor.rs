//! `allclear doctor`: what is armed, what isn't, and why; what is owed, overdue, open. It changes nothing.

use anyhow::Result;
use functions::dead_man;
use functions::perform::KillSwitch;
use functions::store::{Place, ServerLock};
use functions::vendors::phone::settings as phone;
use serde_json::{Value, json};
use shared::effect::{ActClass, Lane};
use shared::engine::Engine;
use shared::plan::{Date, Driver, Plan, check};
use shared::safety::Obligation;
use shared::store::{MemoryStore, Store};
use shared::time::{Span, Ts};

use super::{Answer, paint, people, slack};
use crate::serve::setting;
use crate::settings::Settings;

/// Owed effects counted at most; more than that is as bad.
const COUNTED: usize = 1_000;

/// Examines the store; where there is none yet, an empty one.
pub fn run(settings: &Settings) -> Result<Answer> {
    if settings.place().exists() {
        return examine(&settings.reader()?, settings, "");
    }
    let empty = Engine::open(settings.plan.clone(), MemoryStore::default(), settings.now())?;
    examine(&empty, settings, " (not there yet: a server or the first declaration makes it)")
}

fn examine<S: Store>(engine: &Engine<S>, settings: &Settings, note: &str) -> Result<Answer> {
    let plan = &settings.plan;
    let server = ServerLock::holder(&settings.store);
    let switch = KillSwitch::beside(&settings.store).thrown();
    let owed = owed(engine, settings.now())?;
    let overdue = overdue(settings);
    let open = engine.live().count();
    let mut lines = vec![
        ("plan", format!("{} (version {})", settings.plan_name, plan.document.version)),
        ("store", format!("{}{note}", settings.store.display())),
        (
            "server",
            match settings.place() {
                Place::File(_) => server_says(server.as_deref()),
                Place::Table(_) => "the functions on AWS, if they were deployed".into(),
            },
        ),
    ];
    lines.extend(arming(engine));
    lines.extend(traffic(plan));
    lines.extend(phone::standing(plan.phone.as_ref(), setting));
    let limits = plan.phone.as_ref().map(|phone| phone.dead_man);
    lines.push(("watched", dead_man::standing(limits, setting(dead_man::ADDRESS).as_deref())));
    lines.extend(people::gaps(plan, engine.roster(), settings.now()).map(|it| ("unready", it)));
    lines.extend(to_do(engine));
    lines.extend(switch.iter().map(|why| ("FROZEN", why.clone())));
    lines.extend(check::disarmed_because(plan).into_iter().map(|why| ("missing", why)));
    lines.extend(overdue.says());
    lines.extend(super::backup::doctor(settings));
    let slack = slack::examine(settings);
    lines.extend(slack.iter().map(slack::Found::line));
    lines.extend(owed_says(&owed).map(|says| ("owed", says)));
    lines.push(("open", paint::count(open, "incident")));
    let text = lines.iter().map(|(label, text)| settings.brush().labelled(label, text));
    let mut json = standing_json(engine, plan);
    json["plan"] = json!(settings.plan_name);
    json["store"] = json!(settings.store);
    json["server"] = json!(server);
    json["slack"] = slack.iter().map(slack::Found::json).collect();
    json["kill_switch"] = json!(switch);
    json["overdue"] = json!({"drills": overdue.drills, "plan_review_days": overdue.review_days});
    json["owed"] = owed.iter().map(|(lane, many)| json!({"lane": lane, "count": many})).collect();
    Ok(Answer { text: text.collect(), json })
}

fn server_says(process: Option<&str>) -> String {
    match process {
        Some(process) => format!("process {process} serves this store"),
        None => "none: nobody is paged and nothing acts until `allclear serve` runs".into(),
    }
}

fn arming<S: Store>(engine: &Engine<S>) -> Vec<(&'static str, String)> {
    let standing = engine.standing();
    let classes = ActClass::ALL.iter().map(|class| match standing.disarmed.get(class) {
        None => ("armed", class.says().to_owned()),
        Some(why) => ("disarmed", format!("{}: {why}", class.says())),
    });
    let frozen = standing.frozen.iter();
    let frozen = frozen.map(|freeze| ("FROZEN", format!("by {}: {}", freeze.by, freeze.why)));
    classes.chain(frozen).collect()
}

/// By what means traffic can be moved, and which of them outlives the Region of Route 53's control plane.
fn traffic(plan: &Plan) -> Vec<(&'static str, String)> {
    let usable: Vec<Driver> = plan.dns.usable_drivers().collect();
    let lines = plan.dns.drivers.iter().map(|driver| {
        let name = driver.says();
        let says = if usable.contains(driver) {
            format!("{name}: {}", driver.needs())
        } else {
            format!("{name}: not filled in; its settings are in [dns] of the plan")
        };
        ("traffic", says)
    });
    lines.collect()
}

/// What earlier actions left to people.
fn to_do<S: Store>(engine: &Engine<S>) -> impl Iterator<Item = (&'static str, String)> {
    engine.standing().obligations.values().map(|open| ("to do", open.says().to_owned()))
}

/// What waits to be performed: with a server running this is empty within seconds.
fn owed<S: Store>(engine: &Engine<S>, now: Ts) -> Result<Vec<(Lane, usize)>> {
    let mut lanes = Vec::new();
    for lane in Lane::ALL {
        let many = engine.owed(lane, now, COUNTED)?.len();
        if many > 0 {
            lanes.push((lane, many));
        }
    }
    Ok(lanes)
}

fn owed_says(owed: &[(Lane, usize)]) -> Option<String> {
    let what = |lane: &Lane| match lane {
        Lane::Page => "pages",
        Lane::Act => "looks and actions",
        Lane::Tell => "messages",
        Lane::Archive => "reports",
    };
    let says: Vec<String> =
        owed.iter().map(|(lane, many)| format!("{} {many}", what(lane))).collect();
    (!says.is_empty()).then(|| says.join(", "))
}

/// What the plan wants to have been done by now.
struct Overdue {
    drills: usize,
    of: usize,
    review_days: i64,
}

impl Overdue {
    fn says(&self) -> Option<(&'static str, String)> {
        let drills = (self.drills > 0).then(|| format!("{} of {} drills", self.drills, self.of));
        let review = (self.review_days > 0)
            .then(|| format!("the plan's review by {}", Span::days(self.review_days)));
        let parts: Vec<String> = drills.into_iter().chain(review).collect();
        (!parts.is_empty())
            .then(|| ("overdue", format!("{}: see `allclear plan check`", parts.join(", "))))
    }
}

fn overdue(settings: &Settings) -> Overdue {
    let plan = &settings.plan;
    let today = settings.today();
    let is_due = |last: Option<Date>, every: Span| {
        last.is_none_or(|last| Span::days(check::days_since(last, today)) > every)
    };
    Overdue {
        drills: plan.drills.iter().filter(|one| is_due(one.last, one.every)).count(),
        of: plan.drills.len(),
        review_days: check::days_since(plan.document.next_review, today).max(0),
    }
}

fn standing_json<S: Store>(engine: &Engine<S>, plan: &Plan) -> Value {
    let standing = engine.standing();
    let disarmed = ActClass::ALL
        .map(|class| json!({"class": class, "because": standing.disarmed.get(&class)}));
    let mut open: Vec<u32> = engine.live().map(|one| one.number).collect();
    open.sort_unstable();
    json!({
        "frozen": standing.frozen,
        "disarmed": disarmed,
        "traffic": plan.dns.drivers.iter().map(|driver| json!({
            "driver": driver,
            "filled_in": plan.dns.usable_drivers().any(|one| one == *driver),
            "survives_us_east_1": driver.survives_us_east_1(),
        })).collect::<Vec<_>>(),
        "to_do": standing.obligations.values().map(Obligation::says).collect::<Vec<_>>(),
        "missing": check::disarmed_because(plan),
        "open": open,
    })
}
