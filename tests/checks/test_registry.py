from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from checks.errors import RegistryError
from checks.registry import BUILT_IN, ENTRY_POINT_GROUP, FAMILIES, Family, registry
from tests.support.places import DATA, ROOT

PLUGIN = DATA / "plugin"

LISTING = """
import json
from checks.model import ChosenCheck
from checks.registry import registry
from checks.run import findings
from checks.schema import Tables
checks = registry()
theirs = [check for id, check in checks.items() if id.startswith("CONTOSO")]
rows = [{"workspace_id": "/ws/a", "tags": '{"owner": "x"}'}, {"workspace_id": "/ws/b", "tags": "{}"},
        {"workspace_id": "/ws/c"}]
chosen = [ChosenCheck(check=check, severity=check.severity, params=check.params()) for check in theirs]
found = findings(Tables.of(workspaces=rows), chosen)
print(json.dumps({"ids": list(checks), "theirs": [c.id for c in theirs], "statuses": list(found["status"])}))
"""


def run(code: str, *places: Path) -> subprocess.CompletedProcess[str]:
    paths = [str(ROOT), *map(str, places)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )


def installed(into: Path, *, source: Path) -> Path:
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-index",
            "--no-deps",
            "--no-build-isolation",
            "--target",
            str(into),
            str(source),
        ],
        check=True,
    )
    return into


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source") / "plugin"
    shutil.copytree(PLUGIN, source)
    return installed(tmp_path_factory.mktemp("site"), source=source)


def wheel(folder: Path, *, entry_point: str, code: str) -> Path:
    """A minimal wheel written by hand, for plug-ins that are broken on purpose."""
    path = folder / "broken_plugin-1.0-py3-none-any.whl"
    dist_info = "broken_plugin-1.0.dist-info"
    files: Mapping[str, str] = {
        "broken_plugin.py": code,
        f"{dist_info}/METADATA": "Metadata-Version: 2.1\nName: broken-plugin\nVersion: 1.0\n",
        f"{dist_info}/WHEEL": "Wheel-Version: 1.0\nGenerator: me\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{dist_info}/entry_points.txt": f"[{ENTRY_POINT_GROUP}]\nbroken = {entry_point}\n",
        f"{dist_info}/RECORD": "",
    }
    with ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_an_installed_plugin_is_listed_and_answers(plugin: Path) -> None:
    ran = run(LISTING, plugin)
    assert ran.returncode == 0, ran.stderr
    listed = json.loads(ran.stdout)
    assert listed["theirs"] == ["CONTOSO001"]
    assert listed["ids"] == sorted([*registry(), "CONTOSO001"])
    assert listed["statuses"] == ["pass", "fail", "unknown"]


def test_without_the_plugin_its_check_is_not_there() -> None:
    assert not [id for id in registry() if id.startswith("CONTOSO")]


def test_every_built_in_check_is_listed_once() -> None:
    assert set(registry()) >= {check.id for check in BUILT_IN}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.CHECKS[0].family)
def test_a_family_lists_its_own_checks_by_id_and_describes_them(family: Family) -> None:
    ids = [check.id for check in family.CHECKS]
    assert ids == sorted(ids)
    assert len({check.family for check in family.CHECKS}) == 1
    assert family.DESCRIPTION.strip(" .") == family.DESCRIPTION != ""


@pytest.mark.parametrize(
    ("entry_point", "code", "message"),
    [
        ("broken_plugin:check", "raise RuntimeError('no luck')", "RuntimeError: no luck"),
        ("broken_plugin:absent", "", "AttributeError"),
        ("broken_plugin:check", "check = 7", "neither a Check nor an iterable of Checks"),
        ("broken_plugin:check", "check = []", "neither a Check nor an iterable of Checks"),
        (
            "broken_plugin:check",
            "from checks.families.inbound.public_access import CHECKS as check",
            "Two checks claim the id NET001: one from azml-audit, one from broken-plugin",
        ),
    ],
)
def test_a_plugin_that_cannot_be_used_refuses_to_start_and_is_named(
    tmp_path: Path, entry_point: str, code: str, message: str
) -> None:
    site = installed(tmp_path / "site", source=wheel(tmp_path, entry_point=entry_point, code=code))
    ran = run("from checks.registry import registry; registry()", site)
    assert ran.returncode != 0
    assert message in ran.stderr
    assert "broken-plugin" in ran.stderr


def test_a_registry_error_is_the_kind_users_are_shown() -> None:
    assert issubclass(RegistryError, Exception)
    with pytest.raises(ValueError, match="NET1"):
        replace(BUILT_IN[0], id="NET1")


def test_the_prose_of_a_fix_has_no_placeholders() -> None:
    fix = BUILT_IN[0].remediation
    for prose in (
        replace(fix, summary="Close {{workspace}}."),
        replace(fix, caution="{{workspace}} closes."),
    ):
        with pytest.raises(ValueError, match="placeholders in its commands only"):
            replace(BUILT_IN[0], remediation=prose)


@pytest.mark.parametrize(
    ("check_id", "framework", "wanted"),
    [
        ("CMP007", "CIS Controls 8.1", {"6.1", "6.2"}),
        ("CMP008", "CIS Controls 8.1", {"18.4", "18.5"}),
        ("SEC004", "NIST SP 800-53 r5", {"AU-2", "AU-12(1)"}),
    ],
)
def test_controls_that_were_missing_are_named(check_id: str, framework: str, wanted: set[str]) -> None:
    assert wanted <= set(registry()[check_id].controls[framework])
