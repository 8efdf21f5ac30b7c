//! What AWS Lambda is to a function: the Runtime API on loopback, the process with its environment, and its log.

use std::{
    convert::Infallible,
    io::{BufRead as _, BufReader, Read},
    net::Ipv4Addr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use cloudtrail_all_regions::clock::Clock;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{
        Mutex,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    },
    task::JoinHandle,
    time::timeout,
};

/// A bound, not a measure: nothing here takes as long.
const PATIENCE: Duration = Duration::from_mins(1);

/// A function that runs.
pub struct Lambda {
    serving: JoinHandle<()>,
    invocations: UnboundedSender<Invocation>,
    answers: UnboundedReceiver<Answer>,
    /// Its process.
    pub process: Child,
    stdout: UnboundedReceiver<String>,
    stderr: UnboundedReceiver<String>,
    count: u32,
    said: String,
}

struct Invocation {
    request_id: String,
    deadline: SystemTime,
    payload: Vec<u8>,
}

/// What the function posted.
#[derive(Debug)]
pub struct Answer {
    /// The path after `/2018-06-01/runtime/`.
    pub path: String,
    /// The header `Lambda-Runtime-Function-Error-Type`.
    pub error_type_header: Option<String>,
    /// What it answered.
    pub body: Value,
    /// When it posted.
    pub posted_at: SystemTime,
}

/// What became of an invocation.
#[derive(Debug)]
pub struct Invoked {
    /// What the function posted of it.
    pub answer: Answer,
    /// Its lines on standard output; the last is the summary.
    pub log: Vec<Value>,
}

impl Invoked {
    /// The body of a success.
    pub fn response(&self) -> &Value {
        assert!(self.answer.path.ends_with("/response"), "{self:?}");
        &self.answer.body
    }

    /// The `errorType` of a failure; the log must have it too.
    pub fn error_type(&self) -> &str {
        assert!(self.answer.path.ends_with("/error"), "{self:?}");
        assert!(self.answer.error_type_header.is_some(), "{self:?}");
        assert_eq!(self.answer.body["errorType"], self.summary()["errorType"]);
        assert_eq!(self.answer.body["errorMessage"], self.summary()["message"]);
        self.answer.body["errorType"].as_str().unwrap()
    }

    /// The last line of its log.
    pub fn summary(&self) -> &Value {
        self.log.last().unwrap()
    }
}

impl Lambda {
    /// Starts `bootstrap` with an environment that has nothing but Lambda's own variables and these.
    pub async fn start(bootstrap: &Path, function_arn: &str, environment: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (invocations, waiting) = unbounded_channel();
        let (posted, answers) = unbounded_channel();
        let waiting = Mutex::new(waiting);
        let api = Arc::new(RuntimeApi { function_arn: function_arn.to_owned(), waiting, posted });
        let serving = tokio::spawn(serve(listener, api));
        let mut process = Command::new(bootstrap)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "cloudtrail-all-regions")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = lines_of(process.stdout.take().unwrap());
        let stderr = lines_of(process.stderr.take().unwrap());
        Self { serving, invocations, answers, process, stdout, stderr, count: 0, said: String::new() }
    }

    /// Invokes the function with a minute to go.
    pub async fn invoke(&mut self, payload: impl ToString) -> Invoked {
        self.invoke_until(Clock::System.time() + PATIENCE, payload).await
    }

    /// Invokes the function, which is to answer before `deadline`.
    pub async fn invoke_until(&mut self, deadline: SystemTime, payload: impl ToString) -> Invoked {
        self.count += 1;
        let request_id = format!("00000000-0000-4000-8000-{:012}", self.count);
        let payload = payload.to_string().into_bytes();
        self.invocations.send(Invocation { request_id: request_id.clone(), deadline, payload }).unwrap();
        let answer = timeout(PATIENCE, self.answers.recv()).await.expect("no answer in time").unwrap();
        assert!(answer.path.starts_with(&format!("invocation/{request_id}/")), "{answer:?}");
        self.said.push_str(&answer.body.to_string());

        let mut log: Vec<Value> = Vec::new();
        while log.last().is_none_or(|line| line.get("rowsSent").is_none()) {
            let line = timeout(PATIENCE, self.stdout.recv()).await.expect("no summary in time").expect("no summary");
            self.said.push_str(&line);
            log.push(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")));
        }
        if self.count == 1 {
            // What the process said of itself when it started.
            log.retain(|line| line.get("requestId").is_some());
        }
        for line in &log {
            assert_eq!(line["requestId"], request_id.as_str());
            assert!(line["level"].is_string() && line["message"].is_string(), "{line}");
        }
        Invoked { answer, log }
    }

    /// Ends the function, which must be alive and must have logged nothing but what invocations returned, and returns
    /// all that it ever said.
    pub async fn end(mut self) -> String {
        assert_eq!(self.process.try_wait().unwrap(), None, "the process has ended");
        self.process.kill().unwrap();
        for rest in [&mut self.stdout, &mut self.stderr] {
            assert_eq!(timeout(PATIENCE, rest.recv()).await.expect("still written to"), None);
        }
        std::mem::take(&mut self.said)
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        self.serving.abort();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn lines_of(output: impl Read + Send + 'static) -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Lambda's side of the Runtime API, version 2018-06-01.
struct RuntimeApi {
    function_arn: String,
    waiting: Mutex<UnboundedReceiver<Invocation>>,
    posted: UnboundedSender<Answer>,
}

async fn serve(listener: TcpListener, api: Arc<RuntimeApi>) {
    while let Ok((stream, _)) = listener.accept().await {
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
        let status = |status| Response::builder().status(status);
        let Some(path) = request.uri().path().strip_prefix("/2018-06-01/runtime/").map(str::to_owned) else {
            return status(404).body(Full::default()).unwrap();
        };
        if request.method() == Method::GET && path == "invocation/next" {
            let Some(invocation) = self.waiting.lock().await.recv().await else { std::future::pending().await };
            let deadline = invocation.deadline.duration_since(UNIX_EPOCH).unwrap().as_millis();
            return status(200)
                .header("Content-Type", "application/json")
                .header("Lambda-Runtime-Aws-Request-Id", invocation.request_id)
                .header("Lambda-Runtime-Deadline-Ms", deadline.to_string())
                .header("Lambda-Runtime-Invoked-Function-Arn", &self.function_arn)
                .body(invocation.payload.into())
                .unwrap();
        }
        let header = request.headers().get("Lambda-Runtime-Function-Error-Type");
        let error_type_header = header.map(|value| value.to_str().unwrap().to_owned());
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&body).unwrap();
        // The test may have ended.
        let _ = self.posted.send(Answer { path, error_type_header, body, posted_at: Clock::System.time() });
        status(202).body(Full::default()).unwrap()
    }
}
