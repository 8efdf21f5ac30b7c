"""However many events come, each is followed by an evaluation that begins after it; they are few, and nothing fails."""

import copy
import math
import random

import pytest
from cloudformation.template import Stack
from near_real_time.machine import World
from support.project import TEMPLATES

DEFINITION = Stack(TEMPLATES / "near-real-time.yaml").properties("Evaluation")["Definition"]
# 35 in one minute.
BURST = [number * 60 / 35 for number in range(35)]


def failed(world):
    return [execution for execution in world.executions if execution.status != "SUCCEEDED"]


def at_once(world):
    """The most executions that ran at the same time."""
    return max(
        sum(other.started <= execution.started < other.stopped for other in world.executions)
        for execution in world.executions
    )


def test_one_event_is_served_at_once():
    world = World().run(DEFINITION, [0])
    assert (world.evaluations, failed(world), world.now) == ([0], [], 0)


def test_35_events_in_a_minute_are_served_by_three_evaluations_and_none_waits_for_more_than_a_minute():
    world = World().run(DEFINITION, BURST)
    assert failed(world) == []
    assert len(world.evaluations) == 3
    assert max(world.served()) <= 61
    assert world.now <= 181


@pytest.mark.parametrize("evaluation_seconds", [5, 90])
def test_an_event_every_two_seconds_for_an_hour_does_not_pile_up(evaluation_seconds):
    world = World(evaluation_seconds).run(DEFINITION, range(0, 3600, 2))
    assert failed(world) == []
    assert len(world.evaluations) <= 62
    assert max(world.served()) <= max(61, evaluation_seconds)
    assert at_once(world) <= 31
    assert world.now <= 3600 + 2 * 61


@pytest.mark.parametrize("seed", range(100))
def test_each_event_is_served_whenever_events_come_and_however_late_an_execution_is_listed(seed):
    chance = random.Random(seed)
    arrivals = [chance.uniform(0, chance.choice([10, 60, 600])) for _ in range(chance.randrange(1, 60))]
    world = World(chance.choice([1, 5, 90]), listed_after=chance.choice([0, 1, 30, 120])).run(DEFINITION, arrivals)
    assert failed(world) == []
    assert max(world.served()) <= 5 * 61


def test_where_aws_config_starts_nothing_for_long_one_execution_fails_and_not_each():
    world = World(refused_until=3600).run(DEFINITION, BURST)
    assert (world.evaluations, len(failed(world))) == ([], 1)
    assert (failed(world)[0].status, world.now) == ("TIMED_OUT", BURST[-1] + 1800)


def without_a_look_at_later_ones(states):
    """As it was: each execution waits for an evaluation of its own."""
    (limit, *_) = states["StartConfigRulesEvaluation"]["Retry"]
    limit |= {"IntervalSeconds": 61, "BackoffRate": 1, "MaxAttempts": 30}


def leaving_it_to_nobody(states):
    (limit,) = states["StartConfigRulesEvaluation"]["Catch"]
    limit["Next"] = "LeftToTheLaterExecution"


def leaving_it_to_any_other(states):
    (choice,) = states["IsThereALaterExecution"]["Choices"]
    choice["And"] = [part for part in choice["And"] if "TimestampGreaterThanPath" not in part]


@pytest.mark.parametrize("change", [without_a_look_at_later_ones, leaving_it_to_nobody, leaving_it_to_any_other])
def test_another_definition_does_not_serve_them_all(change):
    definition = copy.deepcopy(DEFINITION)
    change(definition["States"])
    world = World().run(definition, BURST)
    assert failed(world) or math.inf in world.served()
    if change is without_a_look_at_later_ones:
        assert (len(world.evaluations), len(failed(world))) == (30, 5)
        assert world.now > 1800
