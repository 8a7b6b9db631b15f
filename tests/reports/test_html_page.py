"""The page answers in its first sentence, hides no gap, and depends on nothing but the audit."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from itertools import chain, pairwise
from typing import Any

import pytest

from checks.contract.tables import SCHEMAS, Tables
from checks.engine.finding_ids import finding_ids
from checks.framework_titles import TITLES
from checks.model import Check, Params, Remediation, Severity, check
from reports.audit import Audit
from reports.errors import ReportError
from reports.statuses import SEVERITY_ORDER
from tests.support.audits.audits import CHECKS, CRASHING, audit_of, html_of, waiver
from tests.support.audits.inventory import with_inventory
from tests.support.audits.tenants import (
    gap_row,
    hostile_tenant,
    project_row,
    subscription_id,
    subscription_row,
    tenant,
    workspace_row,
)


class Visible(HTMLParser):
    """The text a reader sees, and every tag with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._is_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._is_code = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._is_code = False

    def handle_data(self, data: str) -> None:
        if not self._is_code:
            self.words.append(data)


def parsed(audit: Audit) -> Visible:
    visible = Visible()
    visible.feed(html_of(audit))
    return visible


def text(audit: Audit) -> str:
    return re.sub(r"\s+", " ", "".join(parsed(audit).words))


def block(audit: Audit) -> dict[str, Any]:
    found = re.search(r'<script type="application/gzip" id="facts">(.*?)</script>', html_of(audit))
    assert found
    read: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(found[1])))
    return read


def test_the_first_sentence_counts_workspaces_and_names_what_was_not_read() -> None:
    said = text(audit_of(tenant(9)))
    first = said.index("1 subscription was not read")
    assert re.search(r"\d of 10 workspaces (is|are) open to the internet", said)
    assert first < said.index("Verdict") < said.index("What to fix first") < said.index("The fleet")
    assert "5 of 6 subscriptions read" in said


def test_coverage_is_beside_the_verdict_with_the_command_that_closes_most_gaps() -> None:
    tables = tenant(20)
    closes = "Grant Reader: az role assignment create --role Reader --scope "
    gaps = [f"{closes}/subscriptions/a", f"{closes}/subscriptions/b", f"{closes}/subscriptions/b"]
    tables = tables.replaced(gaps=tables.gaps.head(3).assign(closes=gaps))
    said = text(audit_of(tables))
    assert "This closes 2 gaps: az role assignment create --role Reader --scope /subscriptions/b" in said


def test_an_unread_subscription_shows_the_reason_and_what_closes_it() -> None:
    said = text(audit_of(tenant(9)))
    assert "workspaces: AuthorizationFailed (HTTP 403)" in said
    assert f"Grant Reader on /subscriptions/{subscription_id(5)}." in said


def test_the_count_of_resource_graph_is_shown_if_it_differs() -> None:
    counts = [(2, 2), (3, 4), (5, None)]
    shown = [
        subscription_row(number, workspaces=listed) | {"workspaces_in_graph": in_graph}
        for number, (listed, in_graph) in enumerate(counts)
    ]
    said = text(audit_of(Tables.of(subscriptions=shown)))
    assert "compared with Resource Graph in 2 subscriptions" in said
    assert re.findall(r"\d in Resource Graph", said) == ["4 in Resource Graph"]
    assert "not compared with Resource Graph." in text(audit_of(Tables.of(subscriptions=shown[2:])))


def test_a_page_of_nothing_claims_nothing() -> None:
    said = text(audit_of(Tables.of()))
    assert "No subscription was found." in said
    assert "nothing judged" in said
    assert "ompliant" not in said


def test_a_tenant_of_which_nothing_was_read_claims_nothing() -> None:
    id = subscription_id(0)
    tables = Tables.of(
        subscriptions=[subscription_row(0, read=False)],
        gaps=[gap_row(f"/subscriptions/{id}", "workspaces", id)],
    )
    said = text(audit_of(tables))
    assert "0 of 1 subscription was read." in said
    assert "No workspace was read, and 1 subscription was not read." in said
    assert "undetermined" in said
    assert "ompliant" not in said


def test_every_subscription_is_listed_unread_ones_first_however_many() -> None:
    said = text(audit_of(tenant(90, subscriptions=40))).partition("Coverage and method")[2]
    places = [said.index(f"{subscription_id(number)}") for number in range(41)]
    assert min(places) == places[40]


def closed_tenant() -> Tables:
    closed = {
        **workspace_row(0),
        "public_network_access": "Disabled",
        "outbound_rules_known": True,
        "private_endpoint_connections_known": True,
    }
    return Tables.of(subscriptions=[subscription_row(0, workspaces=1)], workspaces=[closed])


def test_compliant_is_shown_with_the_policy_the_date_and_the_gaps() -> None:
    said = text(audit_of(closed_tenant()))
    assert "Compliant with baseline on 2026-05-04 09:32:07 UTC" in said
    assert "There is no gap and no unknown finding." in said
    own_words = said.lower()
    for title in chain.from_iterable(titles.values() for titles in TITLES.values()):
        own_words = own_words.replace(title.lower(), "")
    assert "secure" not in own_words


@pytest.mark.parametrize(("is_azure", "is_shown"), [(True, False), (False, True)])
def test_the_emulator_is_called_an_emulator(is_azure: bool, is_shown: bool) -> None:
    assert ("Not Azure." in text(audit_of(tenant(3), is_azure=is_azure))) is is_shown


def test_a_crashed_check_is_reported_beside_the_verdict_and_with_its_error() -> None:
    said = text(audit_of(Tables.of(), {"baseline": [CRASHING]}))
    assert said.index("A check crashed.") < said.index("Coverage and method")
    assert "the plug-in broke" in said


def test_an_audit_without_a_policy_renders() -> None:
    tables = tenant(3)
    bare = replace(audit_of(tables), verdicts=(), findings=audit_of(tables).findings.iloc[:0], checks={})
    assert "No policy was applied." in text(bare)


def test_all_policies_are_side_by_side() -> None:
    said = text(audit_of(tenant(9), {"baseline": CHECKS, "strict": CHECKS[:2]}))
    assert "What baseline wants" in said
    assert "What strict wants" in said


def test_counts_by_status_are_those_of_the_verdict() -> None:
    audit = audit_of(tenant(25))
    said = text(audit)
    for status, count in audit.verdicts[0].statuses.items():
        assert re.search(rf"{status} ?{count}\D", said), status


def test_the_policy_allows_exactly_the_pages_own_script_and_style() -> None:
    written = html_of(audit_of(tenant(3)))
    policy = unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', written)[1])  # type: ignore[index]
    assert policy.startswith("default-src 'none'; ")
    for tag in ("script", "style"):
        content = re.findall(rf"<{tag}>(.*?)</{tag}>", written, re.DOTALL)
        assert len(content) == 1
        digest = base64.b64encode(hashlib.sha256(content[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_nothing_is_fetched_and_nothing_styled_or_scripted_by_attribute() -> None:
    for tag, attributes in parsed(audit_of(hostile_tenant())).tags:
        assert tag not in ("img", "iframe", "link", "object", "embed", "base", "audio", "video", "image")
        assert not {
            name for name in attributes if name in ("src", "style", "srcset", "ping") or name[:2] == "on"
        }
        href = attributes.get("href") or "#"
        assert href.startswith(("#", "https://")), href


def test_a_reference_that_is_no_https_address_is_no_link() -> None:
    visible = parsed(audit_of(tenant(3)))
    assert "javascript:alert(4)" in "".join(visible.words)


def test_the_same_tenant_gives_the_same_bytes_apart_from_the_clock() -> None:
    tables, waivers = with_inventory(tenant(25)), [waiver("NET001"), waiver("OBR", "*fqdn-0")]
    audit = audit_of(tables, {"baseline": CHECKS, "strict": CHECKS[:2]}, waivers=waivers)
    later = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
    again = replace(
        audit,
        tables=audit.tables.replaced(**{n: audit.tables[n].sample(frac=1, random_state=3) for n in SCHEMAS}),
        findings=audit.findings.sample(frac=1, random_state=4),
        checks={id: audit.checks[id] for id in reversed(list(audit.checks))},
    )
    assert html_of(again) == html_of(audit)
    moved = html_of(replace(again, finished_at=later))
    moved = moved.replace("2027-01-02 03:04:05 UTC", "2026-05-04 09:32:07 UTC")
    assert moved.replace("2027-04-02", "2026-08-02") == html_of(audit)


def test_findings_are_by_workspace_the_most_urgent_first_and_without_passes() -> None:
    read = block(audit_of(tenant(25)))
    findings, answers = read["findings"], read["answers"]
    starts = [sum(findings["count"][:n]) for n in range(len(findings["count"]) + 1)]
    assert starts[-1] == len(findings["answer"]) == len(findings["resource"]) == len(findings["fix"])
    for start, end in pairwise(starts):
        rows = findings["answer"][start:end]
        keys = [(answers["status"][row], read["judgements"][answers["judgement"][row]][0][0]) for row in rows]
        assert keys == sorted(keys)
    assert {read["statuses"][status] for status in answers["status"]} == {"unknown", "fail"}


def test_policies_that_agree_share_a_finding() -> None:
    one, two = (block(audit_of(tenant(9), dict.fromkeys(names, CHECKS))) for names in (["a"], ["a", "b"]))
    assert two["findings"]["count"] == one["findings"]["count"]


def test_a_severity_counts_violated_findings_only() -> None:
    audit = audit_of(tenant(25), waivers=[waiver("NET001", "*fraud*")])
    tally = block(audit)["workspaces"]["tallies"][0]
    assert {severity: sum(tally[severity]) for severity in SEVERITY_ORDER} == audit.verdicts[0].violated
    assert sum(tally["waived"]) == sum(audit.verdicts[0].waived.values()) > 0


def test_rows_are_in_the_order_of_need() -> None:
    tally = block(audit_of(tenant(25)))["workspaces"]["tallies"][0]
    needs = list(zip(*(tally[name] for name in (*SEVERITY_ORDER, "unknown")), strict=True))
    assert needs == sorted(needs, reverse=True)


def test_without_script_every_violation_and_unknown_finding_is_listed_with_its_reason() -> None:
    audit = audit_of(with_inventory(tenant(25)), waivers=[waiver("NET001", "*fraud*")])
    annex = html_of(audit).partition('<noscript id="annex">')[2].partition("</noscript>")[0]
    listed = audit.findings[~audit.findings["verdict"].eq("compliant")]
    assert sorted(re.findall(r'id="finding-([^"]*)"', annex)) == sorted(finding_ids(listed))
    shown = unescape(re.sub(r"<[^>]*>", "", annex))
    assert [reason for reason in set(listed["reason"]) if reason not in shown] == []


def test_above_a_number_of_findings_the_list_has_names_and_every_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("reports.page.violations.IN_DETAIL", 3)
    audit = audit_of(tenant(25))
    annex = html_of(audit).partition('<noscript id="annex">')[2].partition("</noscript>")[0]
    violated = audit.findings[audit.findings["verdict"].eq("violated")]
    assert "finding-" not in annex
    assert [id for id in violated["workspace_id"] if id.rpartition("/")[2] not in annex] == []


def test_a_project_shows_its_hubs_posture() -> None:
    hub = {
        **workspace_row(8),
        "public_network_access": "Disabled",
        "private_endpoint_connections_known": True,
    }
    written = html_of(audit_of(Tables.of(workspaces=[hub, project_row(0, hub)])))
    assert len(re.findall(r'data-label="Inbound">private<', written)) == 2


def test_a_lone_surrogate_does_not_stop_the_page() -> None:
    tables = Tables.of(workspaces=[{**workspace_row(0), "location": "\ud800"}])
    assert "\\ud800" in html_of(audit_of(tables))


@check(
    id="BAD001",
    title="Fix with a slip of the pen",
    over="workspaces",
    severity=Severity.LOW,
    reads=("workspaces.public_network_access",),
    remediation=Remediation(summary="Fix it.", az="az {{vault}}"),
)
def slip(tables: Tables, params: Params) -> Any:
    """Fails for every workspace."""
    function = CHECKS[0].function
    return function(tables, params)


def test_a_fix_with_an_unknown_placeholder_stops_the_report() -> None:
    bad: Check = slip
    with pytest.raises(ReportError, match="vault"):
        html_of(audit_of(tenant(3), {"baseline": [bad]}))
