"""ministack: AWS by somebody else, that evaluates the trust of roles and the policies of users and sessions."""

import contextlib
import os
import socket
import subprocess
import time

import boto3
from support.project import TOOLS

SECONDS = 60


class Ministack:
    """A server on 127.0.0.1 in which nothing is allowed that no policy allows. An account's id is the access key of its
    root user."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        environment = {"AUTH": "true", "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port), "HOME": str(folder)}
        environment |= {"PATH": os.environ["PATH"], "TMPDIR": str(folder)}
        self.said = (folder / "said").open("w+")
        self.process = subprocess.Popen(
            [TOOLS / "ministack"], env=environment, stdout=self.said, stderr=subprocess.STDOUT, cwd=folder
        )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self):
        deadline = time.monotonic() + SECONDS
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert self.process.poll() is None and time.monotonic() < deadline, self._read()
            time.sleep(0.05)

    def _read(self):
        self.said.seek(0)
        return self.said.read()

    def client(self, service, key, secret="test", token=None):
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
        )

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.said.close()
