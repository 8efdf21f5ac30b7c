"""The simulation obeys its own laws, and the page has what it prints."""

import dataclasses
import pathlib
import random
import re
import unittest
import xml.etree.ElementTree

import simulate
from simulate import Bucket, Scenario, Simulation

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(**fields):
    return Simulation(Scenario(**fields)).run()


class Laws(unittest.TestCase):
    def test_every_event_ends_evaluated_or_lost(self):
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
            self.assertEqual(len(outcome.evaluated_at) + outcome.failed + outcome.too_old, scenario.accounts, scenario)
            self.assertEqual(outcome.invocations, len(outcome.evaluated_at) + outcome.errors, scenario)
            self.assertLessEqual(outcome.invocations, scenario.accounts * (1 + scenario.maximum_retries), scenario)
            self.assertLessEqual(outcome.peak, min(scenario.concurrency, outcome.cold), scenario)

    def test_the_same_seed_gives_the_same_outcome(self):
        scenario = dict(accounts=300, concurrency=20, sts=30)
        self.assertEqual(run(**scenario), run(**scenario))
        self.assertNotEqual(run(**scenario), run(**scenario, seed=2))

    def test_alone_an_account_takes_what_a_cold_run_is_billed(self):
        (at,) = run(accounts=1).evaluated_at
        self.assertAlmostEqual(at * 1000, simulate.TIMES.billed(128, cold=True, member=True), delta=1)

    def test_one_at_a_time_takes_the_sum(self):
        outcome = run(accounts=50, concurrency=1)
        self.assertEqual((outcome.peak, outcome.cold, len(outcome.evaluated_at)), (1, 1, 50))
        self.assertGreater(outcome.throttled["Lambda"], 0)
        warm = simulate.TIMES.billed(128, cold=False, member=True) / 1000
        self.assertGreaterEqual(max(outcome.evaluated_at), 49 * (warm - 0.001))

    def test_one_session_a_minute_leaves_verdicts_out(self):
        outcome = run(accounts=10, sts=1 / 60, maximum_retries=0)
        self.assertEqual((len(outcome.evaluated_at), outcome.failed), (1, 9))
        self.assertEqual(outcome.throttled["STS"], 9 * simulate.ATTEMPTS)

    def test_an_error_is_repeated_after_one_minute_and_after_two(self):
        outcome = run(accounts=2, sts=1 / 200)
        self.assertEqual((outcome.errors, outcome.failed), (3, 1))
        first, second = sorted(run(accounts=2, sts=1 / 50).evaluated_at)
        self.assertLess(first, 1)
        self.assertTrue(60 < second < 70, second)

    def test_an_event_that_has_waited_too_long_is_lost(self):
        outcome = run(accounts=2_000, concurrency=1, maximum_event_age_s=60)
        self.assertGreater(outcome.too_old, 0)
        self.assertEqual(outcome.failed, 0)
        self.assertTrue(all(at <= 61 for at in outcome.evaluated_at))

    def test_reads_matter_to_other_accounts_only_where_they_are_counted_together(self):
        apart, together = (run(accounts=200, reads_counted_at_owner=owner) for owner in (False, True))
        self.assertEqual(apart.throttled["CloudTrail"], 0)
        self.assertGreater(together.throttled["CloudTrail"], 0)

    def test_a_bucket_gives_its_capacity_and_then_its_rate(self):
        bucket = Bucket(10)
        self.assertEqual([bucket.take(0) for _ in range(11)], [True] * 10 + [False])
        self.assertEqual([bucket.take(0.2) for _ in range(3)], [True, True, False])
        self.assertEqual([bucket.take(9) for _ in range(11)], [True] * 10 + [False])


class Page(unittest.TestCase):
    def test_it_has_what_the_simulation_prints(self):
        page = simulate.PAGE.read_text()
        self.assertEqual(simulate.replaced(page, simulate.tables()), page, "run docs/scale/simulate.py --write")
        self.assertEqual(simulate.PICTURE.read_text(), simulate.picture())

    def test_the_picture_is_for_light_and_dark(self):
        picture = simulate.PICTURE.read_text()
        xml.etree.ElementTree.fromstring(picture)
        self.assertIn("prefers-color-scheme:dark", picture)

    def test_the_template_reserves_what_the_page_says(self):
        template = (ROOT / "cloudformation/rule.yaml").read_text()
        reserved = re.search(r"ReservesForMembers, (\d+),", template)
        self.assertEqual(int(reserved[1]), simulate.RESERVED)
        self.assertEqual(Scenario().concurrency, simulate.RESERVED)
        for name, value in {"MaximumEventAgeInSeconds": 3_600, "MaximumRetryAttempts": 2, "MemorySize": 128}.items():
            self.assertRegex(template, rf"  {name}:\n    Type: Number\n    Default: {value}\n")
        defaults = dataclasses.asdict(Scenario())
        self.assertEqual([defaults["maximum_event_age_s"], defaults["maximum_retries"], defaults["memory"]], [3_600, 2, 128])

    def test_the_program_tries_as_often_and_waits_as_long(self):
        connections = (ROOT / "src/aws/connections.rs").read_text()
        self.assertIn(f"const ATTEMPTS: u32 = {simulate.ATTEMPTS};", connections)
        self.assertIn(f"backoff: Duration::from_secs({simulate.BACKOFF_S:.0f}),", connections)


if __name__ == "__main__":
    unittest.main()
