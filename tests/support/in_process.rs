//! The stand-in's endpoints as the SDK's transport: no socket, so that a test may pause the clock.

use std::{fmt, io};

use aws_smithy_runtime_api::{
    client::{
        http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use cloudtrail_all_regions::stand_in::Endpoints;
use http_body_util::BodyExt as _;
use hyper::Request;

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Bytes,
}

/// A request as the endpoints take it.
pub fn request(request: &HttpRequest) -> Request<Bytes> {
    let mut taken = Request::builder().method(request.method()).uri(request.uri());
    for (name, value) in request.headers() {
        taken = taken.header(name, value);
    }
    taken.body(Bytes::copy_from_slice(request.body().bytes().unwrap())).unwrap()
}

/// Asks the endpoints, and waits for the whole answer.
///
/// # Errors
/// The connection ends before it.
pub async fn ask(endpoints: &Endpoints, request: Request<Bytes>) -> io::Result<Answer> {
    let (head, body) = endpoints.answer(request).await?.into_parts();
    let text = |value: &hyper::http::HeaderValue| value.to_str().unwrap().to_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let body = Box::pin(body).collect().await?.to_bytes();
    Ok(Answer { status: head.status.as_u16(), headers, body })
}

/// An answer as the SDK takes it.
///
/// # Errors
/// The connection ended.
pub fn response(answer: io::Result<Answer>) -> Result<HttpResponse, ConnectorError> {
    let answer = answer.map_err(|error| ConnectorError::io(error.into()))?;
    let status = StatusCode::try_from(answer.status).unwrap();
    let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
    for (name, value) in answer.headers {
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

/// A transport to endpoints in this process.
#[derive(Clone)]
pub struct InProcess(pub Endpoints);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl HttpConnector for InProcess {
    fn call(&self, asked: HttpRequest) -> HttpConnectorFuture {
        let endpoints = self.0.clone();
        HttpConnectorFuture::new(async move { response(ask(&endpoints, request(&asked)).await) })
    }
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
