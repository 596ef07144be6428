//! `callbacks`: answers carriers by the same routes as `serve`. Each request is proven by its carrier's signature first.

use std::sync::Arc;

use axum::Router;
use lambda_http::Error;

use crate::routes::callbacks::{self, Callbacks};
use crate::vendors::phone::Phones;

use super::{Ground, host};

/// Answers.
pub async fn run(ground: Ground) -> Result<(), Error> {
    let desk = ground.desk().await?;
    host::serve(Arc::new(ground), move |ground, settings| {
        let read = |name: &str| settings.get(name);
        let Some(phones) = Phones::from_environment(&ground.lookout(), read) else {
            return Ok(Router::new());
        };
        let (plan, desk, phones) = (Arc::clone(&ground.plan), desk.clone(), Arc::new(phones));
        phones.tell(desk.clone());
        let clock = ground.clock;
        Ok(callbacks::routes(Callbacks::from_environment(plan, desk, clock, phones, read)))
    })
    .await
}
