//! Routers and handlers under Lambda's runtime.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use lambda_http::tower::ServiceExt;
use lambda_http::{Error, LambdaEvent, Request, RequestExt, service_fn};
use serde_json::Value;
use tracing::Instrument;

use crate::routes::Refused;

use super::Ground;
use super::secrets::Settings;

/// Answers HTTP by a router that is made anew when a secret was rotated.
pub async fn serve<M>(ground: Arc<Ground>, make: M) -> Result<(), Error>
where
    M: Fn(&Ground, &Settings) -> Result<Router, Error> + Send + Sync + 'static,
{
    let host = Arc::new(Host { ground, make, routed: Mutex::default() });
    // Read in init, where it costs the first sender nothing. What fails here is tried again for a request.
    host.router().await.map_or_else(|error| complain(&error), drop);
    lambda_http::run(service_fn(move |request: Request| {
        let host = Arc::clone(&host);
        let id = request.lambda_context_ref().map(|it| it.request_id.clone()).unwrap_or_default();
        async move { Ok::<_, Error>(host.answer(request).await) }
            .instrument(tracing::info_span!("request", request.id = id))
    }))
    .await
}

struct Host<M> {
    ground: Arc<Ground>,
    make: M,
    routed: Mutex<Option<(Arc<Settings>, Router)>>,
}

impl<M: Fn(&Ground, &Settings) -> Result<Router, Error>> Host<M> {
    async fn answer(&self, request: Request) -> Response {
        match self.router().await {
            Ok(router) => match router.oneshot(request.map(Body::new)).await {
                Ok(answer) => answer,
                Err(never) => match never {},
            },
            Err(error) => {
                complain(&error);
                Refused::unavailable("the secrets can't be read now").into_response()
            }
        }
    }

    async fn router(&self) -> Result<Router, Error> {
        let settings = self.ground.vault.settings((self.ground.clock)()).await?;
        let mut routed = self.routed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, router)) = routed.as_ref()
            && Arc::ptr_eq(of, &settings)
        {
            return Ok(router.clone());
        }
        let made = (self.make)(&self.ground, &settings)?;
        *routed = Some((settings, made.clone()));
        Ok(made)
    }
}

/// Answers events that are no HTTP.
pub async fn handle<H, F>(handler: H) -> Result<(), Error>
where
    H: Fn(Value) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Value, Error>> + Send + 'static,
{
    let handler = Arc::new(handler);
    lambda_http::lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let answer = handler(event.payload);
        answer.instrument(tracing::info_span!("event", request.id = event.context.request_id))
    }))
    .await
}

fn complain(error: &Error) {
    tracing::error!(%error, "failed to make the routes");
}
