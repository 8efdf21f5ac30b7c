"""The real AWS CLI, kept running: to start it anew takes half a second each time."""

import concurrent.futures
import contextlib
import dataclasses
import functools
import io
import multiprocessing
import os
import subprocess

from support.project import ROOT

# In a process of its own, because it puts its own botocore in the place of boto3's.
PROCESS = concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
# Nothing listens there: what the AWS CLI understands ends with a failure to connect.
NOWHERE = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "example",
    "AWS_SECRET_ACCESS_KEY": "example",
}


@dataclasses.dataclass(frozen=True)
class Ended:
    exit_code: int
    stdout: str
    stderr: str


@functools.cache
def words(command):
    """What `aws` is given by a command in a shell."""
    shell = subprocess.run(
        ["bash", "-euc", f"aws() {{ printf '%s\\0' \"$@\"; }}\n{command}"], capture_output=True, text=True, check=True
    )
    return tuple(shell.stdout.split("\0")[:-1])


def run(command, environment):
    """Runs an `aws` command as a shell in the project's folder would, with nothing else in its environment."""
    return PROCESS.submit(_main, words(command), environment).result(timeout=120)


@functools.cache
def _models():
    import awscli.clidriver

    return awscli.clidriver.create_clidriver().session.get_component("data_loader")


def _main(words, environment):
    import awscli.clidriver

    given = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_DATA_PATH": os.environ["AWS_DATA_PATH"],
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PATH": os.environ["PATH"],
    }
    os.environ.clear()
    os.environ.update(given | environment)
    os.chdir(ROOT)
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        try:
            driver = awscli.clidriver.create_clidriver()
            # To read AWS's models takes longer than all else.
            driver.session.register_component("data_loader", _models())
            exit_code = driver.main(list(words))
        except SystemExit as ended:
            exit_code = ended.code
    return Ended(exit_code, stdout.getvalue(), stderr.getvalue())


class Understanding:
    """Whether the AWS CLI knows commands and their options; it is asked about each set of options once."""

    def __init__(self):
        self.forms = set()

    def check(self, command):
        service, operation, *arguments = words(command)
        form = service, operation, *(word for word in arguments if word.startswith("--"))
        if form not in self.forms:
            ended = run(command, NOWHERE)
            assert "Could not connect to the endpoint URL" in ended.stderr, f"{command}\n{ended.stderr}"
            self.forms.add(form)
