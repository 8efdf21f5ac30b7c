//! Connections, and the way of one request.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::{
    Response,
    body::{Body, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use super::{
    authentication::authenticate,
    calls::{Call, Exchange, Log},
    dispatch,
    faults::{AnswerBody, Misbehaviour},
    results::{ConfigRule, Row},
    waves::Waves,
    wire::{self, Request, Service},
    world::World,
};

/// The endpoints, without a port: whoever holds them hands them requests. Clones are the same endpoints.
#[derive(Clone)]
pub struct Endpoints(Arc<Shared>);

/// The endpoints on a port. They end when this is dropped.
pub struct StandIn {
    address: SocketAddr,
    endpoints: Endpoints,
    accepting: JoinHandle<()>,
}

struct Shared {
    world: Mutex<World>,
    log: Mutex<Log>,
    waves: Waves,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl StandIn {
    /// Serves the world on a loopback port that the system chooses, on the current tokio runtime.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start(world: World) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let endpoints = Endpoints::of(world);
        let accepting = tokio::spawn(accept(listener, endpoints.clone()));
        Ok(Self { address, endpoints, accepting })
    }

    /// The URL for `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Deref for StandIn {
    type Target = Endpoints;

    fn deref(&self) -> &Endpoints {
        &self.endpoints
    }
}

impl Endpoints {
    /// Endpoints that serve the world.
    #[must_use]
    pub fn of(world: World) -> Self {
        Self(Arc::new(Shared { world: Mutex::new(world), log: Mutex::default(), waves: Waves::none() }))
    }

    /// The world, to look at or to change. No request is answered while the guard lives.
    pub fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.0.world)
    }

    /// Holds answers in waves of these sizes: those of a wave go out when as many calls wait at the same time.
    /// After the last wave nothing is held. Calls that are held already are let go.
    pub fn hold_waves(&self, sizes: &[usize]) {
        self.0.waves.hold(sizes);
    }

    /// The calls so far, in the order of their arrival.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.0.log).calls.clone()
    }

    /// Forgets the calls and exchanges so far.
    pub fn clear_calls(&self) {
        let mut log = lock(&self.0.log);
        log.calls.clear();
        log.exchanges.clear();
    }

    /// The answered requests so far, in the order of their answers.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        lock(&self.0.log).exchanges.clone()
    }

    /// The results that Config shows for a rule, by resource type and id.
    #[must_use]
    pub fn rows(&self, rule: &ConfigRule) -> Vec<Row> {
        self.world().rows(rule)
    }

    /// Answers a request. What befalls it is settled when this is polled first; the request has its effect when the
    /// answer is made.
    ///
    /// # Errors
    /// The connection ends without an answer, as a [`Misbehaviour`] may have it.
    pub async fn answer(
        &self,
        request: hyper::Request<Bytes>,
    ) -> io::Result<Response<impl Body<Data = Bytes, Error = io::Error> + use<>>> {
        serve(&self.0, request).await
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, endpoints: Endpoints) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // An error is of one connection that is gone already.
            Ok((stream, _)) = listener.accept() => {
                connections.spawn(serve_connection(stream, endpoints.clone()));
            }
            Some(_) = connections.join_next() => {}
            else => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve_connection(stream: TcpStream, endpoints: Endpoints) {
    // Without it answers wait for acknowledgements; it can fail only if the client is gone.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let Endpoints(shared) = endpoints.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
            serve(&shared, hyper::Request::from_parts(parts, body)).await
        }
    });
    // How a connection ends is the client's affair, or a fault that was asked for.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn serve(shared: &Shared, request: hyper::Request<Bytes>) -> io::Result<Response<AnswerBody>> {
    let (parts, body) = request.into_parts();
    let request = Request::read(parts.method, &parts.uri, parts.headers, body);

    let place = shared.waves.join();
    let (caller, misbehaviour, arrived, request_id, latency) = {
        let mut world = lock(&shared.world);
        let caller = authenticate(&world, &request);
        let mut call = Call::new(&request, caller.as_ref().ok());
        call.wave = place.as_ref().map(|place| place.wave);
        let misbehaviour = world.misbehaviour(&call);
        let arrived = lock(&shared.log).arrive(call);
        let request_id = format!("00000000-0000-4000-8000-{:012}", world.next_number());
        (caller, misbehaviour, arrived, request_id, world.latency)
    };
    let mut presence = Presence { shared, arrived, is_answered: false };
    if let Some(place) = &place {
        place.released().await;
    }
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    match &misbehaviour {
        Some(Misbehaviour::Hang) => std::future::pending().await,
        Some(Misbehaviour::Delay(delay)) => tokio::time::sleep(*delay).await,
        Some(Misbehaviour::ResetBeforeAnswer) => {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        _ => {}
    }
    let answer = misbehaviour.as_ref().and_then(|fault| fault.instead(&request, &request_id)).unwrap_or_else(|| {
        let failing = misbehaviour.as_ref().and_then(Misbehaviour::failing_rows);
        let encoded =
            dispatch::encoded(&mut lock(&shared.world), &request, caller.as_ref(), failing.as_ref(), &request_id);
        misbehaviour.iter().fold(encoded, |encoded, fault| fault.distort(encoded, &request, &request_id))
    });
    lock(&shared.log).answer(arrived, &request, &answer, misbehaviour.is_some());
    presence.is_answered = true;

    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    for (name, value) in &answer.metadata {
        response = response.header(name, value);
    }
    if let Some(date) = lock(&shared.world).date.filter(|_| request.service == Some(Service::S3)) {
        response = response.header("date", wire::http_date(date));
    }
    response.body(AnswerBody::new(answer.body, misbehaviour.as_ref())).map_err(io::Error::other)
}

/// A client that waits for an answer; dropped unanswered when the connection ends.
struct Presence<'a> {
    shared: &'a Shared,
    arrived: u64,
    is_answered: bool,
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            lock(&self.shared.log).end(self.arrived);
        }
    }
}
