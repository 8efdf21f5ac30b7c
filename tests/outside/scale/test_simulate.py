"""The simulation obeys its own laws, and the page has what it prints."""

import dataclasses
import random
import re
import xml.etree.ElementTree

import pytest
import simulate
from simulate import Bucket, Scenario, Simulation
from support.project import ROOT


def run(**fields):
    return Simulation(Scenario(**fields)).run()


def test_every_event_ends_evaluated_or_lost():
    choice = random.Random(7)
    for seed in range(60):
        scenario = Scenario(
            accounts=choice.randrange(1, 80),
            spread_s=choice.choice([0, 1, 60]),
            trails=choice.randrange(1, 6),
            concurrency=choice.choice([1, 3, 50]),
            scaling_burst=choice.choice([2, 1_000]),
            sts=choice.choice([0.5, 5, 600]),
            cloudtrail=choice.choice([0.5, 3, 10]),
            reads_counted_at_owner=choice.choice([False, True]),
            maximum_event_age_s=choice.choice([60, 3_600]),
            maximum_retries=choice.randrange(3),
            seed=seed,
        )
        outcome = Simulation(scenario).run()
        assert len(outcome.evaluated_at) + outcome.failed + outcome.too_old == scenario.accounts, scenario
        assert outcome.invocations == len(outcome.evaluated_at) + outcome.errors, scenario
        assert outcome.invocations <= scenario.accounts * (1 + scenario.maximum_retries), scenario
        assert outcome.peak <= min(scenario.concurrency, outcome.cold), scenario


def test_the_same_seed_gives_the_same_outcome():
    scenario = {"accounts": 300, "concurrency": 20, "sts": 30}
    assert run(**scenario) == run(**scenario)
    assert run(**scenario) != run(**scenario, seed=2)


def test_alone_an_account_takes_what_a_cold_run_is_billed():
    (at,) = run(accounts=1).evaluated_at
    assert at * 1000 == pytest.approx(simulate.TIMES.billed(128, cold=True, member=True), abs=1)


def test_one_at_a_time_takes_the_sum():
    outcome = run(accounts=50, concurrency=1)
    assert (outcome.peak, outcome.cold, len(outcome.evaluated_at)) == (1, 1, 50)
    assert outcome.throttled["Lambda"] > 0
    warm = simulate.TIMES.billed(128, cold=False, member=True) / 1000
    assert max(outcome.evaluated_at) >= 49 * (warm - 0.001)


def test_one_session_a_minute_leaves_verdicts_out():
    outcome = run(accounts=10, sts=1 / 60, maximum_retries=0)
    assert (len(outcome.evaluated_at), outcome.failed) == (1, 9)
    assert outcome.throttled["STS"] == 9 * simulate.ATTEMPTS


def test_an_error_is_repeated_after_one_minute_and_after_two():
    outcome = run(accounts=2, sts=1 / 200)
    assert (outcome.errors, outcome.failed) == (3, 1)
    first, second = sorted(run(accounts=2, sts=1 / 50).evaluated_at)
    assert first < 1
    assert 60 < second < 70, second


def test_an_event_that_has_waited_too_long_is_lost():
    outcome = run(accounts=2_000, concurrency=1, maximum_event_age_s=60)
    assert outcome.too_old > 0
    assert outcome.failed == 0
    assert all(at <= 61 for at in outcome.evaluated_at)


def test_reads_matter_to_other_accounts_only_where_they_are_counted_together():
    apart, together = (run(accounts=200, reads_counted_at_owner=owner) for owner in (False, True))
    assert apart.throttled["CloudTrail"] == 0
    assert together.throttled["CloudTrail"] > 0


def test_a_bucket_gives_its_capacity_and_then_its_rate():
    bucket = Bucket(10)
    assert [bucket.take(0) for _ in range(11)] == [True] * 10 + [False]
    assert [bucket.take(0.2) for _ in range(3)] == [True, True, False]
    assert [bucket.take(9) for _ in range(11)] == [True] * 10 + [False]


def test_it_has_what_the_simulation_prints():
    page = simulate.PAGE.read_text()
    assert simulate.replaced(page, simulate.tables()) == page, "run docs/scale/simulate.py --write"
    assert simulate.PICTURE.read_text() == simulate.picture()


def test_the_picture_is_for_light_and_dark():
    picture = simulate.PICTURE.read_text()
    xml.etree.ElementTree.fromstring(picture)
    assert "prefers-color-scheme:dark" in picture


def test_the_template_reserves_what_the_page_says():
    template = (ROOT / "cloudformation/rule.yaml").read_text()
    reserved = re.search(r"ReservesForMembers, (\d+),", template)
    assert int(reserved[1]) == simulate.RESERVED
    assert Scenario().concurrency == simulate.RESERVED
    for name, value in {"MaximumEventAgeInSeconds": 3_600, "MaximumRetryAttempts": 2, "MemorySize": 128}.items():
        assert re.search(rf"  {name}:\n    Type: Number\n    Default: {value}\n", template)
    defaults = dataclasses.asdict(Scenario())
    assert [defaults["maximum_event_age_s"], defaults["maximum_retries"], defaults["memory"]] == [3600, 2, 128]
