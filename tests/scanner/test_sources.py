"""The contract of every source: no secret is kept, a refusal is a gap, and the evidence verifies and replays.

A new source adds its class to `SOURCES`, and a function to `WRITTEN` that writes the answers in its form.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import scanner
from checks.registry import registry
from scanner.audit import audited, collected
from scanner.commands.evidence import with_evidence
from scanner.commands.gathering import from_earlier
from scanner.commands.job import Job
from scanner.commands.replay import Earlier
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Tenant
from scanner.evidence.opening import opened
from scanner.evidence.packing import staged
from scanner.evidence.payload_files import payloads_in
from scanner.payloads.answers import answered
from scanner.payloads.payload import Gap, Keep, Payload, PayloadStore
from scanner.payloads.people import Pseudonyms
from scanner.policies import loaded
from tests.support.command_line import run, served
from tests.support.exports import arm_files, written
from tests.support.planted import texts_below
from tests.support.scanning import NOON

SECRET = "AccountKey=" + "q7Zr" * 21 + "Qg=="
PERSON = "jane.doe@example.com"
TENANT = generated_tenant(subscriptions=1, workspaces=2, rules=1, seed=0)
REFUSED = "computes"
_READING = re.compile(
    r"^class (\w+)(?:(?!^class ).)*?^    async def read\(self, keep", re.MULTILINE | re.DOTALL
)

SOURCES = {
    "LiveSource": "live",
    "_Once": "live",
    "ExportSource": "export",
    "CheckedSource": "bundle",
    "BundleSource": "bundle",
}
"""The classes with a method `read(keep)`, and the form of `WRITTEN` that goes through each."""


@dataclass(frozen=True, kw_only=True)
class Audited:
    """The folder with the bundle and the report of one source, and the exit code."""

    folder: Path
    code: int
    err: str


def planted(body: Any) -> Any:
    """A workspace with a secret and a person in its tags."""
    is_workspace = str(body.get("type", "")).lower() == "microsoft.machinelearningservices/workspaces"
    return body | {"tags": {"deploy": SECRET, "owner": PERSON}} if is_workspace else body


def audit(folder: Path, *options: str, env: Mapping[str, str] | None = None) -> Audited:
    places = ("--output", str(folder / "report"), "--evidence", str(folder / "evidence"), "--format", "csv")
    code, _, err = run("scan", *options, *places, env=dict(env or {}))
    return Audited(folder=folder, code=code, err=err)


def from_live(folder: Path) -> Audited:
    resources = tuple(replace(each, body=planted(each.body)) for each in TENANT.resources)
    tenant: Tenant = replace(TENANT, resources=resources)
    refusal = Fault(kind=FaultKind.STATUS, status=403, code="AuthorizationFailed", route=REFUSED)
    with served(tenant, folder, refusal) as (_, options, environment):
        return audit(folder, *options, "--collect", "all", env=environment)


def from_export(live: Audited, folder: Path) -> Audited:
    files: dict[str, Any] = {}
    for name, body in arm_files(payloads_of(live)).items():
        document = json.loads(body)
        if "value" in document:
            document["value"] = [planted(each) for each in document["value"]]
        files[name] = planted(document)
    return audit(folder, "--from", str(written(folder / "files", files)))


def from_bundle(live: Audited, folder: Path) -> Audited:
    return audit(folder, "--from", str(live.folder / "evidence"))


WRITTEN: Mapping[str, Callable[[Audited, Path], Audited]] = {
    "live": lambda live, _folder: live,
    "export": from_export,
    "bundle": from_bundle,
}


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Audited]:
    live = from_live(tmp_path_factory.mktemp("scan"))
    return {name: write(live, tmp_path_factory.mktemp(name)) for name, write in WRITTEN.items()}


@pytest.fixture
def live(audits: Mapping[str, Audited]) -> Audited:
    return audits["live"]


@pytest.fixture(params=WRITTEN)
def found(request: pytest.FixtureRequest, audits: Mapping[str, Audited]) -> Audited:
    return audits[request.param]


def payloads_of(found: Audited) -> list[Payload]:
    return list(payloads_in(opened(found.folder / "evidence")))


def test_every_source_is_under_the_contract() -> None:
    reading = {
        name
        for path in Path(next(iter(scanner.__path__))).rglob("*.py")
        for name in _READING.findall(path.read_text("utf-8"))
    }
    assert reading - {"Source"} == SOURCES.keys()
    assert set(SOURCES.values()) == WRITTEN.keys()


def test_no_secret_and_no_person_is_kept(found: Audited) -> None:
    texts = list(texts_below(found.folder / "evidence")) + list(texts_below(found.folder / "report"))
    assert any("[redacted]" in text for _, text in texts), found.err
    assert [name for name, text in texts if SECRET[11:] in text or PERSON in text] == []


def test_what_was_refused_is_a_gap(found: Audited) -> None:
    gaps = pd.read_csv(found.folder / "report" / "gaps.csv", dtype=str)
    assert (gaps["asked"].eq(REFUSED) | gaps["code"].eq(f"NotInExport.{REFUSED}")).any()
    assert found.code in (1, 3)


def test_the_bundle_verifies(found: Audited) -> None:
    code, out, err = run("verify", str(found.folder / "evidence"))
    assert code == 0, out + err


@pytest.mark.parametrize("form", sorted(WRITTEN.keys() - {"bundle"}))
def test_the_bundle_replays(form: str, audits: Mapping[str, Audited], tmp_path: Path) -> None:
    first = audits[form]
    again = audits["bundle"] if form == "live" else from_bundle(first, tmp_path)
    assert again.code == first.code, again.err
    before, after = ((each.folder / "report" / "violations.csv").read_bytes() for each in (first, again))
    assert before == after


@dataclass(frozen=True, kw_only=True)
class Toy:
    """A source that keeps what it is given."""

    items: Sequence[Payload | Gap]

    async def read(self, keep: Keep) -> None:
        for item in self.items:
            keep(item)


def test_an_unredacted_answer_stops_the_scan(live: Audited) -> None:
    raw = replace(payloads_of(live)[0], is_redacted=False)
    with pytest.raises(ValueError, match="unredacted"):
        asyncio.run(collected(Toy(items=[raw]), None))


def test_a_refusal_that_is_kept_as_an_answer_stops_the_scan(live: Audited) -> None:
    refusal = next(each for each in payloads_of(live) if each.status == 403)
    with pytest.raises(ValueError, match="it is a gap"):
        asyncio.run(collected(Toy(items=[refusal]), None))


@pytest.mark.parametrize("url", ["file:answers.jsonl", "https://management.azure.com/subscriptions/x"])
def test_one_function_redacts_and_makes_a_gap_of_a_refusal(live: Audited, url: str) -> None:
    page = next(each for each in payloads_of(live) if each.kind == "workspaces")
    ask = replace(page.ask, url=url)
    make = partial(answered, ask, headers={}, at=NOON, people=Pseudonyms())
    kept = make(json.dumps({"value": [{"tags": {"x": SECRET, "y": PERSON}}]}).encode(), status=200)
    assert isinstance(kept, Payload)
    assert kept.is_redacted
    assert SECRET[11:].encode() not in kept.body
    assert PERSON.encode() not in kept.body
    refused = make(b'{"error": {"code": "AuthorizationFailed", "message": "No."}}', status=403)
    assert isinstance(refused, Gap)
    assert (refused.code, refused.http_status) == ("AuthorizationFailed", 403)


def test_a_bundle_that_nobody_could_replay_is_not_written(live: Audited, tmp_path: Path) -> None:
    toy = Toy(items=[each for each in payloads_of(live) if each.status == 200])
    job = Job(
        output=tmp_path / "report", policies=["baseline"], earlier=tmp_path, evidence=tmp_path / "evidence"
    )
    policies = loaded(job.policies, registry())
    with PayloadStore() as store, staged(tmp_path / "evidence") as place:
        earlier = Earlier(source=toy, words="a toy", is_azure=True)
        gathered = from_earlier(job, earlier, store, lambda: NOON)
        found = audited(
            gathered.tables, policies, source="a toy", is_azure=True, started_at=NOON, finished_at=NOON
        )
        with pytest.raises(ValueError, match="a toy was not written"):
            with_evidence(job, gathered, found, policies, store, place)
