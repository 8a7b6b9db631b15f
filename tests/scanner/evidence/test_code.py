"""Digests of the installed code: every file has its own, and a changed byte changes that one alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import pytest

import checks
import reports
import scanner
from checks.contract.tables import Tables
from checks.registry import BUILT_IN
from scanner.evidence.code import catalogue, file_digests
from tests.support.places import ROOT

PACKAGES: tuple[ModuleType, ...] = (checks, reports, scanner)
BY_ID = {check.id: check for check in BUILT_IN}


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Copies of the installed packages."""
    folder = tmp_path_factory.mktemp("installed")
    for package in PACKAGES:
        installed = Path(str(package.__file__)).parent
        shutil.copytree(
            installed, folder / package.__name__, ignore=shutil.ignore_patterns("__pycache__", ".*")
        )
    return {package.__name__: folder / package.__name__ for package in PACKAGES}


def test_a_changed_byte_changes_the_digest_of_its_file_alone(roots: Mapping[str, Path]) -> None:
    before = file_digests(roots)
    for name, digest in before.items():
        file = next(iter(roots.values())).parent / name
        content = file.read_bytes()
        file.write_bytes(bytes([content[0] ^ 1]) + content[1:] if content else b"#")
        after = file_digests(roots)
        file.write_bytes(content)
        assert after.pop(name) != digest
        assert after == {other: kept for other, kept in before.items() if other != name}
    assert file_digests(roots) == before


def test_a_new_file_has_a_digest_and_cached_bytecode_has_none(roots: Mapping[str, Path]) -> None:
    before = file_digests(roots)
    new = roots["scanner"] / "deep" / "deeper" / "module.py"
    new.parent.mkdir(parents=True)
    new.write_bytes(b"")
    cached = roots["scanner"] / "__pycache__" / "module.cpython-311.pyc"
    cached.parent.mkdir()
    cached.write_bytes(b"")
    after = file_digests(roots)
    shutil.rmtree(roots["scanner"] / "deep")
    shutil.rmtree(cached.parent)
    assert after.keys() - before.keys() == {"scanner/deep/deeper/module.py"}


def test_line_ends_of_windows_do_not_change_a_digest(roots: Mapping[str, Path]) -> None:
    before = file_digests(roots)
    file = roots["scanner"] / "__init__.py"
    content = file.read_bytes()
    file.write_bytes(content.replace(b"\n", b"\r\n"))
    after = file_digests(roots)
    file.write_bytes(content)
    assert b"\n" in content
    assert after == before


def test_every_module_that_a_scan_imports_is_sealed() -> None:
    """Python itself names them, so no folder is left out."""
    sealed = catalogue(BY_ID)["files"]
    program = (
        "import sys, pkgutil, importlib, checks, reports, scanner\n"
        "for package in (checks, reports, scanner):\n"
        "    for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        found.name.endswith('__main__') or importlib.import_module(found.name)\n"
        "print(*(module.__file__ for name, module in list(sys.modules.items())\n"
        "        if name.partition('.')[0] in ('checks', 'reports', 'scanner')), sep='\\n')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    parent = Path(str(scanner.__file__)).parents[1]
    imported = {Path(line).relative_to(parent).as_posix() for line in ended.stdout.splitlines()}
    assert len(imported) > 100
    assert imported - sealed.keys() == set()


def test_the_code_of_a_built_in_check_is_the_file_of_its_module() -> None:
    installed = catalogue(BY_ID)
    assert len(installed["checks"]) == len(BUILT_IN)
    for each in installed["checks"]:
        name = each["module"].replace(".", "/")
        digests = [installed["files"].get(f"{name}{end}") for end in (".py", "/__init__.py")]
        assert each["code"] in digests, each["id"]


def test_the_code_of_a_plug_in_check_is_the_file_of_its_own_module() -> None:
    plug_in = replace(BUILT_IN[0], id="CON001", function=_decided_here)
    alone, both = catalogue(BY_ID), catalogue({**BY_ID, plug_in.id: plug_in})
    (described,) = (each for each in both["checks"] if each["id"] == plug_in.id)
    assert described["code"] == sha256(Path(__file__).read_bytes()).hexdigest()
    assert both["files"] == alone["files"]


def _decided_here(_tables: Tables, _params: object) -> NoReturn:
    raise NotImplementedError


def test_files_are_found_through_importlib(roots: Mapping[str, Path]) -> None:
    assert catalogue({})["files"] == file_digests({name: files(name) for name in roots})
    assert catalogue({})["files"] == file_digests(roots)
