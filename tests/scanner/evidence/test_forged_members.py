"""Forgeries of single members of answers, gaps, statement and files, with every digest made to fit again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.generated import generated_tenant
from scanner.evidence.verifying.expectations import Expectations
from scanner.payloads.payload import Gap, Payload
from tests.support.evidence.bundles import scan_of, sealed_anew, verified, wrong
from tests.support.evidence.forging import Forger

TENANT = generated_tenant(subscriptions=2, workspaces=2, rules=2, seed=4)
ONE = str(TENANT.subscriptions[0]["subscriptionId"])
POLICY = "internet-outbound"
NOT_FOUND = b'{"error":{"code":"ResourceNotFound","message":"It is not there."}}'


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sealed") / "bundle"
    broken = Fault(kind=FaultKind.RESET, route="computes", subscription=ONE)
    scan_of(TENANT, broken, policies=(POLICY,), asks_graph=True).seal(target)
    return target


def changed(kind: str, **fields: Any) -> Callable[[Forger], None]:
    """Change fields of the first answer of a kind."""

    def change(forger: Forger) -> None:
        one = forger.first(lambda each: each.kind == kind)
        forger.change(lambda each: each is one, **fields)

    return change


def gaps(change: Callable[[Gap], Gap]) -> Callable[[Forger], None]:
    def forge(forger: Forger) -> None:
        assert forger.gaps
        forger.gaps = [change(each) for each in forger.gaps]

    return forge


def filtered(forger: Forger) -> None:
    """Present a list with a filter as the whole list."""
    one = forger.first(lambda each: each.kind == "outboundRules")
    forger.change(lambda each: each is one, url=f"{one.url}&$filter=name%20eq%20'pypi'")


def roles_of_another_target(forger: Forger) -> None:
    """Add the roles on one target to those on another."""
    one = forger.first(lambda each: each.kind == "roleAssignments")
    other = forger.first(lambda each: each.kind == "roleAssignments" and each.scope != one.scope)
    forger.add(replace(one, scope=other.scope))


def no_later_pages(forger: Forger) -> None:
    forger.drop(lambda each: each.kind == "resourceGraph" and "$skipToken" in each.request_body)


def no_first_pages(forger: Forger) -> None:
    forger.drop(lambda each: each.kind == "resourceGraph" and "$skipToken" not in each.request_body)


FORGED: dict[str, tuple[Callable[[Forger], None], str]] = {
    "a method that writes": (changed("outboundRules", method="POST"), "is no request for outboundRules"),
    "a body of a request that has none": (changed("computes", request_body="{}"), "is no request for"),
    "another api-version than that of the URL": (
        changed("outboundRules", api_version="2023-10-01"),
        "does not ask at api-version 2023-10-01",
    ),
    "another subscription": (
        changed("outboundRules", subscription_id="00000000-0000-4000-8000-000000000001"),
        "is not about subscription 00000000",
    ),
    "a 404 that is no gap": (
        changed("onlineEndpoints", may_be_missing=True, status=404, body=NOT_FOUND, document=None),
        "may not be answered by 404",
    ),
    "a 404 for the rules of a workspace with a network": (
        changed("outboundRules", may_be_missing=True, status=404, body=NOT_FOUND, document=None),
        "a workspace that reports a managed network has a list of rules",
    ),
    "a list with a filter": (filtered, "outboundRules of /subscriptions/"),
    "roles on another target": (roles_of_another_target, "does not ask for roleAssignments of"),
    "a redaction that is none": (
        changed("outboundRules", redactions=("/value/0/name",)),
        "its redactions name /value/0/name, where nothing was replaced",
    ),
    "an item of a list that is none": (changed("outboundRules", of_list="/value/0"), "does not ask for"),
    "later pages of Resource Graph are gone": (no_later_pages, "leads to a next page of Resource Graph"),
    "first pages of Resource Graph are gone": (no_first_pages, "is a later page that no answer leads to"),
    "a gap about another scope": (
        gaps(lambda gap: replace(gap, scope="/subscriptions/other", subscription_id="other")),
        "does not ask for computes of /subscriptions/other",
    ),
    "a gap in another subscription": (
        gaps(lambda gap: replace(gap, subscription_id="other")),
        "is not about subscription other",
    ),
    "a gap with a refusal that is missing": (
        gaps(lambda gap: replace(gap, http_status=404, code="ResourceNotFound", closes="Nothing.")),
        "was refused with status 404, and the refusal is missing",
    ),
    "a gap of a request that writes": (
        gaps(lambda gap: replace(gap, request=gap.request.replace("GET", "DELETE"))),
        "does not ask for computes of",
    ),
    "a gap at another host": (
        gaps(lambda gap: replace(gap, request=gap.request.replace("127.0.0.1", "127.0.0.9"))),
        "was asked at http://127.0.0.9",
    ),
    "a source in the forger's words": (
        lambda forger: forger.claim(source="an audit by Contoso, certified"),
        "follows from the endpoint and the cloud",
    ),
    "a bundle before it that is none": (
        lambda forger: forger.claim(previous_root="none"),
        "previous_root is 'none', which is no root digest",
    ),
    "tenants that nobody asked": (
        lambda forger: forger.claim(asked_for={"tenants": ["a", "b"]}),
        "Tenant a was asked for, and no answer, refusal or gap lists its subscriptions",
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_member_is_named(name: str, bundle: Path, tmp_path: Path) -> None:
    forge, words = FORGED[name]
    forger = Forger.of(bundle)
    forge(forger)
    forger.seal(tmp_path / "forged")
    found = verified(tmp_path / "forged")
    assert any(words in each for each in wrong(found)), (wrong(found), found.steps)
    assert (found.level, int(found.exit_code)) == (None, 1)


def swapped(forger: Forger) -> None:
    one, other = [each for each in forger.payloads if each.kind == "outboundRules"][:2]
    bodies = {one.id: other, other.id: one}

    def with_other_body(each: Payload) -> Payload:
        source = bodies.get(each.id)
        return replace(each, body=source.body, document=source.document) if source else each

    forger.payloads = [with_other_body(each) for each in forger.payloads]


def test_answers_with_each_other_s_body_are_gaps(bundle: Path, tmp_path: Path) -> None:
    forger = Forger.of(bundle)
    swapped(forger)
    forger.seal(tmp_path / "forged")
    found = Forger.of(tmp_path / "forged").statement.derived
    assert verified(tmp_path / "forged").holds
    assert found.gaps == forger.statement.derived.gaps + 2


def test_a_verdict_softened_by_fail_on_is_shown_and_an_error_where_the_policy_is_expected(
    bundle: Path, tmp_path: Path
) -> None:
    forger = Forger.of(bundle)
    forger.claim(fail_on="critical")
    forger.seal(tmp_path / "forged")
    opened = [text for step in verified(tmp_path / "forged").steps for text in step.open]
    assert "--fail-on critical decides the verdicts, not the policies." in opened
    for expected in ({"policies": (POLICY,)}, {"fail_on": "high"}):
        expectations = Expectations.model_validate(expected)
        (problem,) = wrong(verified(tmp_path / "forged", expectations=expectations))
        assert problem.endswith("and the scan failed on critical by --fail-on."), problem
    expectations = Expectations.model_validate({"policies": (POLICY,), "fail_on": "critical"})
    assert verified(tmp_path / "forged", expectations=expectations).holds


def replacing(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def forge(folder: Path) -> None:
        text = (folder / name).read_bytes()
        assert old in text
        (folder / name).write_bytes(text.replace(old, new, 1))

    return forge


GAPS = "payloads/gaps.jsonl"
RAW: dict[str, tuple[Callable[[Path], object], str]] = {
    "a member of a gap twice": (replacing(GAPS, b'{"scope"', b'{"code":"x","scope"'), "does not write it so"),
    "an answer in a gap": (replacing(GAPS, b'{"scope"', b'{"answer":{},"scope"'), "does not write it so"),
    "blanks in a gap": (replacing(GAPS, b'":"', b'": "'), "does not write it so"),
    "no number in a gap": (replacing(GAPS, b'_status":null', b'_status":NaN'), "http_status is nan"),
    "a huge number in a gap": (
        replacing(GAPS, b'_status":null', b'_status":' + b"9" * 5_000),
        "line 1 is no gap",
    ),
    "an empty line": (
        lambda made: (made / GAPS).write_bytes((made / GAPS).read_bytes() + b"\n"),
        "is no gap",
    ),
    "gaps in another order": (
        lambda made: (made / GAPS).write_bytes(
            b"".join(sorted((made / GAPS).read_bytes().splitlines(keepends=True), reverse=True))
        ),
        "or not here",
    ),
    "a member of the statement twice": (
        replacing("statement.json", b'{\n "schema', b'{\n "schema_version": "2.1",\n "schema'),
        "statement.json is written in another way",
    ),
    "the statement by the name in the code": (
        replacing("statement.json", b'"told"', b'"record"'),
        "told: Field required",
    ),
    "a member of a policy twice": (
        replacing("policies/resolved.json", b'"name":', b'"name": "x",\n  "name":'),
        "resolved.json is written in another way",
    ),
    "a member of the catalogue twice": (
        replacing("checks.json", b'"files": {', b'"files": {}, "files": {'),
        "checks.json is altered: it is not written as",
    ),
    "no policies": (
        lambda made: (made / "policies/resolved.json").write_text("[]"),
        "It cannot be derived again",
    ),
    "a name that differs by case": (
        lambda made: shutil.copy(made / "findings.csv", made / "Findings.csv"),
        "Findings.csv was added",
    ),
    "a name with a combining accent": (
        lambda made: (made / "tables/cafe\u0301.csv").write_text("x"),
        "is refused: no bundle of ours has such a name",
    ),
}


@pytest.mark.parametrize("name", RAW)
def test_what_only_a_forger_writes_is_named(name: str, bundle: Path, tmp_path: Path) -> None:
    forge, words = RAW[name]
    shutil.copytree(bundle, tmp_path / "copy")
    forge(tmp_path / "copy")
    sealed_anew(tmp_path / "copy")
    found = verified(tmp_path / "copy")
    assert any(words in each for each in wrong(found)), wrong(found)
    assert int(found.exit_code) == 1


def test_bytes_beside_the_columns_of_parquet_are_named_whatever_wrote_them(
    bundle: Path, tmp_path: Path
) -> None:
    """Readers skip row groups by bloom filters, which lie there."""
    forger = Forger.of(bundle)
    forger.claim(libraries=forger.record.libraries | {"pyarrow": "1.0.0"})
    forger.seal(tmp_path / "forged")
    path = tmp_path / "forged" / "findings.parquet"
    text = path.read_bytes()
    footer = len(text) - pq.ParquetFile(path).metadata.serialized_size - 8
    path.write_bytes(text[:footer] + b"a filter" + text[footer:])
    assert pq.read_table(path).num_rows
    sealed_anew(tmp_path / "forged")
    found = verified(tmp_path / "forged")
    assert any("has bytes beside its columns" in each for each in found.steps[-1].cannot), found.steps[-1]
    assert int(found.exit_code) == 3
