"""The distribution as users install it, and the promises the project makes about its own files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.places import ROOT


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout: the files of the project cannot be told")
    return [ROOT / name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_four_packages_and_their_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"scanner", "checks", "reports", "templates"}
    assert "checks/policies/baseline.yaml" in names
    assert any(name.startswith("templates/") and not name.endswith(".py") for name in names)
    assert "checks/py.typed" in names


def test_the_installed_wheel_audits_the_demo_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False, system_site_packages=False)
    site = next(environment.glob("lib/python*/site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    (site / "dependencies.pth").write_text(str(Path(find_spec("pandas").origin).parents[1]))  # type: ignore[union-attr, arg-type]
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "report.html").write_text("not ours")
    probe = (
        "import checks, reports, scanner, templates; from pathlib import Path; "
        "print({Path(m.__file__).parents[1] for m in (checks, reports, scanner, templates)})"
    )
    python = str(environment / "bin" / "python")
    alone = {**os.environ, "PYTHONPATH": ""}
    where = subprocess.run(
        [python, "-c", probe], cwd=tmp_path, env=alone, capture_output=True, text=True, check=True
    )
    assert where.stdout.count("Path(") == 1
    assert str(site) in where.stdout
    subprocess.run([python, "-m", "scanner", "demo", "-q", "-o", "out"], cwd=tmp_path, env=alone, check=True)
    assert "not ours" not in (tmp_path / "out" / "report.html").read_text()


def test_all_four_packages_resolve_to_one_folder() -> None:
    origins = [find_spec(name) for name in ("scanner", "checks", "reports", "templates")]
    parents = {Path(spec.origin).parents[1] for spec in origins if spec and spec.origin}
    assert len(parents) == 1


def test_no_file_names_a_package_index_as_configuration() -> None:
    hosts = re.compile(r"(index-url|extra-index|find-links|registry\s*=|--index|trusted-host)", re.IGNORECASE)
    suffixes = {".toml", ".lock", ".txt", ".cfg", ".ini", ".yml", ".yaml", ""}
    offending = [
        path
        for path in tracked()
        if path.suffix in suffixes and path.parts[-2] != "cassettes" and hosts.search(path.read_text("utf-8"))
    ]
    assert offending == []


def test_the_readme_names_the_two_commands_and_they_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    makefile = (ROOT / "Makefile").read_text()
    for target in ("demo", "test"):
        assert f"make {target}\n" in readme
        assert f"\n{target}:" in makefile
