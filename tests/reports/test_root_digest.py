"""The root digest of the evidence is in every format, and OSCAL and OCSF lead to the payloads behind a finding."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from reports.formats.registry import RENDERERS
from scanner.emulator.tenants.generated import generated_tenant
from scanner.evidence.deciding import place_in
from tests.support.command_line import run, scanned

TENANT = generated_tenant(subscriptions=1, workspaces=2, rules=2, seed=4)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """The reports of a scan, its bundle and the root digest."""
    folder = tmp_path_factory.mktemp("made")
    bundle = folder / "evidence.zip"
    extra = ("--evidence", str(bundle), "--format", ",".join(RENDERERS))
    _, out, error = scanned(TENANT, folder, extra=extra)
    assert "Root digest: " in out, error
    return folder / "report", bundle, out.partition("Root digest: ")[2].split()[0]


def content_of(report: Path, name: str) -> str:
    """The texts of a format's files."""
    texts = []
    for path in sorted(report.iterdir()):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                texts += [(path.name, book.read(each).decode("utf-8", "replace")) for each in book.namelist()]
        elif path.is_file():
            texts.append((path.name, path.read_text("utf-8", "replace")))
    return "".join(text for file, text in texts if file in FILES[name] or Path(file).suffix in FILES[name])


FILES = {
    "html": {".html"},
    "csv": {".csv"},
    "json": {"report.json"},
    "sarif": {".sarif"},
    "ocsf": {"report.ocsf.jsonl"},
    "oscal": {"report.oscal.json"},
    "junit": {".xml"},
    "markdown": {".md"},
    "xlsx": {".xlsx"},
}


@pytest.mark.parametrize("name", RENDERERS)
def test_the_root_digest_is_in_every_format(name: str, made: tuple[Path, Path, str], tmp_path: Path) -> None:
    report, bundle, root = made
    assert root in content_of(report, name)
    run("report", str(bundle), "--format", name, "--output", str(tmp_path / "again"))
    assert root in content_of(tmp_path / "again", name)


def resolved(urn: str, bundle: Path, root: str) -> Any:
    """The place in a payload that a URN leads to."""
    prefix = f"urn:azml-audit:evidence:{root}:"
    assert urn.startswith(prefix)
    identity, _, pointer = urn.removeprefix(prefix).partition("#")
    with zipfile.ZipFile(bundle) as archive:
        names = [name for name in archive.namelist() if name.startswith("payloads/")]
        lines = [json.loads(line) for name in names for line in archive.read(name).splitlines()]
    (line,) = [line for line in lines if line.get("id") == identity]
    return place_in(json.loads(line["body"]), pointer)


def test_ocsf_and_oscal_lead_to_the_payloads_behind_a_finding(made: tuple[Path, Path, str]) -> None:
    report, bundle, root = made
    lines = (report / "report.ocsf.jsonl").read_text("utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    event = next(each for each in events if each["finding_info"]["types"] == ["NET006"])
    place = resolved(event["unmapped"]["evidence"][0], bundle, root)
    assert place["id"].lower() == event["resources"][0]["uid"].lower()
    results = json.loads((report / "report.oscal.json").read_text())["assessment-results"]["results"]
    observations = [each for each in results[0]["observations"] if "relevant-evidence" in each]
    needed = [each for each in events if each["compliance"]["status_code"] in ("fail", "unknown", "error")]
    assert len(observations) == len(needed) > 0
    assert resolved(observations[0]["relevant-evidence"][0]["href"], bundle, root)
