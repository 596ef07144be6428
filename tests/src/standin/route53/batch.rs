//! A change batch: read, checked against every rule, and applied wholly or not at all.

use std::collections::BTreeSet;

use roxmltree::Document;

use super::record::{Key, RecordSet};
use super::refusal::Refusal;
use super::rules::{alone, together};
use super::xml::{child, children, in_order, text};
use super::zone::{Difference, Records, Zone};

/// The most `ResourceRecord` elements of a batch (R18); one in an UPSERT counts twice.
const RECORDS: usize = 1_000;
/// The most characters in the values of a batch (R18); one in an UPSERT counts twice.
const CHARACTERS: usize = 32_000;

/// What one call asks for.
#[derive(Debug)]
pub struct Batch {
    /// As it was sent.
    pub comment: Option<String>,
    changes: Vec<(Action, RecordSet)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Create,
    Delete,
    Upsert,
}

impl Batch {
    /// Reads a request.
    pub fn read(body: &str) -> Result<Self, Refusal> {
        let document = Document::parse(body).map_err(|e| Refusal::input(&e.to_string()))?;
        let root = document.root_element();
        if root.tag_name().name() != "ChangeResourceRecordSetsRequest" {
            return Err(Refusal::input("not a ChangeResourceRecordSetsRequest"));
        }
        let batch = child(root, "ChangeBatch").ok_or_else(|| Refusal::input("no ChangeBatch"))?;
        in_order(batch, &["Comment", "Changes"])?;
        let changes: Vec<_> = children(batch, "Changes").into_iter().map(change).collect();
        let changes: Vec<_> = changes.into_iter().collect::<Result<_, _>>()?;
        if changes.is_empty() {
            return Err(Refusal::input("a batch needs at least one change"));
        }
        Ok(Self { comment: text(batch, "Comment"), changes })
    }

    /// The zone's records after the batch; `known` says which health checks exist.
    pub fn apply(&self, zone: &Zone, known: impl Fn(&str) -> bool) -> Result<Records, Refusal> {
        self.within_limits()?;
        self.health_checks_exist(known)?;
        let mut records = zone.records.clone();
        let mut wrong = self.change(&mut records, zone);
        for name in self.names() {
            let sets: Vec<_> = records.values().filter(|set| set.name == name).collect();
            wrong.extend(together(&sets));
        }
        if wrong.is_empty() { Ok(records) } else { Err(Refusal::batch(wrong)) }
    }

    /// The names and types it speaks of, once for each member.
    pub fn touches(&self) -> Vec<(String, String)> {
        self.changes.iter().map(|(_, set)| (set.name.clone(), set.kind.clone())).collect()
    }

    /// What the name servers have to take over, given the records after the batch: all it names, changed or not, for
    /// a change that was stranded is sent again as it was.
    pub fn difference(&self, after: &Records) -> Difference {
        let keys: BTreeSet<_> = self.changes.iter().map(|(_, set)| set.key()).collect();
        keys.into_iter().map(|key| (key.clone(), after.get(&key).cloned())).collect()
    }

    /// R18.
    fn within_limits(&self) -> Result<(), Refusal> {
        let (mut records, mut characters) = (0, 0);
        for (action, set) in &self.changes {
            let times = if *action == Action::Upsert { 2 } else { 1 };
            records += times * set.values.len();
            characters += times * set.values.iter().map(|it| it.chars().count()).sum::<usize>();
        }
        let within = records <= RECORDS && characters <= CHARACTERS;
        let refusal = || {
            let limits = format!("at most {RECORDS} records and {CHARACTERS} characters a batch");
            Refusal::batch(vec![limits])
        };
        within.then_some(()).ok_or_else(refusal)
    }

    /// R19. Deleting a set whose health check is gone must stay possible.
    fn health_checks_exist(&self, known: impl Fn(&str) -> bool) -> Result<(), Refusal> {
        let written = self.changes.iter().filter(|(action, _)| *action != Action::Delete);
        let mut ids = written.filter_map(|(_, set)| set.health_check.as_deref());
        match ids.find(|id| !known(id)) {
            Some(id) => Err(Refusal::no_such_health_check(id)),
            None => Ok(()),
        }
    }

    /// Makes the changes in their order and says what is wrong with each.
    fn change(&self, records: &mut Records, zone: &Zone) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut deleted = BTreeSet::new();
        for (action, set) in &self.changes {
            match action {
                Action::Delete => wrong.extend(delete(records, set, zone, &mut deleted)),
                Action::Create if records.contains_key(&set.key()) => wrong.push(format!(
                    "Tried to create resource record set {} but it already exists",
                    set.described()
                )),
                Action::Create | Action::Upsert => {
                    wrong.extend(alone(set, &zone.name, &zone.id));
                    records.insert(set.key(), set.clone());
                }
            }
        }
        wrong
    }

    fn names(&self) -> BTreeSet<&str> {
        self.changes.iter().map(|(_, set)| set.name.as_str()).collect()
    }
}

/// R7 and R8; a zone also keeps its own SOA and NS.
fn delete(
    records: &mut Records,
    set: &RecordSet,
    zone: &Zone,
    deleted: &mut BTreeSet<Key>,
) -> Option<String> {
    let tried = format!("Tried to delete resource record set {}", set.described());
    let stored = records.get(&set.key()).map(exact);
    if !deleted.insert(set.key()) {
        return Some(format!("{tried} twice in one batch"));
    }
    if set.name == zone.name && (set.kind == "SOA" || set.kind == "NS") {
        return Some(format!("{tried} but a zone must have it"));
    }
    match stored {
        None => Some(format!("{tried} but it was not found")),
        Some(stored) if stored != exact(set) => {
            Some(format!("{tried} but the values provided do not match the current values"))
        }
        Some(_) => records.remove(&set.key()).and(None),
    }
}

/// Values have no order.
fn exact(set: &RecordSet) -> RecordSet {
    let mut set = set.clone();
    set.values.sort();
    set
}

fn change(node: roxmltree::Node<'_, '_>) -> Result<(Action, RecordSet), Refusal> {
    in_order(node, &["Action", "ResourceRecordSet"])?;
    let action = match text(node, "Action").as_deref() {
        Some("CREATE") => Action::Create,
        Some("DELETE") => Action::Delete,
        Some("UPSERT") => Action::Upsert,
        other => return Err(Refusal::input(&format!("the action {other:?} is unknown"))),
    };
    let set = child(node, "ResourceRecordSet").ok_or_else(|| Refusal::input("no record set"))?;
    Ok((action, RecordSet::read(set)?))
}
