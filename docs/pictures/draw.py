"""Terminals as SVG, pages as PNG: what `docs/pictures/make` draws."""

import html
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURES = Path(__file__).parent
ACCOUNTS = PICTURES.parents[1] / "examples" / "accounts"
PROGRAM = os.environ["CLOUDTRAIL_ALL_REGIONS"]

COLUMNS, CELL, LINE, MARGIN, BAR, FONT = 128, 8.4, 20, 20, 40, 14
MONOSPACE = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace'
SANS_SERIF = 'system-ui, -apple-system, "Segoe UI", sans-serif'
STYLE = f"""
text {{ font: {FONT}px {MONOSPACE}; white-space: pre; fill: #e6edf3; }}
.bar {{ fill: #9198a1; text-anchor: middle; font-family: {SANS_SERIF}; font-size: 13px; }}
.c1 {{ font-weight: 700; }} .c2 {{ fill: #9198a1; }}
.c31 {{ fill: #ff7b72; }} .c32 {{ fill: #3fb950; }} .c33 {{ fill: #d29922; }} .c36 {{ fill: #79c0ff; }}
"""


def terminal(name, *arguments):
    """One `g` is one line of output, and each of its `text` a row of the terminal."""
    command = f"cloudtrail-all-regions {' '.join(arguments)}"
    environment = {**os.environ, "CLICOLOR_FORCE": "1"}
    root = PICTURES.parents[1]
    ran = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, env=environment, cwd=root, timeout=60)
    assert ran.stdout, ran.stderr
    lines = [[("", character) for character in f"$ {command}"]] + [cells(line) for line in ran.stdout.splitlines()]
    rows, drawn = 0, []
    for line in lines:
        group = ""
        for start in range(0, max(len(line), 1), COLUMNS):
            group += row(line[start : start + COLUMNS], BAR + MARGIN + rows * LINE + FONT)
            rows += 1
        drawn.append(f"<g>{group}</g>")
    width, height = COLUMNS * CELL + 2 * MARGIN, BAR + 2 * MARGIN + rows * LINE - (LINE - FONT)
    dots = "".join(f'<circle cx="{22 + 20 * n}" cy="{BAR / 2:g}" r="6" fill="#3d444d"/>' for n in range(3))
    (PICTURES / f"{name}.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}"'
        f' viewBox="0 0 {width:g} {height:g}" role="img" aria-labelledby="title">\n'
        f'<title id="title">{html.escape(command)}</title>\n<style>{STYLE}</style>\n'
        f'<rect x="0.5" y="0.5" width="{width - 1:g}" height="{height - 1:g}" rx="10"'
        ' fill="#0d1117" stroke="#3d444d"/>\n'
        f'<path d="M1 {BAR}h{width - 2:g}" stroke="#3d444d"/>\n{dots}\n'
        f'<text class="bar" x="{width / 2:g}" y="{BAR / 2 + 5:g}">Terminal</text>\n' + "\n".join(drawn) + "\n</svg>\n"
    )


def cells(line):
    """The characters of a line, each with the classes of its colours."""
    styled, classes = [], []
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if codes := re.fullmatch(r"\x1b\[([0-9;]*)m", part):
            for code in (codes[1] or "0").split(";"):
                assert code in ("0", "1", "2", "31", "32", "33", "36"), line
                classes = [] if code == "0" else [*classes, f"c{code}"]
        else:
            styled += [(" ".join(classes), character) for character in part]
    return styled


def row(cells, y):
    if not cells:
        return ""
    spans, run, last = "", "", cells[0][0]
    for style, character in [*cells, (None, "")]:
        if style != last:
            text = html.escape(run, quote=False)
            spans += f'<tspan class="{last}">{text}</tspan>' if last else text
            run, last = "", style
        run += character
    length = f'textLength="{len(cells) * CELL:g}" lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{MARGIN}" y="{y}" {length} xml:space="preserve">{spans}</text>'


def page(browser, name, files, width, height, scheme, scale):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        command = [PROGRAM, "check", "--format", "html", "--output", path, "--evidence", *files]
        subprocess.run(command, capture_output=True, timeout=60)
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=scale
        )
        shown = context.new_page()
        shown.goto(path.as_uri())
        shown.screenshot(path=PICTURES / f"{name}.png")
        context.close()


def accounts(folder):
    """Examples as accounts of one company, each with an id of its own."""
    examples = ["stopped", "compliant", "no-trail", "several-trails", "throttled", "organization-member-readable"]
    for number, name in enumerate([*examples, "default-selectors"]):
        evidence = json.loads((ACCOUNTS / f"{name}.json").read_text())
        evidence["accountId"] = f"{210987654321 + number * 111111}"
        path = Path(folder) / f"{number}.json"
        path.write_text(json.dumps(evidence))
        yield path


terminal("terminal-non-compliant", "check", "--evidence", "examples/accounts/stopped.json")
terminal("terminal-proved", "prove", "--evidence", "examples/proofs/every-region-delivers.json")
with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    arguments += ["--disable-component-update", "--disable-sync"]
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium-headless-shell"), args=arguments)
    stopped = [ACCOUNTS / "stopped.json"]
    page(browser, "report-light", stopped, 960, 920, "light", 1.5)
    page(browser, "report-dark", list(accounts(folder)), 960, 920, "dark", 1.5)
    page(browser, "report-360", stopped, 360, 920, "light", 2)
    browser.close()
