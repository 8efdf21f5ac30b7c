"""Where this project's parts are."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).parents[3]
TEMPLATES = ROOT / "cloudformation"
ACCOUNTS = ROOT / "examples/accounts"
PROOFS = ROOT / "examples/proofs"
EVENTS = ROOT / "tests/events"

TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
PROGRAM = TARGET / "debug/cloudtrail-all-regions"
STAND_IN = [TARGET / "debug/examples/account", "--commands"]
BOOTSTRAP = pathlib.Path(os.environ.get("BOOTSTRAP", TARGET / "debug/bootstrap"))
NODE_MODULES = TARGET / "outside/node_modules"
# The programs that come with Python packages.
TOOLS = pathlib.Path(sys.executable).parent
