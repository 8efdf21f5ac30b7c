#!/usr/bin/env python3
"""One central function, and every member account's schedule in the same minute: what breaks first?

    python3 docs/scale/simulate.py            the tables of docs/scale.md
    python3 docs/scale/simulate.py --write    puts them there, and draws docs/scale.svg

A model, not a measurement: it needs no account. Its limits are those of docs/scale.md; times are those of scripts/cost.
"""

import bisect
import collections
import dataclasses
import functools
import heapq
import importlib.machinery
import importlib.util
import json
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
PAGE, PICTURE = HERE.parent / "scale.md", HERE.parent / "scale.svg"


def cost():
    """The module scripts/cost: what a run takes is said there and nowhere else."""
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("cost", str(HERE.parents[1] / "scripts/cost"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("cost", loader))
    sys.modules["cost"] = module
    loader.exec_module(module)
    return module


COST = cost()
TIMES = COST.Times()
table, replaced = COST.table, COST.replaced
# The program's own: `cargo test --test function fault_matrix` holds the file to it.
RETRIES = json.loads((HERE / "retries.json").read_text())
ATTEMPTS = RETRIES["attempts"]
BACKOFF_S = RETRIES["backoffSeconds"]  # the longest first wait; the second is twice as long
ASYNC_RETRY_S = [60, 120]  # Lambda, after an error of the function
THROTTLED_RETRY_S = (1, 300)  # Lambda, after a throttled attempt: doubled from, to


@dataclasses.dataclass(frozen=True)
class Scenario:
    """Rates are tokens a second; a bucket holds a second's worth, but for Lambda's scaling."""

    accounts: int = 10_000
    spread_s: float = 0
    trails: int = 1
    concurrency: int = 50
    scaling: float = 100
    scaling_burst: float = 1_000
    sts: float = 600
    cloudtrail: float = 10
    reads_counted_at_owner: bool = False
    memory: int = 128
    maximum_event_age_s: float = 3_600
    maximum_retries: int = 2
    times: COST.Times = TIMES
    seed: int = 1


@dataclasses.dataclass
class Outcome:
    """What became of the events, and what it took."""

    evaluated_at: list = dataclasses.field(default_factory=list)
    failed: int = 0
    too_old: int = 0
    invocations: int = 0
    errors: int = 0
    cold: int = 0
    throttled: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    peak: int = 0

    @property
    def lost(self):
        return self.failed + self.too_old

    def done_at(self, share, accounts):
        """Seconds until that share of the accounts had a verdict; none if it never had."""
        needed = max(1, round(share * accounts))
        return sorted(self.evaluated_at)[needed - 1] if len(self.evaluated_at) >= needed else None


class Bucket:
    """A token bucket that is refilled all the time."""

    def __init__(self, rate, capacity=None):
        self.rate, self.capacity = rate, max(1, capacity or rate)
        self.tokens, self.at = self.capacity, 0.0

    def take(self, now):
        tokens = self.tokens + (now - self.at) * self.rate
        if tokens > self.capacity:
            tokens = self.capacity
        self.at = now
        is_there = tokens >= 1
        self.tokens = tokens - 1 if is_there else tokens
        return is_there


@dataclasses.dataclass(slots=True)
class Event:
    """An event in Lambda's queue."""

    account: int
    arrived_at: float
    runs: int = 0
    throttled: int = 0


class Simulation:
    """Processes are generators: they yield seconds to wait, or a list of processes to wait for."""

    def __init__(self, scenario):
        self.scenario, self.outcome = scenario, Outcome()
        self.random = random.Random(scenario.seed)
        self.now, self.queue, self.count = 0.0, [], 0
        self.environments = self.idle = 0
        self.scaling = Bucket(scenario.scaling, scenario.scaling_burst)
        self.sts = Bucket(scenario.sts)
        self.owner = Bucket(scenario.cloudtrail)

    def run(self):
        for account in range(self.scenario.accounts):
            arrival = self.random.uniform(0, self.scenario.spread_s)
            self.after(arrival, self.attempt, Event(account, arrival))
        queue, pop = self.queue, heapq.heappop
        while queue:
            self.now, _, action, argument = pop(queue)
            action(argument)
        return self.outcome

    def after(self, seconds, action, argument):
        self.count += 1
        heapq.heappush(self.queue, (self.now + seconds, self.count, action, argument))

    def start(self, process, then):
        def resume(value):
            try:
                wanted = process.send(value)
            except StopIteration as end:
                then(end.value)
                return
            if not isinstance(wanted, list):
                self.after(wanted, resume, None)
                return
            values = []

            def joined(value):
                values.append(value)
                if len(values) == len(wanted):
                    resume(values)

            for part in wanted:
                self.start(part, joined)

        resume(None)

    def attempt(self, event):
        """Lambda takes an event from its queue."""
        if self.now - event.arrived_at > self.scenario.maximum_event_age_s:
            self.outcome.too_old += 1
            return
        cold = not self.idle
        if not cold:
            self.idle -= 1
        elif self.environments < self.scenario.concurrency and self.scaling.take(self.now):
            self.environments += 1
        else:
            first, longest = THROTTLED_RETRY_S
            wait = min(longest, first << event.throttled)
            event.throttled += 1
            self.outcome.throttled["Lambda"] += 1
            self.after(wait * (0.5 + self.random.random() / 2), self.attempt, event)
            return
        self.outcome.invocations += 1
        self.outcome.cold += cold
        self.outcome.peak = max(self.outcome.peak, self.environments - self.idle)
        self.start(self.invocation(cold), lambda passed: self.ended(event, passed))

    def ended(self, event, passed):
        self.idle += 1
        event.runs += 1
        event.throttled = 0
        if passed:
            self.outcome.evaluated_at.append(self.now)
            return
        self.outcome.errors += 1
        if event.runs > self.scenario.maximum_retries:
            self.outcome.failed += 1
        else:
            self.after(ASYNC_RETRY_S[event.runs - 1], self.attempt, event)

    def invocation(self, cold):
        """AssumeRole; DescribeTrails; GetTrailStatus and GetEventSelectors of every trail at once; PutEvaluations."""
        scenario, times = self.scenario, self.scenario.times
        if cold:
            yield times.init() / 1000
        # A member's own calls are counted in its own account: nobody else's matter.
        member = Bucket(scenario.cloudtrail)
        member.at = self.now
        reads = self.owner if scenario.reads_counted_at_owner else member
        # The CPU time of the run, in equal parts with each of its four waves of calls.
        took = (times.call_ms + times.cpu(scenario.memory, cold, member=True) / 4) / 1000
        if not (yield from self.call("STS", self.sts, took, BACKOFF_S)):
            return False
        if not (yield from self.call("CloudTrail", member, took, BACKOFF_S)):
            return False
        calls = 2 * scenario.trails
        # Timing::spread_over.
        backoff = BACKOFF_S * min(10, max(1, -(-calls // 5)))
        if not all((yield [self.call("CloudTrail", reads, took, backoff) for _ in range(calls)])):
            return False
        yield took
        return True

    def call(self, service, bucket, took, backoff):
        """A call with its retries. Not for AWS Config, which publishes no rate."""
        for attempt in range(ATTEMPTS):
            if bucket.take(self.now):
                yield took
                return True
            self.outcome.throttled[service] += 1
            is_last = attempt + 1 == ATTEMPTS
            yield took if is_last else took + self.random.random() * min(2, 2**attempt) * backoff
        return False


@functools.cache
def simulate(scenario):
    return Simulation(scenario).run()


RESERVED = 50  # cloudformation/rule.yaml, for a central function
LIMITS = {
    "over a minute": Scenario(spread_s=60),
    "over a minute, none reserved": Scenario(spread_s=60, concurrency=1_000),
    "in the same instant": Scenario(),
    "in the same instant, none reserved": Scenario(concurrency=1_000),
    "in the same instant, 5 trails in each account": Scenario(trails=5),
    "in the same instant, a new account's quota of 10": Scenario(concurrency=10),
}
OWNER = {
    "in the same instant": Scenario(reads_counted_at_owner=True),
    "in the same instant, 1 reserved, events kept for 6 hours": Scenario(
        reads_counted_at_owner=True, concurrency=1, maximum_event_age_s=21_600
    ),
}
SIZES = [100, 200, 500, 1_000, 2_000, 5_000, 10_000]
RESERVATIONS = [10, 50, 100, 1_000]
# What a call takes, and how many times slower than scripts/cost's a vCPU of Lambda is.
SPEEDS = [(10, 1), (50, 2)]
POLICY_BYTES = 20 * 1024  # Lambda quotas: the function's resource policy


def seconds(value):
    if value is None:
        return "never"
    return f"{value:.1f} s" if value < 100 else f"{value / 60:.0f} min"


def row(name, scenario, outcome):
    throttled = [f"{outcome.throttled[service]:,}" for service in ("Lambda", "STS", "CloudTrail")]
    counts = [f"{value:,}" for value in (outcome.invocations, outcome.cold, outcome.peak)]
    done = [seconds(outcome.done_at(share, scenario.accounts)) for share in (0.5, 0.99, 1)]
    return [name, *counts, *throttled, f"{outcome.errors:,}", f"{outcome.lost:,}", *done]


HEADER = [
    "invocations",
    "cold",
    "at once at most",
    "Lambda throttles",
    "STS throttles",
    "CloudTrail throttles",
    "runs that fail",
    "verdicts lost",
    "half done",
    "99 %",
    "all",
]


def first(scenario, happens):
    """The smallest of SIZES at which it happens."""
    for accounts in SIZES:
        if happens(simulate(dataclasses.replace(scenario, accounts=accounts))):
            return f"{accounts:,}"
    return f"> {SIZES[-1]:,}"


SIGNS = {
    "Lambda throttles an event": lambda outcome: outcome.throttled["Lambda"] > 0,
    "STS throttles a call": lambda outcome: outcome.throttled["STS"] > 0,
    "a run fails, and Lambda repeats it": lambda outcome: outcome.errors > 0,
    "a verdict is lost": lambda outcome: outcome.lost > 0,
}


def accounts_in_a_policy():
    """How many accounts fit into the function's resource policy with a statement for each."""
    statement = {
        "Sid": "cloudtrail-all-regions-InvokePermission-EXAMPLE12345",
        "Effect": "Allow",
        "Principal": {"Service": "config.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": "arn:aws:lambda:us-east-1:123456789012:function:cloudtrail-all-regions-Function-EXAMPLE12345",
        "Condition": {"StringEquals": {"AWS:SourceAccount": "123456789012"}},
    }
    return POLICY_BYTES // (len(json.dumps(statement, separators=(",", ":"))) + 1)


def tables():
    """The tables of the page, by the names of their marks."""
    named = {"limits": LIMITS, "owner": OWNER}
    made = {
        name: table(["10,000 events", *HEADER], [row(key, it, simulate(it)) for key, it in scenarios.items()])
        for name, scenarios in named.items()
    }
    names = ["over a minute", "in the same instant", "in the same instant, none reserved"]
    rows = [[sign, *(first(LIMITS[name], happens) for name in names)] for sign, happens in SIGNS.items()]
    full = f"{accounts_in_a_policy() + 1}"
    rows.insert(0, ["a statement for each account no longer fits into the function's policy", full, full, full])
    made["first"] = table(["what happens, from how many accounts on", *names], rows)
    rows = [(f"{reserved:,}", Scenario(concurrency=reserved)) for reserved in RESERVATIONS]
    made["reserved"] = table(["ReservedConcurrency", *HEADER], [row(name, it, simulate(it)) for name, it in rows])
    rows = []
    for call_ms, slowdown in SPEEDS:
        times = dataclasses.replace(TIMES, call_ms=call_ms, slowdown=slowdown)
        for reserved in (RESERVED, 2 * RESERVED):
            scenario = Scenario(times=times, concurrency=reserved)
            name = f"{call_ms} ms, {times.billed(128, cold=False, member=True)} ms a warm run, {reserved} reserved"
            rows.append(row(name, scenario, simulate(scenario)))
    made["speed"] = table(["what a call takes", *HEADER], rows)
    return {f"docs/scale/simulate.py: {name}": text for name, text in made.items()}


CURVES = [
    ("in the same instant, 50 reserved", "#2a9d5c", Scenario()),
    ("in the same instant, none reserved", "#d9822b", Scenario(concurrency=1_000)),
    ("over a minute", "#3d7fd9", Scenario(spread_s=60)),
    ("in the same instant, reads counted at the trail's owner", "#c2455e", Scenario(reads_counted_at_owner=True)),
]
SPAN_S = 150


def picture():
    """The accounts that have a verdict, over time."""
    width, height, left, top, right, bottom = 760, 420, 70, 120, 20, 50
    across, down = width - left - right, height - top - bottom

    def x(at):
        return round(left + across * at / SPAN_S, 1)

    def y(count):
        return round(top + down * (1 - count / 10_000), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" font-family="sans-serif" '
        'font-size="13">',
        "<title>Accounts with a verdict, of 10,000 whose schedule falls into the same minute</title>",
        "<style>text{fill:#24292f}.grid{stroke:#d0d7de}.page{fill:#fff}"
        "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#3d444d}.page{fill:#0d1117}}</style>",
        f'<rect class="page" width="{width}" height="{height}"/>',
        f'<text x="{left}" y="24" font-size="15">Accounts with a verdict, of 10,000 (simulated)</text>',
    ]
    for count in range(0, 10_001, 2_500):
        parts.append(f'<path class="grid" d="M{left} {y(count)}H{width - right}"/>')
        parts.append(f'<text x="{left - 8}" y="{y(count) + 4}" text-anchor="end">{count:,}</text>')
    for at in range(0, SPAN_S + 1, 30):
        parts.append(f'<text x="{x(at)}" y="{height - bottom + 20}" text-anchor="middle">{at}</text>')
    parts.append(f'<text x="{left + across / 2}" y="{height - 10}" text-anchor="middle">seconds</text>')
    for index, (name, colour, scenario) in enumerate(CURVES):
        ended = sorted(simulate(scenario).evaluated_at)
        points = [(at / 2, bisect.bisect(ended, at / 2)) for at in range(2 * SPAN_S + 1)]
        line = " ".join(f"{x(at)},{y(count)}" for at, count in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts.append(f'<path d="M{left} {44 + 18 * index}h24" stroke="{colour}" stroke-width="2.5"/>')
        parts.append(f'<text x="{left + 32}" y="{48 + 18 * index}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def main():
    made = tables()
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(replaced(PAGE.read_text(), made))
        PICTURE.write_text(picture())
    elif not sys.argv[1:]:
        print("\n\n".join(made.values()))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
