"""What several suites stand on: moto, a third-party AWS, and what went over the wire in the Rust tests."""

import collections
import logging
import os
import pathlib

import pytest
from moto.core.exceptions import AccessDeniedError, JsonRESTError
from moto.iam.access_control import IAMRequest
from moto.server import ThreadedMotoServer
from support.moto import Moto
from support.stand_in import StandIn


def pytest_terminal_summary(terminalreporter):
    """The seconds and tests of each suite; two suites run at a time."""
    seconds, tests = collections.Counter(), collections.Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            suite = getattr(report, "nodeid", "").partition("/")[0]
            seconds[suite] += getattr(report, "duration", 0)
            tests[suite] += getattr(report, "when", None) == "call"
    for suite in sorted(filter(None, seconds)):
        terminalreporter.line(f"{seconds[suite]:6.1f} s  {tests[suite]:4} tests  {suite}")


def raise_access_denied(request):
    error = AccessDeniedError(request._access_key.arn, request._action)
    if "X-Amz-Target" in request._headers:
        error = JsonRESTError("AccessDeniedException", error.message)
        error.code = 400
    raise error


@pytest.fixture(scope="session")
def moto_server():
    """moto on 127.0.0.1 and a port that the system chose."""
    os.environ.pop("MOTO_ACCOUNT_ID", None)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with pytest.MonkeyPatch.context() as patch:
        # moto refuses in XML with every protocol; AWS's JSON services in JSON.
        patch.setattr(IAMRequest, "_raise_access_denied", raise_access_denied)
        server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        server.start()
        yield "http://{}:{}".format(*server.get_host_and_port())
        server.stop()


@pytest.fixture
def moto(moto_server):
    """moto with nothing in it."""
    moto = Moto(moto_server)
    moto.reset()
    return moto


@pytest.fixture
def stand_in():
    stand_in = StandIn()
    yield stand_in
    stand_in.stop()


@pytest.fixture(scope="session")
def exchanges():
    """The folder that the Rust tests left their requests and answers in."""
    folder = os.environ.get("EXCHANGES_DIR")
    assert folder, "nothing was recorded: run EXCHANGES_DIR=$PWD/target/exchanges cargo test, and this with the same"
    return pathlib.Path(folder)
