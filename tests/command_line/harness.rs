//! The command line against a stand-in of AWS on this machine, with an environment of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use cloudtrail_all_regions::stand_in::{Credentials, Exchange, StandIn, World};
use serde_json::Value;
use support::exchanges;
use tempfile::TempDir;

/// A stand-in, and the home of who calls it. When dropped it writes its exchanges below `EXCHANGES_DIR`, if that is set.
pub(crate) struct Live {
    pub(crate) stand_in: StandIn,
    pub(crate) region: String,
    pub(crate) home: TempDir,
    credentials: Credentials,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn new(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }
}

pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/accounts").join(format!("{name}.json"))
}

pub(crate) fn read_json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The command with nothing of this process's environment.
pub(crate) fn bare(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloudtrail-all-regions"));
    command.args(arguments).env_clear().current_dir(home).stdin(Stdio::null());
    command
        .env("HOME", home)
        .env("AWS_CONFIG_FILE", home.join("config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", home.join("credentials"))
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

impl Live {
    pub(crate) async fn serve(evidence: &Value, set_up: impl FnOnce(&mut World)) -> Self {
        let mut world = World::default();
        world.put_account(evidence).unwrap();
        let text = |key: &str| evidence[key].as_str().unwrap().to_owned();
        let region = text("region");
        let credentials = world.credentials(&text("accountId"));
        set_up(&mut world);
        let stand_in = StandIn::start(world).await.unwrap();
        Self { stand_in, region, home: TempDir::new().unwrap(), credentials }
    }

    pub(crate) async fn example(name: &str) -> Self {
        Self::serve(&read_json(&example(name)), |_| {}).await
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(self.home.path(), arguments);
        command
            .env("AWS_ENDPOINT_URL", self.stand_in.endpoint())
            .env("AWS_ACCESS_KEY_ID", &self.credentials.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &self.credentials.secret_access_key)
            .env("AWS_REGION", &self.region);
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        ended(self.command(arguments)).await
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The operations that were called, each once, in the order of their names.
    pub(crate) fn operations(&self) -> Vec<String> {
        let mut operations: Vec<String> = self.stand_in.calls().into_iter().map(|call| call.operation).collect();
        operations.sort();
        operations.dedup();
        operations
    }

    pub(crate) fn secrets(&self) -> [&str; 2] {
        [&self.credentials.access_key_id, &self.credentials.secret_access_key]
    }
}

/// Runs a command while the stand-in answers.
pub(crate) async fn ended(mut command: Command) -> Ran {
    Ran::new(tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap())
}

impl Drop for Live {
    fn drop(&mut self) {
        let lines: String = self.stand_in.exchanges().iter().map(Exchange::to_json_line).collect();
        exchanges::leave(env!("CARGO_CRATE_NAME"), &lines);
    }
}
