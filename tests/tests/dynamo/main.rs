//! The store in a DynamoDB table, before an emulator that nobody here wrote.
#![expect(clippy::unwrap_used, reason = "a store that fails here fails its test")]

use functions::store::DynamoStore;
use functions::store::dynamo::{Item, Table};
use tests::standin::flaky::Flaky;
use tests::tables::{Tables, client};

mod contract;
mod damage;
mod desks;
mod faults;
mod inbox;
mod laptop;
mod life;
mod snapshots;

/// Opens the store in a table.
fn store(tables: &Tables, name: &str) -> DynamoStore {
    DynamoStore::open(tables.table(name).unwrap()).unwrap()
}

/// A handle on a table behind a bad line.
fn behind(line: &Flaky, name: &str) -> Table {
    Table::new(client(&line.url).unwrap(), name)
}

/// Everything in a table.
fn items(tables: &Tables, name: &str) -> Vec<Item> {
    let client = tables.client().unwrap();
    let (mut items, mut last) = (Vec::new(), None);
    loop {
        let scan = client.scan().table_name(name).set_exclusive_start_key(last);
        let page = tables.wait(scan.send()).unwrap();
        items.extend(page.items.unwrap_or_default());
        last = page.last_evaluated_key;
        if last.is_none() {
            return items;
        }
    }
}

/// Items whose partition key begins like this.
fn items_of(tables: &Tables, name: &str, prefix: &str) -> Vec<Item> {
    let mut items = items(tables, name);
    items.retain(|item| item["pk"].as_s().is_ok_and(|pk| pk.starts_with(prefix)));
    items
}
