//! Lets the AWS SDK speak through the one HTTP client: one TLS provider, one pool, one set of roots.
//!
//! Bodies are read whole: nothing that is sent or answered here is larger than a page.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

type Boxed = Box<dyn std::error::Error + Send + Sync>;

/// The SDK's way to our client.
#[derive(Clone, Debug)]
pub struct Connector(pub reqwest::Client);

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = outgoing(request).map_err(ConnectorError::user)?;
            let answer = http.execute(request).await.map_err(failure)?;
            incoming(answer).await
        })
    }
}

fn outgoing(request: HttpRequest) -> Result<reqwest::Request, Boxed> {
    let request = request.try_into_http1x()?.map(|body| body.bytes().map(<[u8]>::to_vec));
    let (parts, body) = request.into_parts();
    let body = body.ok_or("a body that streams is never sent")?;
    Ok(axum::http::Request::from_parts(parts, body).try_into()?)
}

async fn incoming(answer: reqwest::Response) -> Result<HttpResponse, ConnectorError> {
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.map_err(failure)?;
    let mut whole = axum::http::Response::new(SdkBody::from(body));
    (*whole.status_mut(), *whole.headers_mut()) = (status, headers);
    HttpResponse::try_from(whole).map_err(|error| ConnectorError::other(error.into(), None))
}

/// What never left is told apart from what may have arrived: only the first may be tried again blindly.
fn failure(error: reqwest::Error) -> ConnectorError {
    let (never_left, late) = (error.is_connect(), error.is_timeout());
    let error: Boxed = error.without_url().into();
    match (never_left, late) {
        (true, _) => ConnectorError::io(error).never_connected(),
        (false, true) => ConnectorError::timeout(error),
        (false, false) => ConnectorError::other(error, None),
    }
}
