//! The stand-in behind an endpoint for each service, with or without TLS, as AWS has them; and what went over it, when.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{Instant, sleep},
};
use tokio_rustls::TlsAcceptor;

/// A connection that the function opened.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The name of the endpoint that it leads to.
    pub service: &'static str,
    /// When the endpoint took it.
    pub accepted_at: Instant,
    /// When its TLS handshake was done.
    pub secured_at: Option<Instant>,
    /// What was asked on it, in order.
    pub exchanges: Vec<Exchange>,
}

/// A request and its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Its head and body, as they came.
    pub request: Vec<u8>,
    /// When its first byte came.
    pub asked_at: Instant,
    /// When the last byte so far of the answer left.
    pub answered_at: Option<Instant>,
}

impl Exchange {
    /// AWS's name of the operation, from the header `X-Amz-Target`.
    pub fn operation(&self) -> String {
        let head = String::from_utf8_lossy(&self.request);
        let target = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("x-amz-target").then(|| value.rsplit('.').next())?
        });
        target.unwrap_or_default().trim().to_owned()
    }
}

/// What went over all endpoints. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<Connection>>>);

impl Log {
    /// Takes the connections out of the log, and with them what follows on them.
    pub fn take(&self) -> Vec<Connection> {
        std::mem::take(&mut self.lock())
    }

    /// The connections since they were last taken.
    pub fn all(&self) -> Vec<Connection> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The endpoint of one service; it ends when this is dropped.
pub struct Endpoint {
    /// Where it listens.
    pub address: SocketAddr,
    /// Whether it speaks TLS.
    pub is_secure: bool,
    accepting: JoinHandle<()>,
}

#[derive(Clone)]
struct Route {
    service: &'static str,
    /// Where the stand-in listens.
    stand_in: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    /// How long a handshake takes on top of its computation.
    handshake: Duration,
    log: Log,
}

impl Endpoint {
    /// Serves the stand-in under the name of a service; `handshake` is how long one takes on top of its computation.
    pub async fn start(
        service: &'static str,
        stand_in: SocketAddr,
        acceptor: Option<TlsAcceptor>,
        handshake: Duration,
        log: Log,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let is_secure = acceptor.is_some();
        let route = Route { service, stand_in, acceptor, handshake, log };
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let route = route.clone();
                // How a connection ends is the client's affair.
                tokio::spawn(async move { route.serve(stream).await });
            }
        });
        Self { address, is_secure, accepting }
    }

    /// Its URL, by the name that certificates are made for.
    pub fn url(&self) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        format!("{scheme}://localhost:{}", self.address.port())
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Route {
    async fn serve(self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let connection =
            Connection { service: self.service, accepted_at: Instant::now(), secured_at: None, exchanges: Vec::new() };
        let stand_in = TcpStream::connect(self.stand_in).await?;
        stand_in.set_nodelay(true)?;
        match self.acceptor.clone() {
            None => self.relay(stream, stand_in, connection).await,
            Some(acceptor) => {
                if !self.handshake.is_zero() {
                    sleep(self.handshake).await;
                }
                let stream = acceptor.accept(stream).await?;
                let connection = Connection { secured_at: Some(Instant::now()), ..connection };
                self.relay(stream, stand_in, connection).await
            }
        }
    }

    async fn relay<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        mut client: S,
        mut stand_in: TcpStream,
        connection: Connection,
    ) -> io::Result<()> {
        let index = {
            let mut connections = self.log.lock();
            connections.push(connection.clone());
            connections.len() - 1
        };
        let update = |update: &dyn Fn(&mut Connection)| {
            // The log may have been taken meanwhile; what follows on this connection is then no longer of interest.
            let mut connections = self.log.lock();
            let is_it = |found: &&mut Connection| found.accepted_at == connection.accepted_at;
            if let Some(found) = connections.get_mut(index).filter(is_it) {
                update(found);
            }
        };
        let (mut asked, mut answer) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
        loop {
            tokio::select! {
                read = client.read(&mut asked) => {
                    let part = &asked[..read?];
                    if part.is_empty() {
                        return Ok(());
                    }
                    let asked_at = Instant::now();
                    update(&|connection| match connection.exchanges.last_mut() {
                        Some(exchange) if exchange.answered_at.is_none() => exchange.request.extend(part),
                        _ => connection.exchanges.push(Exchange { request: part.to_vec(), asked_at, answered_at: None }),
                    });
                    stand_in.write_all(part).await?;
                }
                read = stand_in.read(&mut answer) => {
                    let part = &answer[..read?];
                    if part.is_empty() {
                        return Ok(());
                    }
                    client.write_all(part).await?;
                    client.flush().await?;
                    let answered_at = Some(Instant::now());
                    update(&|connection| {
                        if let Some(exchange) = connection.exchanges.last_mut() {
                            exchange.answered_at = answered_at;
                        }
                    });
                }
            }
        }
    }
}
