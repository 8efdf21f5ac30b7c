//! A function's process, Lambda's Runtime API before it, and what the kernel says of it.

use std::{
    convert::Infallible,
    fs,
    net::Ipv4Addr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use cloudtrail_all_regions::clock::Clock;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    sync::{
        Mutex,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    },
    task::JoinHandle,
    time::{Instant, timeout},
};

/// A bound, not a measure: nothing here takes as long.
const PATIENCE: Duration = Duration::from_mins(1);
/// The function's own ARN.
const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:cloudtrail-all-regions";

/// A function that runs.
pub(crate) struct Function {
    process: Child,
    serving: JoinHandle<()>,
    polls: UnboundedReceiver<Instant>,
    events: UnboundedSender<Bytes>,
    answers: UnboundedReceiver<(Instant, bool)>,
    is_polling: bool,
}

/// When an invocation began and ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Invoked {
    pub(crate) began_at: Instant,
    pub(crate) ended_at: Instant,
}

impl Invoked {
    pub(crate) fn duration(self) -> Duration {
        self.ended_at - self.began_at
    }
}

impl Function {
    /// Starts a process, and says how long its first poll took.
    pub(crate) async fn start(binary: &Path, environment: &[(&str, String)]) -> (Self, Duration) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (polled, polls) = unbounded_channel();
        let (events, waiting) = unbounded_channel();
        let (answered, answers) = unbounded_channel();
        let api = Arc::new(RuntimeApi { polled, waiting: Mutex::new(waiting), answered });
        let serving = tokio::spawn(serve(listener, api));
        let mut command = Command::new(binary);
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "cloudtrail-all-regions")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let spawned_at = Instant::now();
        let process = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
        let mut function = Self { process, serving, polls, events, answers, is_polling: false };
        let polled_at = function.polled().await;
        (function, polled_at - spawned_at)
    }

    async fn polled(&mut self) -> Instant {
        let polled_at = timeout(PATIENCE, self.polls.recv()).await.expect("no poll in time").unwrap();
        self.is_polling = true;
        polled_at
    }

    /// Invokes the function once it polls; it must succeed.
    pub(crate) async fn invoke(&mut self, event: &[u8]) -> Invoked {
        if !self.is_polling {
            self.polled().await;
        }
        self.is_polling = false;
        let event = Bytes::copy_from_slice(event);
        let began_at = Instant::now();
        self.events.send(event).unwrap();
        let (ended_at, is_success) = timeout(PATIENCE, self.answers.recv()).await.expect("no answer in time").unwrap();
        assert!(is_success, "the invocation failed");
        Invoked { began_at, ended_at }
    }

    /// The most memory that it has had, in MB.
    pub(crate) fn peak_memory(&self) -> f64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = fs::read_to_string(path).expect("no /proc: this needs Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
    }

    /// How long its threads have computed.
    pub(crate) fn processor_time(&self) -> Duration {
        let threads = fs::read_dir(format!("/proc/{}/task", self.process.id())).expect("no /proc: this needs Linux");
        let nanoseconds = threads.map(|thread| -> u64 {
            let said = fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap();
            said.split_whitespace().next().unwrap().parse().unwrap()
        });
        Duration::from_nanos(nanoseconds.sum())
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.serving.abort();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Lambda's side of the Runtime API, version 2018-06-01.
struct RuntimeApi {
    polled: UnboundedSender<Instant>,
    waiting: Mutex<UnboundedReceiver<Bytes>>,
    answered: UnboundedSender<(Instant, bool)>,
}

async fn serve(listener: TcpListener, api: Arc<RuntimeApi>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let api = Arc::clone(&api);
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let api = Arc::clone(&api);
                async move { Ok::<_, Infallible>(api.answer(request).await) }
            });
            // The function leaves when it is ended.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

impl RuntimeApi {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let arrived_at = Instant::now();
        if request.method() == Method::GET {
            // The bench may have ended.
            let _ = self.polled.send(arrived_at);
            let Some(event) = self.waiting.lock().await.recv().await else { std::future::pending().await };
            let deadline = (Clock::System.time() + PATIENCE).duration_since(UNIX_EPOCH).unwrap().as_millis();
            return Response::builder()
                .header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
                .header("Lambda-Runtime-Deadline-Ms", deadline.to_string())
                .header("Lambda-Runtime-Invoked-Function-Arn", FUNCTION_ARN)
                .body(event.into())
                .unwrap();
        }
        let is_success = request.uri().path().ends_with("/response");
        let _ = request.into_body().collect().await;
        let _ = self.answered.send((Instant::now(), is_success));
        Response::builder().status(202).body(Full::default()).unwrap()
    }
}
