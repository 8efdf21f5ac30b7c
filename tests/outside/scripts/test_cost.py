"""The arithmetic of scripts/cost, by numbers that were worked out by hand."""

import importlib.machinery
import importlib.util
import json
import pathlib
import re
import subprocess
import sys

import pytest

sys.dont_write_bytecode = True
PATH = pathlib.Path(__file__).parents[3] / "scripts/cost"
loader = importlib.machinery.SourceFileLoader("cost", str(PATH))
cost = importlib.util.module_from_spec(importlib.util.spec_from_loader("cost", loader))
sys.modules["cost"] = cost
loader.exec_module(cost)


def test_a_tier_is_charged_for_what_is_in_it():
    evaluation = cost.PRICES["evaluation"]
    for quantity, usd in [
        (0, 0),
        (30, 0.03),
        (100_000, 100),
        (100_001, 100.0008),
        (500_000, 420),
        (1_000_000, 670),
    ]:
        assert evaluation.of(quantity) == pytest.approx(usd)


def test_the_time_billed_is_init_cpu_and_waits():
    times = cost.Times(
        hello_ms=10,
        cpu_init_ms=1,
        cpu_cold_ms=4,
        cpu_warm_ms=1,
        cpu_member_ms=2,
        slowdown=2,
        call_ms=50,
        round_trips=3,
    )
    assert times.billed(1769, cold=True) == 10 + 2 + 8 + 150
    assert times.billed(1769, cold=False) == 2 + 150
    assert times.billed(1769, cold=False, member=True) == 6 + 200
    assert times.billed(10_240, cold=False) == 2 + 150, "one thread uses one vCPU"
    # A fourteenth of a vCPU: 8 ms become 110.6.
    assert times.billed(128, cold=True) == 273


def test_a_month_of_one_account():
    month = cost.month(1, 30, 1000, 1024, "arm64", central=False)
    assert (month.runs, month.calls) == (30, 150)
    assert month.evaluations == pytest.approx(0.03)
    assert month.function == pytest.approx(30 * (0.0000133334 + 0.0000002))
    assert month.logs == pytest.approx(30 * 3000 * 0.5 / 1e9)
    assert month.metrics == pytest.approx(5 * 0.30 * 30 / 720)
    assert month.alarms == pytest.approx(3 * 0.10)
    assert month.rule == pytest.approx(month.evaluations + month.function + month.logs)
    assert month.total == pytest.approx(month.rule + month.metrics + month.alarms)


def test_one_central_function_has_one_set_of_alarms_and_metrics():
    few, many = (cost.month(accounts, 30, 1000, 128, "arm64", central=True) for accounts in (1, 10_000))
    assert (few.metrics, few.alarms) == (many.metrics, many.alarms)
    assert many.metrics == pytest.approx((4 + 3) * 0.30)
    assert many.alarms == pytest.approx(3 * 0.10)
    assert many.calls == 10_000 * 30 * 6


def test_every_price_names_its_page_and_when_it_was_read():
    for name, price in cost.PRICES.items():
        assert re.search(r"^https://aws\.amazon\.com/[a-z]+/pricing/$", price.page), name
        assert re.search(r"^2\d{3}-\d\d-\d\d, |^not confirmed$", price.read), name
        tops = [up_to for up_to, _ in price.tiers]
        assert (tops, tops[-1]) == (sorted(tops), float("inf")), name


def test_a_report_line_takes_the_place_of_the_estimate():
    estimate, report = (cost.tables(cost.Times(), 128, "arm64", given) for given in (None, 2000))
    assert estimate["scripts/cost: prices"] == report["scripts/cost: prices"]
    assert "| a cold run with 128 MB | 2000 ms |" in report["scripts/cost: inputs"]
    last = report["scripts/cost: months"].splitlines()[-1]
    # 7.2 million runs of two seconds with an eighth of a GB: 24.00, and 1.44 for the requests.
    assert " | 25.44 | " in last


def test_only_marked_tables_are_replaced():
    page = "a\n<!-- one -->\nold\n<!-- end -->\nb\n<!-- two -->\n<!-- end -->\n"
    expected = "a\n<!-- one -->\n1\n<!-- end -->\nb\n<!-- two -->\n2\n<!-- end -->\n"
    assert cost.replaced(page, {"one": "1", "two": "2"}) == expected


def test_the_pages_have_what_it_prints():
    pages = [page.read_text() for page in cost.PAGES]
    made = cost.tables(cost.Times(), 128, "arm64")
    assert [cost.replaced(page, made) for page in pages] == pages, "run scripts/cost --write"
    assert all("".join(pages).count(f"<!-- {name} -->\n") == 1 for name in made)


def test_without_alarms_and_metrics_both_ways_cost_nearly_the_same():
    (_, _, *rows) = cost.tables(cost.Times(), 128, "arm64")["scripts/cost: ways"].splitlines()
    assert len(rows) == 4
    for row in rows:
        each, _, central, _ = (float(cell.replace(",", "")) for cell in row.split("|")[2:-1])
        assert each == pytest.approx(central, rel=0.01, abs=0.01), row


def test_a_build_is_billed_by_whole_minutes():
    times = cost.Times(call_ms=60)
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in cost.fleet_report(times).splitlines()[2:]]
    # 200 accounts, eight at once, are 25 times 60 ms; 10,000 are 75 seconds.
    assert rows[2] == ["200", "2", "0.30", "0.10", "0.40"]
    assert rows[3] == ["10,000", "3", "0.45", "0.10", "0.55"]
    template = (PATH.parents[1] / "cloudformation/fleet-report.yaml").read_text()
    assert template.count("Type: AWS::CloudWatch::Alarm") == cost.BUILD_ALARMS
    assert "ComputeType: BUILD_GENERAL1_SMALL" in template


def test_a_row_has_the_rule_what_is_added_to_it_and_the_sum():
    table = cost.tables(cost.Times(), 128, "arm64")["scripts/cost: months"].splitlines()
    header, row = ([cell.strip() for cell in line.strip("|").split("|")] for line in (table[0], table[12]))
    shown = dict(zip(header, row, strict=True))
    assert (shown["frequency"], shown["accounts"]) == ("TwentyFour_Hours", "10,000")
    assert (shown["**the rule**"], shown["metrics"], shown["alarms"]) == ("**260.66**", "625.00", "3,000.00")
    assert (shown["with both"], shown["one central function, with both"]) == ("3,885.66", "263.10")


def test_the_template_has_its_memory_architecture_and_alarms():
    template = (PATH.parents[1] / "cloudformation/rule.yaml").read_text()
    assert template.count("Type: AWS::CloudWatch::Alarm") == cost.ALARMS
    assert "  MemorySize:\n    Type: Number\n    Default: 128\n" in template
    assert "  Architecture:\n    Type: String\n    Default: arm64\n" in template


def test_the_least_memory_costs_least_and_the_evaluation_a_thousand_times_as_much():
    times, usd = cost.Times(), []
    for memory in cost.MEMORY_SIZES:
        billed = times.billed(memory, cold=True)
        usd.append(cost.PRICES["request"].of(1) + cost.duration_usd(billed, memory, "arm64", 1))
    assert (usd, cost.MEMORY_SIZES[0]) == (sorted(usd), 128)
    assert cost.PRICES["evaluation"].of(1) > 1000 * usd[0]


def test_it_counts_the_metrics_and_calls_that_the_log_has():
    page = (PATH.parents[1] / "docs/function.md").read_text()
    calls = re.search(r'"calls": (\{.*?\})', page)[1]
    assert sum(json.loads(calls).values()) == cost.CLOUDTRAIL_READS + cost.CONFIG_CALLS
    metrics = ["Duration", "Evaluations", "TrailsSeen", "RefusedRows", "Misconfigured"]
    assert [f'"{name}":' in page for name in metrics] == [True] * cost.METRICS


def run(*arguments):
    return subprocess.run([PATH, *arguments], capture_output=True, text=True)


@pytest.mark.parametrize("wrong", ["--regio", "--memory 1", "--cold-ms 0", "--architecture arm"])
def test_wrong_usage_is_64_and_says_nothing_on_stdout(wrong):
    ended = run(*wrong.split())
    assert (ended.returncode, ended.stdout) == (64, "")


def test_help_is_given():
    ended = run("--help")
    assert (ended.returncode, ended.stdout.startswith("usage: scripts/cost")) == (0, True)
