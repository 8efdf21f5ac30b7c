"""`markdown`: a table and remedies for a pull request, by a parser of CommonMark."""

import itertools

from formats.conftest import HIDDEN, in_a_line
from markdown_it import MarkdownIt

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
BLOCKS = ("heading", "paragraph", "table", "thead", "tbody", "tr", "th", "td")
KINDS = {"inline", "fence"} | {f"{block}_{end}" for end in ("open", "close") for block in BLOCKS}


# What needs attention comes first.
WEIGHTS = {"DISPROVED": 0, "NOT_PROVED": 1, "PROVED": 2, None: 3}

# It stands where text of others would else become a link or a mention.
NOTHING = "<!-- -->"


def text(inline, allowed=("text",)):
    shown = [child for child in inline.children if (child.type, child.content) != ("html_inline", NOTHING)]
    assert {child.type for child in shown} <= set(allowed), inline.content
    return "".join(child.content for child in shown)


def test_the_table_and_the_remedies_are_those_of_the_report(reported):
    def check(account):
        report = account.report
        tokens = MARKDOWN.parse(account.output)
        assert {token.type for token in tokens} <= KINDS
        inlines = {"heading_open": [], "td_open": [], "th_open": [], "paragraph_open": []}
        for before, token in itertools.pairwise(tokens):
            if token.type == "inline":
                inlines[before.type].append(token)
        headings = [text(token) for token in inlines["heading_open"]]
        assert headings[0] == "CIS AWS Foundations v3.0.0, 3.1"
        assert headings[1] == f"{account.verdict}: account {report['accountId']}"
        cells = [text(token, ("text", "code_inline")) for token in inlines["td_open"]]
        expected = [
            cell
            for trail in report["trails"]
            for reason in trail["reasons"] or [{}]
            for cell in (
                trail["result"],
                trail["name"],
                trail["homeRegion"] or "",
                reason.get("code", ""),
                ". ".join([reason.get("text", trail["satisfaction"]), *trail["notes"]]),
            )
        ]
        deliveries = [trail["delivery"] for trail in report["trails"] if "delivery" in trail]
        expected += [
            cell
            for delivery in deliveries
            for region in sorted(delivery["regions"], key=lambda region: (WEIGHTS[region["proof"]], region["region"]))
            for cell in (region["region"], region["code"], ". ".join([region["text"], *region["notes"]]))
        ]
        assert cells == [in_a_line(cell).strip() for cell in expected]
        remedies = list(report["remedies"])
        remedies += [reason["remedy"] for trail in report["trails"] for reason in trail["reasons"]]
        if report["complianceType"] == "COMPLIANT":
            remedies = []
        marked = ("text", "strong_open", "strong_close", "code_inline")
        paragraphs = [text(token, marked) for token in inlines["paragraph_open"]]
        assert paragraphs[0].startswith("Ensure CloudTrail is enabled in all regions. Rule ")
        assert paragraphs[2] == "no checksum: nobody can tell whether it was changed"
        opening = 4 if report["ruleParameters"] else 3
        assert paragraphs[3:opening] == [f"Parameters: {in_a_line(account.rule_parameters).strip()}"] * (opening - 3)
        for delivery in deliveries:
            assert paragraphs[opening].startswith("At ")
            assert paragraphs[opening].endswith(in_a_line(delivery["text"]).strip())
            opening += 1 + len(delivery["notes"])
        for paragraph, remedy in zip(paragraphs[opening:], remedies, strict=True):
            assert paragraph.endswith(remedy["text"].replace("`", "")), paragraph
        fences = [token.content for token in tokens if token.type == "fence"]
        commands = ["\n".join(remedy["commands"]) + "\n" for remedy in remedies if remedy["commands"]]
        assert fences == ["\n".join(HIDDEN.sub("\ufffd", line) for line in command.split("\n")) for command in commands]

    reported("markdown").each(check)
