#!/usr/bin/env python3
"""Size, start and peak memory of the Lambda binary beside those of a hello world of the same build profile.

    cargo build --release --bin bootstrap --example hello_world --no-default-features --features lambda
    benches/floor.py

Start: from spawning the process to its first poll of the Runtime API. Peak memory: after one invocation (of the
function: an event without a result token, which is answered without a call to AWS). Medians; the two take turns.
"""

import http.server
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time
import zipfile

RUNS = 40
NEXT = "/2018-06-01/runtime/invocation/next"


class RuntimeApi(http.server.BaseHTTPRequestHandler):
    """Answers the first poll with an event, notes when it came, and holds the second."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        server.polls += 1
        if server.polls == 1:
            server.first_poll = time.perf_counter()
            self.send_response(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 60_000))
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:f")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")
        else:
            server.answered.set()
            server.release.wait(10)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


def run(binary):
    """Milliseconds to the first poll, and peak memory in MB."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    server.daemon_threads = True
    server.polls, server.answered, server.release = 0, threading.Event(), threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}", "AWS_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_LOG_GROUP_NAME": "g", "AWS_LAMBDA_LOG_STREAM_NAME": "s",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example",
    }
    began = time.perf_counter()
    process = subprocess.Popen([binary], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if not server.answered.wait(10):
            sys.exit(f"{binary} did not poll twice")
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
        return (server.first_poll - began) * 1000, peak / 1024
    finally:
        process.kill()
        process.wait()
        server.release.set()
        server.shutdown()


def zipped(binary):
    path = pathlib.Path(f"{binary}.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.write(binary, "bootstrap")
    return path.stat().st_size / 1e6


def main():
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "release"
    binaries = {"bootstrap": target / "bootstrap", "hello world": target / "examples/hello_world"}
    runs = {name: [] for name in binaries}
    for _ in range(RUNS):
        for name, binary in binaries.items():
            runs[name].append(run(binary))
    rows = {
        name: (binary.stat().st_size / 1e6, zipped(binary), *(statistics.median(column) for column in zip(*runs[name])))
        for name, binary in binaries.items()
    }
    print(f"| {RUNS} runs, medians | binary, MB | zip, MB | start, ms | peak memory, MB |\n|---|---|---|---|---|")
    for name, row in rows.items():
        print(f"| {name} | " + " | ".join(f"{value:.2f}" for value in row) + " |")
    ratios = [ours / floor for ours, floor in zip(rows["bootstrap"], rows["hello world"])]
    print("| ratio | " + " | ".join(f"{ratio:.1f}" for ratio in ratios) + " |")


if __name__ == "__main__":
    main()
