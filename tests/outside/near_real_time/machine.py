"""Step Functions and AWS Config with a clock of their own, as far as the machine of near-real-time.yaml meets them."""

import dataclasses
import heapq
import itertools
import math
import re

# AWS Config API, StartConfigRulesEvaluation: no second one while one runs, nor within a minute.
LIMIT_SECONDS = 60


class AwsError(Exception):
    pass


@dataclasses.dataclass
class Execution:
    started: float
    status: str = "RUNNING"
    stopped: float | None = None


class World:
    """What the executions share."""

    def __init__(self, evaluation_seconds=5, listed_after=0, refused_until=0):
        self._evaluation_seconds = evaluation_seconds
        self._listed_after = listed_after
        self._refused_until = refused_until
        self.now = 0
        self.executions = []
        self.evaluations = []

    def run(self, definition, arrivals):
        """Starts an execution at each of these times, in seconds, and goes on until none is left."""
        order = itertools.count()
        due = [(arrival, next(order), None) for arrival in arrivals]
        heapq.heapify(due)
        while due:
            self.now, _, execution = heapq.heappop(due)
            if execution is None:
                execution = self._execute(definition)
            wait = next(execution, None)
            if wait is not None:
                heapq.heappush(due, (self.now + wait, next(order), execution))
        return self

    def _execute(self, definition):
        """Goes on to the next wait each time, and gives its seconds."""
        execution = Execution(self.now)
        self.executions.append(execution)
        deadline = execution.started + definition.get("TimeoutSeconds", math.inf)
        steps = self._steps(definition["States"], definition["StartAt"], execution)
        for wait in steps:
            if self.now + wait >= deadline:
                yield deadline - self.now
                execution.status = "TIMED_OUT"
                break
            yield wait
        execution.stopped = self.now

    def _steps(self, states, name, execution):
        context = {"Execution": {"StartTime": execution.started}, "StateMachine": {"Id": "arn:machine"}}
        data = {}
        while name is not None:
            state = states[name]
            following = state.get("Next")
            match state["Type"]:
                case "Wait":
                    yield state["Seconds"]
                case "Choice":
                    chosen = (choice["Next"] for choice in state["Choices"] if holds(choice, data, context))
                    following = next(chosen, state["Default"])
                case "Succeed":
                    pass
                case "Task":
                    try:
                        data = yield from self._task(state, data, context)
                    except AwsError as error:
                        caught = (catch["Next"] for catch in state.get("Catch", []) if matches(catch, error))
                        following = next(caught, None)
                        if following is None:
                            execution.status = "FAILED"
                            return
            name = following
        execution.status = "SUCCEEDED"

    def _task(self, state, data, context):
        """Calls AWS, and again as the state's retriers say."""
        retried = [0] * len(state.get("Retry", []))
        while True:
            operation = getattr(self, state["Resource"].rpartition(":")[2])
            try:
                return operation(filled_in(state["Parameters"], data, context))
            except AwsError as error:
                fitting = (index for index, retry in enumerate(state.get("Retry", [])) if matches(retry, error))
                index = next(fitting, None)
                if index is None or retried[index] == state["Retry"][index].get("MaxAttempts", 3):
                    raise
                retry = state["Retry"][index]
                yield retry["IntervalSeconds"] * retry["BackoffRate"] ** retried[index]
                retried[index] += 1

    def startConfigRulesEvaluation(self, parameters):
        assert parameters["ConfigRuleNames"] == ["cis-3-1-cloudtrail-all-regions"]
        last = self.evaluations[-1] if self.evaluations else -math.inf
        is_busy = self.now < last + max(LIMIT_SECONDS, self._evaluation_seconds)
        if is_busy or self.now < self._refused_until:
            raise AwsError("Config.LimitExceededException")
        self.evaluations.append(self.now)
        return {}

    def listExecutions(self, parameters):
        """The latest first, those of the last moments perhaps not yet."""
        assert parameters["StateMachineArn"] == "arn:machine"
        listed = [execution for execution in self.executions if execution.started + self._listed_after <= self.now]
        latest = sorted(listed, key=lambda execution: execution.started, reverse=True)[: parameters["MaxResults"]]
        return {"Executions": [{"StartDate": execution.started, "Status": execution.status} for execution in latest]}

    def served(self):
        """For each execution, how long after its start an evaluation began first; infinite if none did."""
        return [
            next((begun - execution.started for begun in self.evaluations if begun >= execution.started), math.inf)
            for execution in self.executions
        ]


def matches(handler, error):
    # States.TaskFailed stands for every error of a task but a time-out.
    return str(error) in handler["ErrorEquals"] or "States.TaskFailed" in handler["ErrorEquals"]


def holds(choice, data, context):
    match choice:
        case {"And": choices}:
            return all(holds(each, data, context) for each in choices)
        case {"Or": choices}:
            return any(holds(each, data, context) for each in choices)
        case {"Variable": path, "IsPresent": expected}:
            return (read(path, data, context) is not None) == expected
        case {"Variable": path, "StringEquals": text}:
            return read(path, data, context) == text
        case {"Variable": path, "TimestampGreaterThanPath": other}:
            return read(path, data, context) > read(other, data, context)
    raise AssertionError(f"not known: {choice}")


def filled_in(parameters, data, context):
    return {
        name.removesuffix(".$"): read(value, data, context) if name.endswith(".$") else value
        for name, value in parameters.items()
    }


def read(path, data, context):
    """What a reference path leads to; none where it leads nowhere."""
    found = context if path.startswith("$$") else data
    for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        try:
            found = found[int(index) if index else name]
        except (IndexError, KeyError):
            return None
    return found
