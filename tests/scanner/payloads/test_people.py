"""Pseudonyms have the key of one scan: nobody computes them from a list of addresses, and one owner stays one owner."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.pseudonyms import pseudonym
from checks.registry import registry
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Tenant
from scanner.payloads.people import Pseudonyms
from scanner.policies import addresses, loaded
from tests.support.command_line import run, served

ADA, BOB = "ada@example.com", "bob@example.com"
FOUND = re.compile(r"redacted-person-[0-9a-f]{12}")
ADDRESS = st.from_regex(r"[a-z0-9]{1,8}@[a-z]{1,8}\.com", fullmatch=True)


def owned(tenant: Tenant) -> Tenant:
    """The tenant with an owner in the tags of every workspace: Ada has every second one."""
    workspaces = [each for each in tenant.resources if each.body["type"].endswith("/workspaces")]
    owner = {id(each): (ADA, BOB)[number % 2] for number, each in enumerate(workspaces)}
    return replace(
        tenant,
        resources=tuple(
            replace(each, body={**each.body, "tags": {"owner": owner[id(each)]}})
            if id(each) in owner
            else each
            for each in tenant.resources
        ),
    )


TENANT = owned(generated_tenant(subscriptions=4, workspaces=2, rules=1, seed=0))


def scan(folder: Path, *extra: str, policy: str = "azure-policy") -> list[str]:
    """Scan, and return the owners in the evidence, in order."""
    with served(TENANT, folder) as (_, options, environment):
        evidence = folder / "evidence.zip"
        arguments = [*options, "--policy", policy, "--format", "csv", "--output", str(folder / "report")]
        code, _, err = run("scan", *arguments, "--evidence", str(evidence), *extra, env=environment)
    assert code in (0, 1), err
    with zipfile.ZipFile(evidence) as archive:
        names = [name for name in archive.namelist() if name.startswith("payloads/")]
        return FOUND.findall("".join(archive.read(name).decode() for name in names))


@given(address=ADDRESS, key=st.binary(min_size=32, max_size=32))
def test_an_address_has_one_pseudonym_under_a_key_and_no_other_scan_has_it(address: str, key: bytes) -> None:
    people = Pseudonyms(key=key)
    assert people.within(f"ask {address}.") == f"ask {people.of(address.upper())}."
    assert FOUND.fullmatch(people.of(address))
    assert people.of(address) not in (pseudonym(address), Pseudonyms().of(address))
    assert Pseudonyms(key=key, named=frozenset({address})).of(address.upper()) == pseudonym(address)


def test_the_key_is_in_no_text_of_the_object() -> None:
    people = Pseudonyms(key=b"the key of the scan")
    assert "key of the scan" not in f"{people} {people!r}"


@pytest.mark.parametrize("extra", [(), ("--workers", "2")], ids=["alone", "workers"])
def test_one_owner_stays_one_owner_in_a_scan_and_nobody_can_compute_the_name(
    extra: tuple[str, ...], tmp_path: Path
) -> None:
    owners = scan(tmp_path, *extra)
    assert len(owners) >= 8
    assert len(set(owners)) == 2
    assert not {pseudonym(ADA), pseudonym(BOB)} & set(owners)
    assert run("verify", str(tmp_path / "evidence.zip"))[0] == 0
    (tmp_path / "again").mkdir()
    assert not set(scan(tmp_path / "again")) & set(owners), "another scan has another key"


def policy_of(folder: Path, address: str) -> str:
    file = folder / f"{address}.yaml"
    text = {
        "name": address.partition("@")[0],
        "description": "Of one owner.",
        "checks": {"NET001": {}},
        "overrides": [{"where": {"tag": {"owner": address}}, "checks": {"NET001": {"severity": "critical"}}}],
    }
    file.write_text(json.dumps(text))
    return str(file)


def test_a_policy_selects_by_the_address_it_names_in_a_scan_and_a_replay(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, "Ada@Example.com")
    assert addresses(loaded([policy], registry())) == {ADA}
    owners = set(scan(tmp_path, policy=policy))
    assert len(owners) == 2
    assert owners & {pseudonym(ADA), pseudonym(BOB)} == {pseudonym(ADA)}
    assert run("verify", str(tmp_path / "evidence.zip"))[0] == 0
    arguments = ["--from", str(tmp_path / "evidence.zip"), "--output", str(tmp_path / "again"), "--policy"]
    assert run("scan", *arguments, policy)[0] == 1
    assert "critical" in (tmp_path / "again" / "findings.csv").read_text()
    code, _, err = run("scan", *arguments, policy_of(tmp_path, BOB))
    assert (code, "no policy in this bundle names" in err) == (2, True), err
