"""A browser, and pages made by the command line."""

import hashlib
import json
import shutil
import subprocess

import pytest
from playwright.sync_api import sync_playwright
from support.project import ACCOUNTS, PROGRAM

# A browser of Debian's, and nothing that calls home.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
ARGUMENTS += ["--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium-headless-shell"), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """Every page, by name: a function of the name gives its file."""
    folder = tmp_path_factory.mktemp("pages")
    made = {}

    def page(name):
        if name not in made:
            made[name] = folder / f"{name}.html"
            check(made[name], *PAGES[name](folder))
        return made[name]

    return page


def check(output, *arguments):
    command = [PROGRAM, "check", "--format", "html", "--output", output, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode in (0, 1, 2) and output.exists(), ended.stderr


def save(folder, name, evidence):
    path = folder / f"{name}.json"
    path.write_text(json.dumps(evidence, ensure_ascii=False))
    return path


def sealed(evidence, calls, rule_parameters=None):
    """The evidence with a provenance, as --save-evidence writes it."""
    evidence["provenance"] = {
        "collectedBy": "a test",
        "ruleParameters": rule_parameters or {},
        "calls": calls,
        "verdict": {"annotation": "none"},
    }
    text = json.dumps(evidence, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    evidence["provenance"]["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    return evidence


def call(number, **members):
    at = f"2026-11-01T12:{number // 60 % 60:02d}:{number % 60:02d}.000Z"
    return {"operation": "GetTrailStatus", "region": "us-east-1", "at": at, **members}


def example(name):
    return json.loads((ACCOUNTS / f"{name}.json").read_text())


HOSTILE = [
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "</style><style>*{display:none}</style>",
    "</code></pre></article></main><h1>Compliant</h1>",
    "' onmouseover='document.title=1",
    "<a href=\"javascript:document.title='owned'\">Compliant</a>",
    "<link rel=stylesheet href=http://127.0.0.1:9/x.css><meta http-equiv=refresh content=0>",
    "<!-- comment",
    "&lt;b&gt; &amp; &#60;",
    "{{ 7 * 7 }}{% endfor %}",
    "`code` and ``more",
    "x" * 600,
    "\u0645\u0633\u0627\u0631 \u05e9\u05d1\u05d9\u05dc",
    "line\nbreak\ttab",
    "\U0001f600" * 120,
]
# What would not be seen, and how it is shown.
INVISIBLE = {
    "abc\u202egnp.exe": r"abc\u{202e}gnp.exe",
    "\x1b]0;title\x07\x1b[31mred": r"\u{1b}]0;title\u{7}\u{1b}[31mred",
    "nul\x00 del\x7f bom\ufeff zero\u200bwidth": r"nul\u{0} del\u{7f} bom\u{feff} zero\u{200b}width",
    "\ufffe\U0010ffff": r"\u{fffe}\u{10ffff}",
}


def hostile(folder):
    texts = HOSTILE + list(INVISIBLE)
    template = example("stopped")["trails"][0]
    trails = []
    for number, text in enumerate(texts):
        trail = json.loads(json.dumps(template))
        trail["Name"] = text
        trail["S3BucketName"] = text
        trail["TrailARN"] = f"arn:aws:cloudtrail:us-east-1:123456789012:trail/{number:03d}{text}"
        trail["GetEventSelectors"]["TrailARN"] = trail["TrailARN"]
        trail["GetTrailStatus"] = {"IsLogging": True, "LatestDeliveryError": text}
        trail["KmsKeyId"] = text
        if number % 3 == 1:
            trail["GetTrailStatus"] = {"refused": {"operation": text, "code": text}}
        trails.append(trail)
    calls = [call(n, operation=text, region=text, requestId=text, errorCode=text) for n, text in enumerate(texts)]
    evidence = {**example("stopped"), "trails": trails, "discoveredTrails": texts}
    return ["--evidence", save(folder, "hostile", sealed(evidence, calls, {"trailResults": "true"}))]


# What is wrong with those of two hundred accounts that need attention; two have no verdict.
FAILING = ["stopped"] * 6 + ["no-trail"] * 3 + ["single-region"] * 3 + ["split-selectors"] * 2
FAILING += ["delivery-failing"] * 2 + ["throttled"] * 2


def two_hundred_accounts(folder):
    saved = folder / "two-hundred"
    saved.mkdir()
    for number in range(200):
        name = FAILING[number // 11] if number % 11 == 0 and number // 11 < len(FAILING) else "compliant"
        save(saved, f"{number:03d}", {**example(name), "accountId": f"{210_000_000_000 + number}"})
    return ["--evidence", saved]


def most_trails(folder):
    """As many as CloudTrail lets an account have: five in each of 34 Regions."""
    template = example("stopped")["trails"][0]
    del template["GetEventSelectors"]["TrailARN"]
    arn = "arn:aws:cloudtrail:us-east-1:123456789012:trail/"
    trails = [{**template, "Name": f"trail-{n}", "TrailARN": f"{arn}trail-{n}"} for n in range(5 * 34)]
    return ["--evidence", save(folder, "most-trails", {**example("stopped"), "trails": trails})]


def long_rows(folder):
    """Calls whose rows are many lines high, each with its number at both ends."""
    long = " ".join(["and-so-on"] * 30)
    calls = [call(n, requestId=f"first-{n} {long} last-{n}") for n in range(60)]
    return ["--evidence", save(folder, "long", sealed(example("compliant"), calls))]


def nowhere(folder):
    return ["--evidence", ACCOUNTS / "compliant.json", "--parameter", "reportingRegion=eu-west-1"]


def refused(folder):
    return ["--evidence", ACCOUNTS / "status-refused.json", "--parameter", "onIndeterminate=ERROR"]


def failing_trails(folder):
    evidence = example("stopped")
    [trail] = evidence["trails"]
    del trail["GetEventSelectors"]["TrailARN"]
    evidence["trails"] = [trail, {**trail, "Name": "other", "TrailARN": trail["TrailARN"] + "-other"}]
    return ["--evidence", save(folder, "failing-trails", evidence)]


PAGES = {path.stem: lambda folder, path=path: ["--evidence", path] for path in sorted(ACCOUNTS.glob("*.json"))}
PAGES |= {
    "rows": lambda folder: ["--evidence", ACCOUNTS / "several-trails.json", "--parameter", "trailResults=true"],
    "nowhere": nowhere,
    "refused": refused,
    "failing-trails": failing_trails,
    "hostile": hostile,
    "two-hundred-accounts": two_hundred_accounts,
    "most-trails": most_trails,
    "long-rows": long_rows,
}
