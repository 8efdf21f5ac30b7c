//! HTTP/1.1 over TLS for all clients: one set of root certificates, one pool, and connections that are opened before a
//! call needs them.

use std::{
    collections::HashMap,
    error::Error,
    fmt, fs,
    pin::Pin,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        connection::{CaptureSmithyConnection, ConnectionMetadata},
        http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{body::SdkBody, retry::ErrorKind};
use base64_simd::STANDARD;
use http::{
    Uri,
    uri::{Authority, Scheme},
};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::legacy::{
        self, Client,
        connect::{CaptureConnection, HttpConnector as TcpConnector, capture_connection},
    },
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use memchr::{memchr_iter, memmem::Finder};
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer};
use tokio::{
    net::TcpStream,
    task::JoinHandle,
    time::{Instant, error::Elapsed, timeout},
};
use tower_service::Service;

/// How long a connection that is not used is kept.
const IDLE: Duration = Duration::from_secs(90);
/// How long a connection is kept that was opened early and that no call took: an endpoint closes it sooner than one
/// that has had a request.
const SPARE: Duration = Duration::from_secs(5);

/// Made once a process, as reading the root certificates costs a millisecond. `SSL_CERT_FILE` and `SSL_CERT_DIR` say
/// where they are; otherwise they are the system's.
static TLS: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    // Without a root, every handshake fails and says so.
    roots.add_parsable_certificates(root_certificates());
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    #[expect(clippy::expect_used, reason = "ring's suites are of these versions")]
    let builder = builder.with_safe_default_protocol_versions().expect("TLS 1.2 and 1.3");
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
});

/// The certificates of the one file that has them all; if there is none, or `SSL_CERT_DIR` is set, of all that
/// `rustls-native-certs` finds. That decodes base64 in constant time, as private keys need it: a quarter of what a cold
/// run computes.
fn root_certificates() -> Vec<CertificateDer<'static>> {
    let bundle = || {
        let path = openssl_probe::probe().cert_file.filter(|_| std::env::var_os("SSL_CERT_DIR").is_none())?;
        certificates(&fs::read(path).ok()?)
    };
    bundle().unwrap_or_else(|| rustls_native_certs::load_native_certs().certs)
}

/// The certificates in a PEM file (RFC 7468); `None` if one cannot be read, or there is none.
fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let [begin, end] = ["-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"].map(Finder::new);
    let (mut certificates, mut rest) = (Vec::new(), pem);
    while let Some(at) = begin.find(rest) {
        let section = &rest[at + begin.needle().len()..];
        let (lines, behind) = section.split_at(end.find(section)?);
        certificates.push(STANDARD.decode_to_vec(joined(lines)).ok()?.into());
        rest = behind;
    }
    (!certificates.is_empty()).then_some(certificates)
}

/// Lines as one, without white space at their ends.
fn joined(lines: &[u8]) -> Vec<u8> {
    let (mut line, mut start) = (Vec::with_capacity(lines.len()), 0);
    for end in memchr_iter(b'\n', lines).chain([lines.len()]) {
        line.extend_from_slice(lines[start..end].trim_ascii());
        start = end + 1;
    }
    line
}

/// Reads the root certificates, which the first handshake would else have to wait for.
pub(super) fn read_root_certificates() {
    LazyLock::force(&TLS);
}

/// An HTTP client. Clones share its connections.
#[derive(Clone)]
pub(super) struct Https {
    client: Client<Opener, SdkBody>,
    opener: Opener,
}

impl Https {
    /// A client whose connections, TLS included, must stand within `connect_timeout`.
    pub(super) fn new(connect_timeout: Duration) -> Self {
        let opener = Opener { connect_timeout, state: Arc::default() };
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(opener.clone());
        Self { client, opener }
    }

    /// Whether this is asked for the first time since the last connections were closed for not being used.
    pub(super) fn is_fresh(&self) -> bool {
        let mut state = self.opener.lock();
        state.forget_if_idle();
        !std::mem::replace(&mut state.is_known, true)
    }

    /// Opens so many connections to an endpoint, together with those that are open.
    pub(super) fn open(&self, endpoint: &Uri, connections: usize) {
        self.opener.open(endpoint, connections);
    }
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Https").finish_non_exhaustive()
    }
}

impl HttpClient for Https {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Https {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        self.opener.note_call();
        let captured = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || metadata(&captured));
        }
        let answer = self.client.request(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await.map_err(connector_error)?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// By this the SDK keeps a connection from being used again after a transient error.
fn metadata(captured: &CaptureConnection) -> Option<ConnectionMetadata> {
    captured.connection_metadata().as_ref()?;
    let captured = captured.clone();
    let poison = move || {
        if let Some(connection) = captured.connection_metadata().as_ref() {
            connection.poison();
        }
    };
    Some(ConnectionMetadata::builder().proxied(false).poison_fn(poison).build())
}

fn connector_error(error: legacy::Error) -> ConnectorError {
    if source_of::<Elapsed>(&error).is_some() {
        return ConnectorError::timeout(error.into());
    }
    let is_incomplete = source_of::<hyper::Error>(&error).is_some_and(hyper::Error::is_incomplete_message);
    if is_incomplete {
        return ConnectorError::other(error.into(), Some(ErrorKind::TransientError));
    }
    let is_closed = |error: &hyper::Error| error.is_closed() || error.is_canceled();
    let is_io = error.is_connect()
        || source_of::<std::io::Error>(&error).is_some()
        || source_of::<hyper::Error>(&error).is_some_and(is_closed);
    if is_io { ConnectorError::io(error.into()) } else { ConnectorError::other(error.into(), None) }
}

fn source_of<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
}

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type Opening = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

/// Opens connections, on demand of the pool and before it.
#[derive(Clone)]
struct Opener {
    connect_timeout: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    called_at: Option<Instant>,
    is_known: bool,
    endpoints: HashMap<Authority, Endpoint>,
}

impl State {
    fn forget_if_idle(&mut self) {
        if self.called_at.is_some_and(|called_at| called_at.elapsed() > IDLE) {
            *self = Self::default();
        }
    }
}

/// What was opened to an endpoint since the client was last idle.
#[derive(Default)]
struct Endpoint {
    opened: usize,
    spare: Vec<(Instant, JoinHandle<Result<Stream, BoxError>>)>,
}

impl Opener {
    fn note_call(&self) {
        let mut state = self.lock();
        state.forget_if_idle();
        state.called_at = Some(Instant::now());
    }

    fn open(&self, uri: &Uri, connections: usize) {
        let Some(authority) = uri.authority() else { return };
        let mut state = self.lock();
        let endpoint = state.endpoints.entry(authority.clone()).or_default();
        while endpoint.opened < connections {
            endpoint.opened += 1;
            endpoint.spare.push((Instant::now(), tokio::spawn(self.connect(uri.clone()))));
        }
    }

    fn connect(&self, uri: Uri) -> Opening {
        let connect_timeout = self.connect_timeout;
        Box::pin(async move {
            let mut tcp = TcpConnector::new();
            tcp.set_nodelay(true);
            tcp.enforce_http(false);
            let connect = async {
                if uri.scheme() == Some(&Scheme::HTTP) {
                    return Ok(MaybeHttpsStream::Http(tcp.call(uri).await?));
                }
                HttpsConnector::from((tcp, Arc::clone(&TLS))).call(uri).await
            };
            timeout(connect_timeout, connect).await?
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service<Uri> for Opener {
    type Response = Stream;
    type Error = BoxError;
    type Future = Opening;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Opening {
        let mut state = self.lock();
        if let Some(endpoint) = uri.authority().map(|authority| state.endpoints.entry(authority.clone()).or_default()) {
            endpoint.spare.retain(|(opened_at, _)| opened_at.elapsed() < SPARE);
            if let Some((_, opened)) = endpoint.spare.pop() {
                return Box::pin(async move { opened.await? });
            }
            endpoint.opened += 1;
        }
        drop(state);
        self.connect(uri)
    }
}

#[cfg(test)]
mod tests {
    use super::certificates;

    #[test]
    fn a_bundle_is_read_whole_or_not_at_all() {
        let made = [1, 2].map(|number| rcgen::generate_simple_self_signed([format!("host-{number}")]).unwrap().cert);
        let [first, second] = made.each_ref().map(rcgen::Certificate::pem);
        let both = made.iter().map(|certificate| certificate.der().clone()).collect();
        let bundle = format!("# First\n{first}\n# Second\r\n{}", second.replace('\n', "\r\n"));
        assert_eq!(certificates(bundle.as_bytes()), Some(both));
        let trusted = first.replace("BEGIN CERTIFICATE", "BEGIN TRUSTED CERTIFICATE");
        assert_eq!(certificates(format!("{trusted}{second}").as_bytes()), Some(vec![made[1].der().clone()]));
        for broken in [first.replace("END", "NO"), first.replacen('M', "!", 1), String::new()] {
            assert_eq!(
                certificates(format!("{second}{broken}").as_bytes()).map(|read| read.len()),
                broken.is_empty().then_some(1)
            );
        }
        assert_eq!(certificates(b"no certificate"), None);
    }
}
