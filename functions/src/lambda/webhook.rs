//! `uptime-webhook`: proves, parses, keeps, answers. One conditional write is all that a sender waits for: nothing here
//! loads an engine, and what a delivery means is heard a moment later.

use std::sync::Arc;

use axum::Router;
use futures_util::future::BoxFuture;
use lambda_http::Error;
use shared::engine::Receipt;

use crate::desk::{Arrival, Away};
use crate::door::{self, Door};
use crate::routes::{Deliveries, Reception, webhooks};
use crate::store::dynamo::deliveries::{Inbox, Placed};

use super::Ground;
use super::secrets::Settings;

/// Serves webhooks.
pub async fn run(ground: Ground) -> Result<(), Error> {
    super::host::serve(Arc::new(ground), reception).await
}

fn reception(ground: &Ground, settings: &Settings) -> Result<Router, Error> {
    let secrets = door::secrets(&ground.plan.sources, |name| settings.get(name))?;
    Ok(webhooks(Arc::new(Reception {
        plan: Arc::clone(&ground.plan),
        deliveries: Box::new(Kept(Inbox::new(ground.table.clone()))),
        door: Door::new(secrets, ground.http.clone()),
        clock: ground.clock,
    })))
}

/// Deliveries are kept in the table, and heard by somebody else.
struct Kept(Inbox);

impl Deliveries for Kept {
    fn keep(&self, arrival: Arrival) -> BoxFuture<'_, Result<Receipt, Away>> {
        Box::pin(async move {
            match self.0.put(&arrival).await {
                Ok(Placed::New) => Ok(Receipt::New { turns: 0 }),
                Ok(Placed::Duplicate) => Ok(Receipt::Duplicate),
                Err(error) => {
                    tracing::error!(%error, "failed to keep a delivery");
                    Err(Away)
                }
            }
        })
    }
}
