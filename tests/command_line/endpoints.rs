//! `check` asks the endpoints of the Region's partition, FIPS and dual-stack ones where the environment says so, and
//! through a proxy: one on loopback shows which host it is asked for.

use std::{
    io::Read as _,
    net::TcpListener,
    process::{Command, Stdio},
    thread,
};

/// The host that the first connection is for. The proxy refuses every tunnel.
fn asked(environment: &[(&str, &str)]) -> (String, Option<i32>) {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let child = Command::new(env!("CARGO_BIN_EXE_cloudtrail-all-regions"))
        .arg("check")
        .env_clear()
        .envs([("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "example")])
        .envs([("AWS_CONFIG_FILE", "/dev/null"), ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")])
        .envs([("HTTPS_PROXY", address.as_str()), ("AWS_EC2_METADATA_DISABLED", "true")])
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (sender, first) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for connection in proxy.incoming() {
            let mut request = [0; 256];
            let length = connection.unwrap().read(&mut request).unwrap_or_default();
            let line = String::from_utf8_lossy(&request[..length]).lines().next().unwrap_or_default().to_owned();
            let _ = sender.send(line);
        }
    });
    let output = child.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("ConnectionFailed"), "{output:?}");
    (first.try_recv().unwrap(), output.status.code())
}

fn told(environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_cloudtrail-all-regions"))
        .arg("check")
        .env_clear()
        .envs([("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "example"), ("AWS_REGION", "us-east-1")])
        .envs([("AWS_CONFIG_FILE", "/dev/null"), ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")])
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    assert!(output.stdout.is_empty(), "{output:?}");
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn an_endpoint_that_is_no_url_is_said_plainly() {
    for (name, url) in [
        ("AWS_ENDPOINT_URL", "foo"),
        ("AWS_ENDPOINT_URL", "localhost:4566"),
        ("AWS_ENDPOINT_URL", "ftp://example.com"),
        ("AWS_ENDPOINT_URL_CLOUDTRAIL", "https://"),
        ("AWS_ENDPOINT_URL_STS", "http://a b"),
    ] {
        let (code, says) = told(&[(name, url)]);
        assert_eq!(code, Some(64), "{url}: {says}");
        assert!(
            says.starts_with(&format!("error: {name} is `{url}`, which is no URL; valid is one such as ")),
            "{says}"
        );
        assert_eq!(says.lines().count(), 1, "{says}");
    }
}

#[test]
fn what_answers_in_place_of_aws_is_said() {
    use std::io::Write as _;
    for status in ["200 OK", "403 Forbidden", "503 Service Unavailable"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let _ = connection.read(&mut [0; 4096]);
                let page = "<html><body>Sign in</body></html>";
                let length = page.len();
                let _ = write!(
                    connection,
                    "HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{page}"
                );
            }
        });
        let (code, says) = told(&[("AWS_ENDPOINT_URL", &url)]);
        assert_eq!(code, Some(2), "{says}");
        assert!(says.contains("something between here and AWS answered"), "{status}: {says}");
    }
}

#[test]
fn each_partition_fips_and_dual_stack_have_their_endpoints() {
    for (environment, host) in [
        (&[("AWS_REGION", "eu-west-1")][..], "sts.eu-west-1.amazonaws.com"),
        (&[("AWS_REGION", "us-gov-west-1")], "sts.us-gov-west-1.amazonaws.com"),
        (&[("AWS_REGION", "cn-north-1")], "sts.cn-north-1.amazonaws.com.cn"),
        (&[("AWS_REGION", "us-east-1"), ("AWS_USE_FIPS_ENDPOINT", "true")], "sts-fips.us-east-1.amazonaws.com"),
        (&[("AWS_REGION", "eu-west-1"), ("AWS_USE_DUALSTACK_ENDPOINT", "true")], "sts.eu-west-1.api.aws"),
    ] {
        assert_eq!(asked(environment), (format!("CONNECT {host}:443 HTTP/1.1"), Some(2)), "{environment:?}");
    }
}
