"""The pages, as a browser, a printer and a screen reader find them."""

import collections
import re
import subprocess

import html5lib
import pypdfium2
import pytest
from page.conftest import HOSTILE, INVISIBLE, PAGES, check
from support.project import ACCOUNTS, NODE_MODULES

AXE = (NODE_MODULES / "axe-core" / "axe.min.js").read_text()
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
every_page = pytest.mark.parametrize("name", PAGES)
# Only its number of trails is special, and axe looks at every element.
every_page_but_the_largest = pytest.mark.parametrize("name", [name for name in PAGES if name != "most-trails"])


def test_every_element_is_where_it_may_be(pages):
    validate = NODE_MODULES / ".bin" / "html-validate"
    files = [pages(name) for name in PAGES if name != "most-trails"]
    ran = subprocess.run([validate, "--preset", "standard", *files], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout


@pytest.fixture
def opened(browser, pages):
    """Opens a page; afterwards it must have asked for nothing but itself, and have said nothing on the console."""
    contexts, requests, said = [], [], []

    def open_page(name, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(pages(name).as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []
    assert len(requests) == len(contexts) and all(url.startswith("file:") for url in requests)


@every_page
def test_the_html_is_valid(pages, name):
    source = pages(name).read_text()
    html5lib.HTMLParser(strict=True).parse(source)
    ids = re.findall(r'\bid="([^"]+)"', source)
    assert len(ids) == len(set(ids))
    named = re.findall(r'(?:href="#|aria-labelledby=")([^"]+)"', source)
    assert named and set(named) <= set(ids)


# What sticks out of the page, is hidden or scrolled by its box, or spills out of its cell, panel or paragraph.
STICKING_OUT = """() => [...document.querySelectorAll('body *')].filter(element => {
    if (element.closest('svg, thead')) return false;
    const box = element.getBoundingClientRect();
    const overflows = element.clientWidth && element.scrollWidth > element.clientWidth + 1;
    return box.left < 0 || box.right > innerWidth + 0.5 || overflows;
}).map(element => element.outerHTML.slice(0, 200))"""


@every_page
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_overflows_and_no_script_is_needed(opened, name, width):
    page = opened(name, viewport={"width": width, "height": 900}, java_script_enabled=False)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(STICKING_OUT) == []


@every_page_but_the_largest
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_axe_finds_no_violation(opened, name, scheme, width):
    page = opened(name, color_scheme=scheme, viewport={"width": width, "height": 900})
    page.evaluate(AXE)
    # Of what passes, one element a rule is enough.
    options = {"runOnly": STANDARDS, "resultTypes": ["violations", "incomplete"]}
    found = page.evaluate("options => axe.run(document, options)", options)
    assert any(rule["id"] == "color-contrast" for rule in found["passes"])
    open_questions = [rule for rule in found["incomplete"] if rule["id"] == "color-contrast"]
    problems = [(rule["id"], node) for rule in found["violations"] + open_questions for node in rule["nodes"]]
    assert [(rule, node["html"][:200], node["failureSummary"]) for rule, node in problems] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_scheme(opened, scheme):
    page = opened("compliant", color_scheme=scheme)
    red, green, blue = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (red + green + blue > 3 * 200) == (scheme == "light")


def test_hostile_names_are_text_and_nothing_else(opened):
    page = opened("hostile")
    names = page.locator("h4").all_text_contents()
    assert sorted(names) == sorted(HOSTILE + list(INVISIBLE.values()))
    active = "script, img, iframe, object, link, form, a[href^=javascript], [onmouseover], [onerror]"
    assert page.locator(active).count() == 0
    assert page.locator("style").count() == 1 and page.locator("h1").count() == 1
    assert page.locator("[style]").count() == 0
    assert page.title().startswith("Not verified: account 123456789012")
    policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy


def test_the_policy_stops_what_would_slip_through(browser, pages, tmp_path):
    slipped = tmp_path / "slipped.html"
    injected = "<p style='color: red'>x</p><script>document.title = 'owned'</script>"
    injected += "<img src='data:,x'><style>p{}</style>"
    slipped.write_text(pages("compliant").read_text().replace("<main>", f"<main>{injected}"))
    context = browser.new_context()
    page = context.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(slipped.as_uri())
    assert page.title() != "owned"
    assert sum("Content Security Policy" in line for line in said) == 4, said
    context.close()


@pytest.mark.parametrize(
    ("name", "words", "sign"),
    [
        ("compliant", "Compliant", "#pass"),
        ("stopped", "Non-compliant", "#fail"),
        ("status-refused", "Not verified", "#unsure"),
        ("throttled", "Without verdict", "#unsure"),
        ("nowhere", "Not applicable", "#none"),
    ],
)
def test_the_verdict_is_said_in_words_and_by_a_sign(opened, name, words, sign):
    page = opened(name)
    verdict = page.locator(".verdict")
    assert verdict.locator("h2").inner_text().startswith(words)
    assert verdict.locator("use").get_attribute("href") == sign
    assert page.title().startswith(f"{words}: account ")
    assert page.viewport_size["height"] > verdict.bounding_box()["y"] + verdict.bounding_box()["height"]


def test_a_failing_trail_beside_a_passing_one_is_no_alarm(opened):
    page = opened("several-trails")
    assert page.locator(".trail").count() == 3
    assert page.locator("main .fail, main .unsure").count() == 0


@pytest.mark.parametrize(
    ("name", "says", "is_silent_about"),
    [
        ("throttled", ["transient error hid a fact", "Evidence read"], ["Deciding again"]),
        ("refused", ["No verdict was reached", "AccessDenied"], ["transient error hid a fact that the verdict"]),
        ("nowhere", ["Judged at"], ["Evidence read", "What was read", "Deciding again"]),
        ("long-rows", ["Evidence read", "What was read", "Deciding again"], ["No calls are on record"]),
        ("failing-trails", ["One trail that passes is enough: choose one"], []),
        ("stopped", ["The rule needs one."], ["choose one"]),
    ],
)
def test_the_page_explains_what_there_is_evidence_for(opened, name, says, is_silent_about):
    text = opened(name).locator("main").inner_text()
    assert [words for words in says if words not in text] == []
    assert [words for words in is_silent_about if words in text] == []


def test_two_hundred_accounts_are_summed_up_first(opened):
    page = opened("two-hundred-accounts")
    counts = re.findall(r"\d+ [a-z-]+(?: [a-z]+)?", page.title())
    assert counts[:3] == ["16 non-compliant", "2 without verdict", "182 compliant"]
    rows = page.locator(".summary tbody tr")
    assert rows.count() == 200
    order = [row.locator(".mark").inner_text() for row in rows.all()]
    assert order == ["Non-compliant"] * 16 + ["Without verdict"] * 2 + ["Compliant"] * 182
    for row in rows.all()[:20]:
        link = row.locator("a")
        section = page.locator(link.get_attribute("href"))
        assert link.inner_text() in section.locator("h2").inner_text()


def test_the_calls_are_there_to_be_filed(opened):
    page = opened("long-rows")
    rows = page.locator(".calls tbody tr")
    assert rows.count() == 60
    assert "2026-11-01 12:00:59 UTC" in rows.nth(59).inner_text() and "us-east-1" in rows.nth(59).inner_text()
    assert page.locator(".calls thead th[scope=col]").count() == 4


def printed(page, paper="A4", **options):
    """The sheets of paper."""
    return pypdfium2.PdfDocument(page.pdf(format=paper, prefer_css_page_size=True, **options))


@pytest.mark.parametrize(("paper", "width", "height"), [("A4", 595, 842), ("Letter", 612, 792)])
def test_two_hundred_accounts_of_which_18_need_attention_print_on_30_pages(opened, paper, width, height):
    sheets = printed(opened("two-hundred-accounts"), paper)
    # In points, which the browser rounds.
    assert sheets[0].get_size() == pytest.approx((width, height), abs=1)
    assert 2 < len(sheets) <= 30
    text = " ".join(sheet.get_textpage().get_text_range() for sheet in sheets)
    # Every account is there.
    assert len(set(re.findall(r"\b21\d{10}\b", text))) == 200


@every_page
def test_it_prints_within_the_paper_and_on_white(opened, name):
    page = opened(name, color_scheme="dark", viewport={"width": round((210 - 2 * 16) / 25.4 * 96), "height": 900})
    page.emulate_media(media="print")
    assert page.evaluate(STICKING_OUT) == []
    for sheet in printed(page, print_background=True):
        width, height = sheet.get_size()
        text = sheet.get_textpage()
        boxes = [text.get_rect(index) for index in range(text.count_rects())]
        assert boxes
        assert all(0 <= left < right <= width and 0 <= bottom < top <= height for left, bottom, right, top in boxes)
        paper = collections.Counter(bytes(sheet.render(scale=20 / 72, grayscale=True).buffer))
        assert max(paper, key=paper.get) > 250


def test_no_row_is_cut_by_the_end_of_a_page(opened):
    page = opened("long-rows")
    texts = [sheet.get_textpage().get_text_range() for sheet in printed(page)]
    assert len(texts) > 3
    for number in range(60):
        first, last = (re.compile(rf"\b{end}-{number}\b") for end in ("first", "last"))
        assert [bool(first.search(text)) for text in texts] == [bool(last.search(text)) for text in texts], number
        assert sum(bool(first.search(text)) for text in texts) == 1
    # The head of the table is repeated.
    assert sum("Outcome" in text for text in texts) >= sum("last-" in text for text in texts)


def test_the_same_evidence_gives_the_same_bytes(pages, tmp_path):
    again = tmp_path / "again.html"
    check(again, "--evidence", ACCOUNTS / "several-trails.json")
    assert again.read_bytes() == pages("several-trails").read_bytes()
