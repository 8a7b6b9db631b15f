"""What is documented is what runs: the generated documents, and the code of the guide."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from checks.registry import BUILT_IN, registry
from scanner.cli.main import app
from scanner.documentation import documents
from scanner.policies import loaded
from tests.support.places import DATA, ROOT


@pytest.mark.parametrize("name", sorted(documents(ROOT)))
def test_generated_documents_are_those_committed(name: str) -> None:
    assert (ROOT / name).read_text() == documents(ROOT)[name], f"{name} is stale; renew it with: make docs"


def test_every_built_in_check_has_a_section_and_a_line() -> None:
    written = documents(ROOT)
    for check in BUILT_IN:
        assert f"### {check.id}: {check.title}" in written["docs/checks.md"]
        assert f"| {check.id} | {check.severity.value} |" in written["README.md"]


def blocks(language: str) -> list[str]:
    guide = (ROOT / "docs" / "write-a-check.md").read_text()
    return re.findall(rf"```{language}\n(.*?)```", guide, re.DOTALL)


def test_the_guides_plug_in_is_the_one_the_tests_install() -> None:
    check, _ = blocks("python")
    (project,) = blocks("toml")
    assert check == (DATA / "plugin" / "contoso_azml_checks.py").read_text()
    assert project == (DATA / "plugin" / "pyproject.toml").read_text()


def test_the_guides_test_passes() -> None:
    _, code = blocks("python")
    paths = os.pathsep.join([str(ROOT), str(DATA / "plugin")])
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": paths}, check=True)


def test_the_readmes_policy_is_valid(tmp_path: Path) -> None:
    (policy,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (tmp_path / "readme.yaml").write_text(policy)
    (loaded_policy,) = loaded([str(tmp_path / "readme.yaml")], registry())
    assert loaded_policy.policy.name == "production"


def test_checks_show_prints_what_the_documentation_says() -> None:
    result = CliRunner().invoke(app, ["checks", "show", "OBR005"])
    written = (ROOT / "docs" / "checks.md").read_text()
    assert result.stdout.strip().removeprefix("# ") in written
