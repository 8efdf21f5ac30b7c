//! The floor of an invocation: the bytes of its requests sent again by blocking sockets, wave after wave.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use support::endpoint::Connection;
use tokio::time::Instant;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};

/// Which calls wait for which (docs/function.md, "How it works").
const WAVES: [&[&str]; 3] = [
    &["DescribeTrails", "GetComplianceDetailsByConfigRule"],
    &["GetTrailStatus", "GetEventSelectors"],
    &["PutEvaluations"],
];

/// The requests of an invocation, by wave, each with the address of its service.
#[derive(Debug, Clone)]
pub(crate) struct Floor {
    waves: Vec<Vec<(SocketAddr, Vec<u8>)>>,
    client: Option<Arc<ClientConfig>>,
}

/// Connections to the services, open.
pub(crate) struct Sockets(Vec<(SocketAddr, Box<dyn Stream>)>);

trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

impl Floor {
    /// Of what an invocation sent; with TLS if there is a `client`.
    pub(crate) fn of(
        connections: &[Connection],
        address: impl Fn(&'static str) -> SocketAddr,
        client: Option<Arc<ClientConfig>>,
    ) -> Self {
        let exchanges = || {
            let of = |connection: &Connection| {
                let address = address(connection.service);
                connection.exchanges.clone().into_iter().map(move |exchange| (address, exchange))
            };
            connections.iter().flat_map(of)
        };
        let wave = |operations: &&[&str]| -> Vec<_> {
            let is_of_it = |operation: &str| operations.contains(&operation);
            let requests = exchanges().filter(|(_, exchange)| is_of_it(&exchange.operation()));
            requests.map(|(address, exchange)| (address, exchange.request)).collect()
        };
        let waves: Vec<Vec<_>> = WAVES.iter().map(wave).collect();
        let sorted: usize = waves.iter().map(Vec::len).sum();
        assert_eq!(sorted, exchanges().count(), "a call of no wave");
        Self { waves, client }
    }

    /// Opens as many connections as the widest wave needs, all at once.
    pub(crate) fn connect(&self) -> Sockets {
        let mut needed: Vec<SocketAddr> = Vec::new();
        for wave in &self.waves {
            let mut spare = needed.clone();
            for (address, _) in wave {
                match spare.iter().position(|found| found == address) {
                    Some(index) => drop(spare.swap_remove(index)),
                    None => needed.push(*address),
                }
            }
        }
        let connecting: Vec<_> = needed
            .into_iter()
            .map(|address| {
                let client = self.client.clone();
                std::thread::spawn(move || (address, connect(address, client)))
            })
            .collect();
        Sockets(connecting.into_iter().map(|thread| thread.join().unwrap()).collect())
    }

    /// Sends each wave as soon as the one before is answered.
    pub(crate) fn run(&self, sockets: &mut Sockets) -> Duration {
        let began_at = Instant::now();
        for wave in &self.waves {
            let mut asked: Vec<usize> = Vec::new();
            for (address, request) in wave {
                let is_free = |index: &usize| sockets.0[*index].0 == *address && !asked.contains(index);
                let index = (0..sockets.0.len()).find(is_free).unwrap();
                let stream = &mut sockets.0[index].1;
                stream.write_all(request).unwrap();
                stream.flush().unwrap();
                asked.push(index);
            }
            for index in asked {
                read_answer(&mut sockets.0[index].1);
            }
        }
        began_at.elapsed()
    }
}

fn connect(address: SocketAddr, client: Option<Arc<ClientConfig>>) -> Box<dyn Stream> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let Some(client) = client else { return Box::new(stream) };
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls = ClientConnection::new(client, name).unwrap();
    while tls.is_handshaking() {
        tls.complete_io(&mut stream).unwrap();
    }
    Box::new(StreamOwned::new(tls, stream))
}

/// Reads one answer, whose length its head tells.
fn read_answer(stream: &mut impl Read) {
    let (mut answer, mut part) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let read = stream.read(&mut part).unwrap();
        assert!(read > 0, "no answer");
        answer.extend_from_slice(&part[..read]);
        let Some(head) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&answer[..head]).to_lowercase();
        assert!(text.starts_with("http/1.1 200"), "{text}");
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:")).unwrap();
        if answer.len() >= head + 4 + length.trim().parse::<usize>().unwrap() {
            return;
        }
    }
}
