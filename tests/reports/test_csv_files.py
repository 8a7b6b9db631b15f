"""The CSV files keep to their published schema, are sorted, and run nothing in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.contract.tables import SCHEMAS, Tables
from checks.engine.finding_ids import finding_ids
from checks.policy.model import Waiver
from checks.severity import Severity
from reports.audit import Audit
from reports.formats.csv_report import files
from reports.tables.columns import FILES, GAPS, REPORT_FILES, SCHEMA_VERSION
from reports.tables.csv_text import as_csv, as_was, neutralised
from reports.tables.data_package import markdown
from reports.tables.policies import score_text
from reports.writing.lines import harmless
from tests.support.audits.audits import CHECKS, CRASHING, audit_of, waiver, written
from tests.support.audits.tenants import hostile_tenant, project_row, tenant, workspace_row

PUBLISHED = {
    "findings": "check_id title family severity status verdict resource_id workspace_id workspace "
    "subscription_id subscription resource_group location observed expected reason policy waiver caused_by followed_by",
    "workspaces": "workspace_id workspace kind subscription_id subscription resource_group location "
    "public_network_access isolation_mode managed_network_status outbound_rules user_defined_rules "
    "approved_private_endpoints api_version effective_public_network_access effective_isolation_mode "
    "hub_resource_id provisioning_state left_out_by tenant_id",
    "outbound_rules": "workspace_id rule type category status destination protocol port_ranges "
    "address_prefixes action fqdn service_tag service_resource_id subresource_target "
    "spark_enabled spark_status parent_rules error_information seen_in rule_id",
    "subscriptions": "subscription_id subscription state tenant_id authorization_source managed_by_tenants "
    "read workspaces workspaces_in_graph note subscription_resource_id quota_id left_out_by workspaces_left_out",
    "left_out": "left_out_id subscription_id left_out name rule why read_for",
    "gaps": "gap_id scope subscription_id asked request http_status code message closes",
    "scores": "policy scope id name pass fail unknown not_applicable error waived consequence score",
    "policies": "policy verdict fail_on unknown checks digest tool_version source is_azure started_at "
    "finished_at root_digest",
    "waivers": "policy place check resource where reason approver expires ticket state violations",
}


def rows(audit: Audit, name: str) -> list[dict[str, str]]:
    text = written(files(audit))[f"{name}.csv"].decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_columns_are_those_published(name: str) -> None:
    header = written(files(audit_of(tenant(9))))[f"{name}.csv"].splitlines()[0].decode()
    assert header == PUBLISHED[name].replace(" ", ",")


def test_every_file_is_published_with_its_version() -> None:
    files_of = written(files(audit_of(tenant(3))))
    package = json.loads(files_of["datapackage.json"])
    assert package["version"] == SCHEMA_VERSION
    paths = {file.path for file in REPORT_FILES}
    assert {each["path"] for each in package["resources"]} == paths | {"findings.parquet"}
    assert set(files_of) == {file.path for file in REPORT_FILES} | {"datapackage.json"}


def test_the_documentation_names_every_column() -> None:
    text = markdown()
    assert all(f"| `{column.name}` |" in text and column.meaning for file in FILES for column in file.columns)


@pytest.mark.parametrize("tables", [tenant(25), hostile_tenant(), Tables.of()])
def test_lines_end_in_lf_only(tables: Tables) -> None:
    for content in written(files(audit_of(tables))).values():
        assert b"\r" not in content
        assert content.endswith(b"\n")


def test_every_workspace_is_listed_passing_or_not() -> None:
    tables = tenant(25)
    assert {row["workspace_id"] for row in rows(audit_of(tables), "workspaces")} == set(
        tables.workspaces["workspace_id"]
    )


def test_ids_are_spelled_as_azure_does() -> None:
    assert "resourceGroups" in rows(audit_of(tenant(3)), "findings")[0]["resource_id"]


def test_rows_are_sorted_regardless_of_case() -> None:
    found = [(row["workspace_id"].lower(), row["check_id"]) for row in rows(audit_of(tenant(25)), "findings")]
    assert found == sorted(found)


def test_a_finding_names_its_workspace() -> None:
    row = rows(audit_of(tenant(3)), "findings")[0]
    assert (row["workspace"], row["subscription"], row["policy"]) == (
        "mlw-fraud-0000",
        "Contoso Retail 0",
        "baseline",
    )


def test_a_crashed_check_without_a_workspace_has_a_row() -> None:
    [row] = rows(audit_of(Tables.of(), {"baseline": [CRASHING]}), "findings")
    assert (row["status"], row["workspace_id"], row["verdict"]) == ("error", "", "undetermined")


def scores(audit: Audit, scope: str) -> list[dict[str, str]]:
    return [row for row in rows(audit, "scores") if row["scope"] == scope]


def test_a_waived_finding_stays_in_the_file_with_its_waiver() -> None:
    audit = audit_of(tenant(9), waivers=[waiver("NET001", reason="=Borne until May.")])
    found = [row for row in rows(audit, "findings") if row["waiver"]]
    assert {(row["check_id"], row["status"], row["verdict"]) for row in found} == {
        ("NET001", "fail", "waived")
    }
    assert {row["waiver"] for row in found} == {
        "'=Borne until May. (jane.doe@contoso.example, until 2026-12-31, SEC-1234)"
    }
    assert len(rows(audit, "findings")) == len(rows(audit_of(tenant(9)), "findings"))


def test_every_answer_is_in_one_count_of_each_scope() -> None:
    audit = audit_of(tenant(25), waivers=[waiver("NET001")])
    counts = ("pass", "fail", "unknown", "not_applicable", "error", "waived")
    for scope in ("policy", "subscription", "workspace"):
        counted = scores(audit, scope)
        assert sum(int(row[name]) for row in counted for name in counts) == len(audit.findings)
        assert sum(int(row["waived"]) for row in counted) > 0


def test_scores_name_subscriptions_and_workspaces_as_azure_spelled_them() -> None:
    audit = audit_of(tenant(3))
    assert [row["name"] for row in scores(audit, "policy")] == [""]
    assert "Contoso Retail 0" in {row["name"] for row in scores(audit, "subscription")}
    assert {(row["id"], row["name"]) for row in scores(audit, "workspace")} == set(
        zip(audit.tables.workspaces["workspace_id"], audit.tables.workspaces["workspace"], strict=True)
    )


def test_scores_of_several_policies_are_sorted() -> None:
    found = rows(audit_of(tenant(9), {"strict": CHECKS, "Baseline": CHECKS[:1]}), "scores")
    keys = [(row["policy"].lower(), row["scope"], row["id"].lower()) for row in found]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("score", "shown"), [(55.5556, "55.6"), (100.0, "100.0"), (99.99, "99.9"), (0.0, "0.0"), (None, "")]
)
def test_a_score_has_one_decimal_and_is_100_only_where_all_passes(score: float | None, shown: str) -> None:
    assert score_text(score) == shown


def test_without_an_answer_there_is_no_score() -> None:
    [row] = rows(audit_of(Tables.of()), "scores")
    assert (row["policy"], row["scope"], row["score"]) == ("baseline", "policy", "")


def workspace_csv(**values: object) -> dict[str, str]:
    [row] = rows(audit_of(Tables.of(workspaces=[{**workspace_row(0), **values}])), "workspaces")
    return row


def test_counts_are_empty_where_not_everything_was_read() -> None:
    row = workspace_csv(outbound_rules_known=False, private_endpoint_connections_known=None)
    assert (row["outbound_rules"], row["user_defined_rules"], row["approved_private_endpoints"]) == (
        "",
        "",
        "",
    )


def test_counts_are_numbers_where_everything_was_read() -> None:
    row = workspace_csv(outbound_rules_known=True, private_endpoint_connections_known=True)
    assert (row["outbound_rules"], row["user_defined_rules"], row["approved_private_endpoints"]) == (
        "0",
        "0",
        "0",
    )


def test_only_approved_endpoints_and_user_defined_rules_are_counted() -> None:
    row = next(row for row in rows(audit_of(tenant(25)), "workspaces") if row["workspace"].endswith("0005"))
    assert (row["outbound_rules"], row["user_defined_rules"], row["approved_private_endpoints"]) == (
        "6",
        "2",
        "1",
    )


def test_a_network_absent_where_it_would_be_shown_is_off_in_effect_only() -> None:
    row = workspace_csv(managed_network_reported=False, isolation_mode=None)
    assert (row["isolation_mode"], row["effective_isolation_mode"]) == ("", "Disabled")


def test_a_network_the_api_version_cannot_show_is_not_called_off() -> None:
    row = workspace_csv(managed_network_reported=None, isolation_mode=None)
    assert (row["isolation_mode"], row["effective_isolation_mode"]) == ("", "")


def test_a_project_shows_its_own_values_and_its_hubs() -> None:
    hub = {**workspace_row(8), "public_network_access": "Disabled", "isolation_mode": "AllowInternetOutbound"}
    tables = Tables.of(workspaces=[hub, project_row(0, {**hub, "managed_network_reported": True})])
    row = next(row for row in rows(audit_of(tables), "workspaces") if row["kind"] == "Project")
    assert (row["public_network_access"], row["effective_public_network_access"]) == ("Enabled", "Disabled")


def test_a_project_of_an_unread_hub_has_no_effective_values() -> None:
    tables = Tables.of(workspaces=[project_row(0, workspace_row(8))])
    [row] = rows(audit_of(tables), "workspaces")
    assert (row["effective_public_network_access"], row["effective_isolation_mode"]) == ("", "")


BLANKS = ["", " ", "\ufe0f", "\u034f ", "\xa0", "\u2003", "\u3000", "\u2800", "\u3164", " \u2800 ", "'"]


@pytest.mark.parametrize("blanks", BLANKS)
@pytest.mark.parametrize("sign", "=+-@＝＋－＠﹦﹢﹣﹫⁼₌⁺₊−\u2010\u2013\u2014\u2795\u2796")
def test_what_a_spreadsheet_would_run_begins_with_an_apostrophe(blanks: str, sign: str) -> None:
    assert neutralised(f"{blanks}{sign}1+1") == f"'{blanks}{sign}1+1"


@pytest.mark.parametrize("text", ["1+1", "a=1", "/subscriptions/=", "", "'", "é", "日本", "<b>"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert neutralised(text) == text


@settings(max_examples=60)
@given(texts=st.lists(st.text() | st.text(alphabet="=+-@\t\r\n,;\"' a", max_size=6), min_size=1, max_size=5))
def test_any_text_is_one_line_of_the_file_and_runs_nothing(texts: list[str]) -> None:
    gaps = [{"gap_id": f"gap {number}", "message": text} for number, text in enumerate(texts)]
    content = b"".join(as_csv(Tables.of(gaps=gaps).gaps, GAPS)).decode()
    assert len(content.splitlines()) == len(texts) + 1
    read = {row["gap_id"]: row["message"] for row in csv.DictReader(io.StringIO(content, newline=""))}
    for number, text in enumerate(texts):
        cell = read[f"gap {number}"]
        assert cell in (harmless(text), f"'{harmless(text)}")
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))


@given(text=st.text(alphabet="=+-@' \t\r\na＝−\u2013\ufe0f"))
def test_a_text_is_read_back_as_one_harmless_line(text: str) -> None:
    written_one = pd.Series([neutralised(text)], dtype="string")
    assert as_was(written_one).tolist() == [harmless(text)]


def test_a_lone_surrogate_is_written_as_its_escape() -> None:
    gaps = Tables.of(gaps=[{"gap_id": "g", "message": "\ud800"}]).gaps
    assert b"\\ud800" in b"".join(as_csv(gaps, GAPS))


def test_booleans_are_written_in_lower_case() -> None:
    assert {row["read"] for row in rows(audit_of(tenant(5)), "subscriptions")} == {"true", "false"}


def shuffled(audit: Audit, seed: int) -> Audit:
    frames = {name: audit.tables[name].sample(frac=1, random_state=seed) for name in SCHEMAS}
    return replace(
        audit,
        tables=audit.tables.replaced(**frames),
        findings=audit.findings.sample(frac=1, random_state=seed),
        checks={id: audit.checks[id] for id in reversed(list(audit.checks))},
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_rows_changes_no_byte(seed: int) -> None:
    audit = audit_of(tenant(25), waivers=[waiver("NET001"), waiver("OBR", "*fqdn-0")])
    assert written(files(shuffled(audit, seed))) == written(files(audit))


def test_every_waiver_has_a_row() -> None:
    waivers = [waiver("NET"), waiver("PEP001", expires="2026-01-31"), waiver("MVN001", "gone")]
    told = {row["check"]: (row["state"], row["resource"]) for row in rows(_waiving(waivers), "waivers")}
    assert told == {
        "NET": ("in force", "*"),
        "PEP001": ("expired", "*"),
        "MVN001": ("without effect", "gone"),
    }


def _waiving(waivers: list[Waiver]) -> Audit:
    return audit_of(tenant(9), waivers=waivers)


def test_a_policys_row_names_the_tool_and_the_times() -> None:
    (row,) = rows(audit_of(tenant(3)), "policies")
    assert row["policy"] == "baseline"
    assert row["checks"] == "MVN001, NET001, OBR001, OBR006, PEP001"
    assert (row["started_at"], row["is_azure"]) == ("2026-05-04T09:30:00Z", "true")


def test_what_a_spreadsheet_must_not_run_can_be_read_back() -> None:
    texts = pd.Series(["=1", "'quoted", "-a", "", pd.NA, "plain"], dtype="string")
    assert as_was(texts.map(neutralised, na_action="ignore")).equals(texts)


def test_violations_are_worst_first_with_their_fix_and_the_id_of_the_other_formats() -> None:
    audit = audit_of(tenant(3))
    table = pd.read_csv(io.BytesIO(written(files(audit))["violations.csv"]), dtype=str, keep_default_na=False)
    chosen = audit.findings[audit.findings["status"].isin(["fail", "unknown", "error"])]
    assert sorted(table["finding_id"]) == sorted(finding_ids(chosen))
    order = [("violated", "undetermined", "consequence", "waived").index(word) for word in table["verdict"]]
    assert order == sorted(order)
    violated = table[table["verdict"].eq("violated")]
    ranks = [Severity(word).rank for word in violated["severity"]]
    assert ranks == sorted(ranks)
    assert (table["fix"].ne("") == table["status"].eq("fail")).all()
