"""No secret and no person in an answer of Azure reaches anything that is written, and no fact changes."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
import typer
import yaml

from scanner.choices import LogLevel, TextFormat
from scanner.cli.boundary import run as run_command
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.tenant import Tenant
from scanner.payloads.bodies import parsed
from scanner.payloads.payload import Payload
from scanner.payloads.people import Pseudonyms
from scanner.payloads.redaction import redacted
from scanner.payloads.spool import Spool
from scanner.terminal import Terminal
from tests.support.cassette_player import CASSETTES, FILE_NAME
from tests.support.command_line import run, served
from tests.support.planted import Plant, plant, plants, texts_below
from tests.support.scanning import NOON

COUNT = 200
FORMATS = "html,csv,json,sarif,ocsf,oscal,junit,markdown,xlsx"
FACTS = ["check_id", "resource_id", "status", "verdict"]
BODIES = [
    (f"{path.parent.name}-{number}", answer["response"]["body"].get("string") or "")
    for path in sorted(CASSETTES.rglob(FILE_NAME))
    for number, answer in enumerate(
        yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)["interactions"]
    )
]


@pytest.mark.parametrize("name", sorted({name.rpartition("-")[0] for name, _ in BODIES}))
def test_no_plant_in_a_recorded_body_is_kept_in_the_spool(name: str, tmp_path: Path) -> None:
    random = Random(name)
    planted = plants(COUNT, random)
    for key, text in BODIES:
        document = json.loads(text) if text[:1] in ("{", "[") else None
        if key.rpartition("-")[0] != name or not document:
            continue
        body = json.dumps(plant(document, planted, random), ensure_ascii=random.random() < 0.5).encode()
        kept, pointers = redacted(body, parsed(body), Pseudonyms())
        assert len(pointers) >= 1
        assert found(planted, spooled(kept, tmp_path)) == []


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The same scan of the demo tenant without and with plants, in folders of their own."""
    random = Random(15)
    planted = plants(COUNT, random)
    tenant = demo_tenant()
    results = {}
    for name, each in (("plain", tenant), ("planted", planted_in(tenant, planted, random))):
        folder = tmp_path_factory.mktemp(name)
        message = " ".join(plant.text for plant in planted[:12]) if name == "planted" else "Refused."
        refused = Fault(
            kind=FaultKind.STATUS,
            status=403,
            code="AuthorizationFailed",
            route="diagnosticSettings",
            message=message,
        )
        with served(each, folder, *each.default_faults, refused) as (_, options, environment):
            arguments = ["--output", str(folder / "report"), "--format", FORMATS, "--collect", "all"]
            arguments += ["--evidence", str(folder / "evidence"), "--log-level", "debug"]
            code, out, err = run("scan", *options, *arguments, env=environment)
        results[name] = (folder, code, out, err)
    return {"planted": planted, "results": results}


def test_no_plant_in_a_tenant_is_in_a_report_the_evidence_or_a_log(scans: dict[str, Any]) -> None:
    folder, code, out, err = scans["results"]["planted"]
    assert code in (1, 3), err
    texts = [*texts_below(folder), ("stdout", out), ("stderr", err)]
    assert "azml_audit" in err
    assert any("[redacted]" in text for _, text in texts)
    for name, text in texts:
        assert found(scans["planted"], text) == [], name


def test_plants_change_no_verdict(scans: dict[str, Any]) -> None:
    plain, planted = (verdicts(scans["results"][name][0]) for name in ("plain", "planted"))
    assert len(plain) > 100
    pd.testing.assert_frame_equal(plain, planted)


def test_evidence_of_a_redacted_scan_replays(scans: dict[str, Any], tmp_path: Path) -> None:
    folder, code, _, _ = scans["results"]["planted"]
    again, _, err = run(
        "scan", "--from", str(folder / "evidence"), "--output", str(tmp_path / "again"), "--format", "csv"
    )
    assert again == code, err
    pd.testing.assert_frame_equal(verdicts(folder), verdicts(tmp_path / "again", report=""))


def planted_in(tenant: Tenant, planted: list[Plant], random: Random) -> Tenant:
    """The tenant with every plant in a random resource of it."""
    resources = list(tenant.resources)
    for each in planted:
        place = random.randrange(len(resources))
        body = plant(resources[place].body, [each], random)
        listed = resources[place].listed
        resources[place] = replace(
            resources[place], body=body, listed=listed and plant(listed, [each], random)
        )
    return replace(tenant, resources=tuple(resources))


def verdicts(folder: Path, report: str = "report") -> pd.DataFrame:
    frame = pd.read_csv(folder / report / "findings.csv", dtype=str)
    columns = [name for name in FACTS if name in frame]
    return frame[columns].sort_values(columns).reset_index(drop=True)


def found(planted: list[Plant], text: str) -> list[str]:
    return [each.text for each in planted if each.core in text]


def spooled(body: bytes, folder: Path) -> str:
    """What the spool of an unfinished scan holds of an answer."""
    payload = Payload(
        kind="workspaces", scope="/subscriptions/x", subscription_id="x", url="https://management.azure.com/x",
        api_version="1", status=200, retrieved_at=NOON, body=body,
    )  # fmt: skip
    with Spool(folder / "report", clock=lambda: NOON, max_age=timedelta(hours=1), resume=False) as spool:
        spool.begin("key")
        spool.append(payload)
        return (folder / ".report.payloads").read_text("utf-8")


@pytest.mark.parametrize("log_format", list(TextFormat))
@pytest.mark.parametrize("level", list(LogLevel))
def test_no_plant_in_a_log_line_or_a_crash_is_shown(
    level: LogLevel, log_format: TextFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    planted = plants(COUNT, Random(level.value))

    def command(_terminal: Terminal) -> int:
        for number, each in enumerate(planted):
            logging.getLogger("azure").log((10, 20, 30, 40)[number % 4], "answer: %s", each.text)
        raise RuntimeError("\n".join(each.text for each in planted))

    with pytest.raises(typer.Exit) as ended:
        run_command(command, level, log_format)
    assert ended.value.exit_code == 4
    output = "".join(capsys.readouterr())
    assert "internal error" in output
    assert "[redacted]" in output
    assert found(planted, output) == []
