"""AWS, as far as moto is not it: the project's own stand-in."""

import json
import subprocess

from support.project import STAND_IN


class StandIn:
    """A process of examples/account, whose commands.rs says what it can be asked."""

    def __init__(self):
        self._process = subprocess.Popen(STAND_IN, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.endpoint = self._answer()["endpoint"]
        self.tokens = []

    def _answer(self):
        line = self._process.stdout.readline()
        assert line, "the stand-in has ended"
        return json.loads(line)

    def ask(self, command, **members):
        self._process.stdin.write(json.dumps({command: members}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def calls(self):
        return self.ask("calls")

    def stop(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=10)


def key_of(account):
    """The id of an access key that belongs to the account, as STS would make it."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    bits = int(account) << 4
    return "AKIA" + "".join(digits[bits >> 5 * place & 31] for place in reversed(range(9))) + "EXAMPLE"
