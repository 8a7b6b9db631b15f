"""What is sealed: everything that was told, where each row was told, and counts that agree."""

from __future__ import annotations

import json
import re
import stat
import zipfile
from pathlib import Path

import jsonschema
import pandas as pd
import pyarrow.parquet as pq
import pytest

from checks.contract.tables import SCHEMAS
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.generated import generated_tenant
from scanner.evidence.pointers import evidence_of
from scanner.evidence.statement import statement_in, statement_schema
from scanner.payloads.payload import Payload
from tests.support.evidence.bundles import Scanned, resolved, scan_of, verified, wrong

SMALL = generated_tenant(subscriptions=3, workspaces=3, rules=3, seed=4)
ONE, OTHER, _ = (str(each["subscriptionId"]) for each in SMALL.subscriptions)
FAULTS = {
    "nothing": (),
    "refusals and no answers": (
        Fault(kind=FaultKind.STATUS, status=403, route="outboundRules"),
        Fault(kind=FaultKind.RESET, route="computes"),
        Fault(kind=FaultKind.HTML, route="onlineEndpoints"),
        Fault(kind=FaultKind.NOT_UTF8, route="batchEndpoints"),
    ),
    "broken lists": (
        Fault(kind=FaultKind.STATUS, status=500, route="workspaces", subscription=ONE, page=2),
        Fault(kind=FaultKind.STATUS, status=403, route="workspaces", subscription=OTHER),
    ),
    "lists that lead astray": (
        Fault(kind=FaultKind.NEXT_LINK_LOOP, route="workspaces", subscription=ONE),
        Fault(kind=FaultKind.FOREIGN_NEXT_LINK, route="outboundRules"),
        Fault(kind=FaultKind.NULL_VALUE, route="computes"),
    ),
    "spoilt items": (
        Fault(kind=FaultKind.MISSING_MEMBERS, route="outboundRules"),
        Fault(kind=FaultKind.DUPLICATES, route="workspaces"),
        Fault(kind=FaultKind.STRANGE_NAMES, route="computes"),
    ),
    "superseded answers": (
        Fault(kind=FaultKind.STATUS, status=400, code="NoRegisteredProviderFound", route="outboundRules"),
        Fault(
            kind=FaultKind.STATUS,
            status=409,
            code="MissingSubscriptionRegistration",
            route="workspaces",
            subscription=OTHER,
        ),
    ),
}


@pytest.fixture(scope="module")
def demo() -> Scanned:
    return scan_of(demo_tenant())


@pytest.fixture(scope="module")
def folder(demo: Scanned, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sealed") / "bundle"
    demo.seal(target)
    return target


def by_id(scanned: Scanned) -> dict[str, Payload]:
    return {payload.id: payload for payload in scanned.payloads}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_fails_the_bundle_holds_and_every_count_agrees(fault: str, tmp_path: Path) -> None:
    scanned = scan_of(SMALL, *FAULTS[fault])
    gaps = scanned.audit.tables.gaps
    of_elsewhere = gaps["asked"].eq(
        "roleAssignments"
    )  # a target in a subscription that the tenant does not have
    assert (fault in ("nothing", "spoilt items")) == gaps[~of_elsewhere].empty
    target = tmp_path / "bundle"
    scanned.seal(target)
    assert wrong(verified(target)) == []
    counts = statement_in((target / "statement.json").read_bytes()).derived.reconciliation
    assert [count.claim for count in counts if not count.holds] == []
    for table in SCHEMAS:
        untold = [
            key for key in scanned.audit.tables[table].index if not scanned.provenance.of_row(table, key)
        ]
        assert (table, untold) == (table, [])


def test_two_exports_of_one_scan_are_the_same_bytes_and_for_their_owner_alone(
    demo: Scanned, folder: Path, tmp_path: Path
) -> None:
    roots = {demo.seal(tmp_path / "one.zip"), demo.seal(tmp_path / "two.zip")}
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert len(roots) == 1
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    lying = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert packed == {name: path.read_bytes() for name, path in lying.items()}
    modes = {stat.S_IMODE(path.stat().st_mode) for path in [*lying.values(), tmp_path / "one.zip"]}
    assert modes == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in [folder, folder / "payloads"]} == {0o700}


def test_what_a_finding_rests_on_can_be_followed_to_the_very_member(demo: Scanned, folder: Path) -> None:
    payloads = by_id(demo)
    findings = pd.read_csv(folder / "findings.csv", dtype=str, keep_default_na=False)
    references = sorted({each for told in findings["evidence"] for each in told.split(" ")})
    found = {each: resolved(each, payloads) for each in references}
    assert len(found) > 100
    rules = findings[findings["check_id"].eq("OBR001") & findings["status"].ne("unknown")]
    assert len(rules) > 50
    for resource, told in zip(rules["resource_id"], rules["evidence"], strict=True):
        place = found[told.split(" ")[0]]
        assert place.get("id", resource).lower() == resource.lower()


def test_a_finding_about_what_was_refused_leads_to_the_refusal() -> None:
    scanned = scan_of(SMALL, *FAULTS["refusals and no answers"])
    audit = scanned.audit
    told = evidence_of(audit.findings, audit.tables, scanned.provenance, audit.checks)
    unknown = audit.findings["check_id"].eq("OBR001") & audit.findings["status"].eq("unknown")
    payloads = by_id(scanned)
    assert unknown.any()
    for references in told[unknown]:
        assert any(payloads[each.partition("#")[0]].status == 403 for each in references.split(" "))


def test_a_project_s_finding_leads_to_the_hub_that_decides(demo: Scanned) -> None:
    audit, payloads = demo.audit, by_id(demo)
    told = evidence_of(audit.findings, audit.tables, demo.provenance, audit.checks)
    workspaces = audit.findings["workspace_id"].astype(object).str.lower()
    hubs = audit.findings["judged_by"].astype(object)
    by_hub = audit.findings[
        audit.findings["check_id"].eq("NET001") & workspaces.ne(hubs) & hubs.isin(workspaces)
    ]
    assert len(by_hub)
    for references, hub in zip(told[by_hub.index], by_hub["judged_by"], strict=True):
        found = [resolved(each, payloads) for each in references.split(" ")]
        assert hub in {str(each.get("id", "")).lower() for each in found}


def test_the_refusals_of_versions_are_kept_and_tell_nothing() -> None:
    scanned = scan_of(SMALL, *FAULTS["superseded answers"])
    superseded = [payload for payload in scanned.payloads if payload.superseded]
    refused = [payload for payload in superseded if payload.kind == "outboundRules"]
    assert {payload.status for payload in refused} == {400}
    rules = scanned.audit.tables.gaps[scanned.audit.tables.gaps["asked"].eq("outboundRules")]
    assert len(refused) > len(rules) > 0
    assert rules["scope"].is_unique


def test_no_token_secret_or_mail_address_is_in_any_file(demo: Scanned, folder: Path) -> None:
    dropped = [
        resolved(f"{payload.id}#{pointer}", {payload.id: payload})
        for payload in demo.payloads
        for pointer in payload.redactions
    ]
    assert dropped
    assert all("[redacted]" in each for each in dropped)
    for path in folder.rglob("*"):
        held = path.read_bytes() if path.is_file() else b""
        assert not re.search(rb"eyJ|emulator-secret|[a-z]@[a-z]+\\.[a-z]", held), path


def test_parquet_holds_what_csv_holds_with_its_types(folder: Path) -> None:
    for path in sorted((folder / "tables").glob("*.csv")):
        listed = pd.read_csv(path, dtype=str)
        whole = pq.read_table(path.with_suffix(".parquet"))
        assert whole.num_rows == len(listed), path.name
    workspaces = pq.read_table(folder / "tables" / "workspaces.parquet").to_pandas()
    assert workspaces["managed_network_reported"].isin([True, False, None]).all()
    findings = pq.read_table(folder / "findings.parquet").to_pandas()
    listed = pd.read_csv(folder / "findings.csv", dtype=str, keep_default_na=False)
    assert list(findings.columns) == list(listed.columns)
    assert sorted(findings["evidence"]) == sorted(listed["evidence"])


def test_the_statement_is_as_its_schema_says(folder: Path) -> None:
    told = json.loads((folder / "statement.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(statement_schema())
    jsonschema.validate(told, statement_schema())
    unread = [each for each in told["derived"]["subscriptions"] if each["read"] is False]
    assert [each["why"].partition(":")[0] for each in unread] == ["AuthorizationFailed"]
    assert told["derived"]["subscriptions_seen"] == len(told["derived"]["subscriptions"])


def test_checks_and_policies_are_sealed_as_written_and_as_they_come_out(folder: Path) -> None:
    checks = {each["id"]: each for each in json.loads((folder / "checks.json").read_bytes())["checks"]}
    assert len(checks["NET006"]["code"]) == 64
    (policy,) = json.loads((folder / "policies" / "resolved.json").read_bytes())
    written = (folder / policy["layers"][-1]["file"]).read_text()
    assert "name: baseline" in written
    assert policy["everywhere"]["MVN002"]["parameters"]
