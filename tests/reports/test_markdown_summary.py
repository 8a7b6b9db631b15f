"""`summary.md`, read by markdown-it as GitHub's tables are."""

from __future__ import annotations

from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reports.formats.markdown import MOST_BYTES, code, files, plain
from reports.tables.causes import causes_of_unknown
from tests.support.audits.audits import CHECKS, audit_of, waiver, written
from tests.support.audits.formats import LONE_SURROGATE, count, file
from tests.support.audits.tenants import tenant

PAGE = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable(["table", "strikethrough"])


class Elements(HTMLParser):
    """The elements of a page, and the texts of its code spans."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.codes: list[str] = []
        self._is_code = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        self._is_code = tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._is_code = False

    def handle_data(self, data: str) -> None:
        if self._is_code:
            self.codes.append(data)


def summary() -> str:
    return file("summary.md", "markdown").decode()


def test_nothing_that_others_named_becomes_markup() -> None:
    page = Elements(PAGE.render(summary()))
    assert page.seen <= {
        "h1",
        "h2",
        "p",
        "blockquote",
        "strong",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "code",
    }
    assert any("<img src=x onerror=alert(1)>" in text for text in page.codes)
    assert any("@octocat" in text for text in page.codes)
    assert "@octocat" not in "".join(part for part in summary().split("`")[::2])


def test_every_row_has_as_many_cells_as_its_header() -> None:
    rows = [line for line in summary().splitlines() if line.startswith("|")]
    rendered = PAGE.render(summary())
    assert rendered.count("<tr>") == len([row for row in rows if not row.startswith("| ---")])
    for table in rendered.split("<table>")[1:]:
        width = table.count("<th>")
        assert table.count("<td>") == width * (table.count("<tr>") - 1)


def test_violations_come_first_and_then_unknown_findings_by_cause() -> None:
    headings = [line for line in summary().splitlines() if line.startswith("#")]
    assert [heading.partition(" (")[0] for heading in headings] == [
        "# Network isolation of Azure Machine Learning",
        "## Policies",
        "## Violated",
        "## Unknown, by cause",
        "## Gaps",
        "## Waived",
        "## Policy notes",
    ]
    assert f"## Unknown, by cause ({count(verdict='undetermined'):,})" in headings
    assert f"## Violated ({count(verdict='violated'):,})" in headings
    assert f"## Waived ({count(verdict='waived'):,})" in headings
    assert "Expired waiver" in summary().partition("## Policy notes")[2]


def test_a_large_tenant_fits_a_comment_and_counts_the_rows_left_out() -> None:
    audit = audit_of(tenant(700), {"a": CHECKS, "b": CHECKS}, waivers=[waiver("NET001", "*1")])
    text = written(files(audit))["summary.md"].decode()
    assert MOST_BYTES * 0.9 < len(text.encode()) <= MOST_BYTES
    violated = text.partition("## Violated (")[2].partition("## ")[0]
    in_all = int(violated.partition(")")[0].replace(",", ""))
    shown = sum(line.startswith("|") for line in violated.splitlines()) - 2
    assert in_all == int(audit.findings["verdict"].eq("violated").sum())
    assert f"**{in_all - shown:,} more rows are left out.**" in violated
    severities = [line.split(" | ")[0] for line in violated.splitlines() if line.startswith("| ")][2:]
    assert severities == sorted(severities, key=["| critical", "| high", "| medium", "| low"].index)


def test_a_hub_that_was_not_read_is_one_cause_whatever_checks_need_it() -> None:
    hub = "A Project is judged by its hub, which could not be read: /subscriptions/s/hub."
    found = pd.DataFrame(
        {
            "policy": "p",
            "reason": [
                f"The mode was not reported. {hub}",
                f"The rules were not read. {hub}",
                "Other.",
                "Other.",
            ],
            "severity": ["low", "high", "medium", "medium"],
            "check_id": ["NET001", "OBR005", "NET003", "NET003"],
            "workspace_id": ["/A", "/a", "/b", "/c"],
        }
    )
    told = [(each.reason, each.severity, each.findings, each.workspaces) for each in causes_of_unknown(found)]
    assert told == [(hub, "high", 2, 1), ("Other.", "medium", 2, 2)]
    assert causes_of_unknown(found)[0].checks == ("NET001", "OBR005")
    assert causes_of_unknown(found.iloc[:0]) == []


def test_an_empty_tenant_has_no_empty_tables() -> None:
    assert [
        line for line in file("summary.md", "markdown", "plain").decode().splitlines() if "##" in line
    ] == ["## Policies (1)"]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("`|\\*_[]<>&@#~!() \na\t\u202e\x00"), max_size=30))
def test_any_text_stays_in_its_cell_as_text(text: str) -> None:
    page = PAGE.render(f"| a | b |\n| --- | --- |\n| {code(text)} | {plain(text)} |\n")
    assert page.count("<td>") == 2
    assert Elements(page).seen <= {"table", "thead", "tbody", "tr", "th", "td", "code"}


@pytest.mark.parametrize(("text", "shown"), [("", "–"), ("a\n b", "`a b`"), ("x" * 300, f"`{'x' * 199}…`")])
def test_a_code_span_is_one_short_line(text: str, shown: str) -> None:
    assert code(text) == shown
    assert LONE_SURROGATE not in code(LONE_SURROGATE)
