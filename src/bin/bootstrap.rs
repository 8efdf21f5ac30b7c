//! The Lambda function: logging, connections, run. Nothing else.

use std::io::Write;

use cloudtrail_all_regions::{
    aws::connections::{Connections, Timing},
    clock::Clock,
    error::chain,
    handler::{Context, Function, Summary},
    telemetry::Metrics,
};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function {
        connections: Connections::from_env(Timing::default()),
        member_role_name: std::env::var("MEMBER_ROLE_NAME").ok().filter(|name| !name.trim().is_empty()),
        clock: Clock::System,
    };
    let setting = std::env::var("EMIT_METRICS").ok();
    let metrics = Metrics::from_setting(setting.as_deref()).unwrap_or_else(|unknown| {
        log(&[json!({"level": "WARN", "message": unknown.to_string()})]);
        Metrics::Emitted
    });
    run(service_fn(|event: LambdaEvent<Payload>| handle(&function, event, metrics))).await
}

fn log(lines: &[Value]) {
    let mut stdout = std::io::stdout().lock();
    for line in lines {
        // A log that cannot be written must not cost the verdict.
        let _ = writeln!(stdout, "{line}");
    }
}

/// An event; `null` if it is no JSON, so that the handler refuses and logs it like any other that it cannot use.
struct Payload(Value);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Value::deserialize(deserializer).unwrap_or_default()))
    }
}

async fn handle(function: &Function, event: LambdaEvent<Payload>, metrics: Metrics) -> Result<Summary, Diagnostic> {
    let context = Context {
        deadline: event.context.deadline(),
        request_id: event.context.request_id,
        invoked_function_arn: event.context.invoked_function_arn,
    };
    let outcome = function.handle(event.payload.0, &context).await;
    log(&outcome.record.lines(&context.request_id, metrics));
    outcome
        .result
        .map_err(|error| Diagnostic { error_type: error.error_type().to_owned(), error_message: chain(&error) })
}
