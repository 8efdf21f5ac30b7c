"""The completions, at the key Tab in the shells themselves."""

import os
import pty
import select
import subprocess
import time

import pytest
from support.project import PROGRAM, TARGET

# As `install` has unpacked them.
UNPACKED = TARGET / "outside/shells"

FUNCTIONS = UNPACKED / "usr/share/zsh/functions"

# What is typed before Tab, and what then stands in the line or below it.
TYPED = {
    "a command": ("pro", "prove"),
    "a format": ("check --format mark", "markdown"),
    "a reason's code": ("explain not-log", "not-logging"),
    "a parameter": ("check --parameter maxD", "maxDeliveryAgeHours="),
    "a Region": ("check --region eu-cent", "eu-central-"),
    "a profile": ("check --profile arch", "archive"),
    "a file": ("check --evidence evi", "evidence.json"),
}
START = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": [UNPACKED / "bin/zsh-static", "-f", "-i"],
    "fish": [UNPACKED / "usr/bin/fish", "--no-config", "--interactive"],
}
READ = {
    "bash": "source <(cloudtrail-all-regions completions bash)",
    "zsh": "autoload -U compinit; compinit -u; source <(cloudtrail-all-regions completions zsh)",
    "fish": "cloudtrail-all-regions completions fish | source",
}
LIMIT_SECONDS = 20


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, name, folder):
        environment = {
            "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "TERM": "xterm",
            "PS1": "ready> ",
            "LC_ALL": "C.UTF-8",
            "AWS_CONFIG_FILE": str(folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            # Where fish finds a library, and zsh the functions of its completions.
            "LD_LIBRARY_PATH": ":".join(map(str, UNPACKED.glob("usr/lib/*"))),
            "FPATH": ":".join(map(str, [FUNCTIONS, *FUNCTIONS.rglob("*/")])),
        }
        self.terminal, inner = pty.openpty()
        streams = dict.fromkeys(["stdin", "stdout", "stderr"], inner)
        command = ["setsid", "--ctty", *START[name]]
        self.process = subprocess.Popen(command, cwd=folder, env=environment, **streams)
        os.close(inner)
        # What is echoed is not what is printed.
        self.send(f"{READ[name]}; echo is-re''ady\n")
        self.wait_for("is-ready")

    def send(self, text):
        os.write(self.terminal, text.encode())

    def wait_for(self, text):
        seen = ""
        end = time.monotonic() + LIMIT_SECONDS
        while text not in seen and time.monotonic() < end:
            if select.select([self.terminal], [], [], 0.2)[0]:
                seen += os.read(self.terminal, 4096).decode(errors="replace")
        assert text in seen, f"{text!r} is not in {seen!r}"

    def stop(self):
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)


@pytest.fixture(params=START)
def shell(request, tmp_path):
    (tmp_path / "config").write_text("[default]\n[profile archive]\n")
    (tmp_path / "evidence.json").write_text("{}")
    shell = Shell(request.param, tmp_path)
    yield shell
    shell.stop()


@pytest.mark.parametrize("what", TYPED)
def test_tab_completes(shell, what):
    typed, completed = TYPED[what]
    shell.send(f"cloudtrail-all-regions {typed}\t")
    shell.wait_for(completed[len(typed.split()[-1]) :])
