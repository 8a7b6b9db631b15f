"""What is documented is what runs: the generated documents, and the code of the guide."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from checks.registry import BUILT_IN, registry
from scanner.documentation import documents
from scanner.policies import loaded, shipped
from tests.support.places import DATA, ROOT


@pytest.mark.parametrize("name", sorted(documents(ROOT)))
def test_generated_documents_are_those_committed(name: str) -> None:
    assert (ROOT / name).read_text() == documents(ROOT)[name], f"{name} is stale; renew it with: make docs"


def anchor(heading: str) -> str:
    """Return the anchor that GitHub makes of a heading."""
    return "".join(each for each in heading.lower().replace(" ", "-") if each.isalnum() or each in "-_")


def test_the_index_of_checks_links_every_check_by_family_and_by_severity() -> None:
    page = documents(ROOT)["docs/checks.md"]
    index, _, sections = page.partition("\n## NET: ")
    headings = re.findall(r"^### (.*)$", sections, re.MULTILINE)
    links = re.findall(r"\[([A-Z]{3}\d{3})\]\(#([^)]*)\)", index)
    assert {target for _, target in links} == {anchor(heading) for heading in headings}
    assert headings == [f"{check.id}: {check.title}" for check in BUILT_IN]
    policies = loaded(shipped(), registry())
    for check in BUILT_IN:
        chosen = sum(check.id in {each.check.id for each in policy.checks} for policy in policies)
        assert [id for id, _ in links].count(check.id) == 2 + chosen


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


def test_the_policy_of_the_guide_is_valid(tmp_path: Path) -> None:
    (policy,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/policies.md").read_text(), re.DOTALL)
    (tmp_path / "guide.yaml").write_text(policy)
    (loaded_policy,) = loaded([str(tmp_path / "guide.yaml")], registry())
    assert loaded_policy.policy.name == "production"
