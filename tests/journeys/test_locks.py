"""What is installed is what was locked: every dependency, by hash, from no named host."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
IMAGE = "deploy/container/requirements.lock"
LOCKS = ("requirements.lock", "requirements-dev.lock", IMAGE)
TO_BUILD = [text for text in EXTRAS["dev"] if text.startswith(("hatchling", "editables"))]
WANTED = {
    "requirements.lock": [*PROJECT["dependencies"], *TO_BUILD],
    IMAGE: [
        *PROJECT["dependencies"],
        *TO_BUILD,
        *(each for extra in ("archive", "metrics", "timestamp") for each in EXTRAS[extra]),
    ],
    "requirements-dev.lock": [
        *PROJECT["dependencies"],
        *(each for extra in EXTRAS.values() for each in extra),
    ],
}
HASHED = re.compile(r"[a-zA-Z0-9._-]+==[^ ]+( ; [^-]+?)?( +--hash=sha256:[0-9a-f]{64})+")


def entries(lock: str) -> list[str]:
    """Each requirement with its hashes, on one line."""
    joined = (ROOT / lock).read_text("utf-8").replace("\\\n", " ")
    return [line for line in joined.splitlines() if not line.startswith("#")]


def pinned(lock: str) -> dict[str, list[Version]]:
    """Canonical name to its versions: several where markers choose."""
    pins: dict[str, list[Version]] = {}
    for entry in entries(lock):
        requirement = Requirement(entry.partition(" --hash")[0])
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", entry
        pins.setdefault(canonicalize_name(requirement.name), []).append(Version(specifier.version))
    return pins


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_locked_in_a_version_it_allows(lock: str) -> None:
    pins = pinned(lock)
    for text in WANTED[lock]:
        wanted = Requirement(text)
        versions = pins.get(canonicalize_name(wanted.name), [])
        renew = f"{text} is not in {lock}; renew it with: make lock"
        assert versions, renew
        assert all(version in wanted.specifier for version in versions), renew


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_version_has_its_hashes_and_nothing_else(lock: str) -> None:
    for entry in entries(lock):
        assert HASHED.fullmatch(entry), entry


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_a_host_or_a_folder(lock: str) -> None:
    assert not re.search(r"://|/opt|/tmp|/home|--(extra-)?index|--find|--trusted", (ROOT / lock).read_text())


@pytest.mark.parametrize("lock", ["requirements.lock", IMAGE])
def test_the_locks_agree(lock: str) -> None:
    fewer, all_of_it = pinned(lock), pinned("requirements-dev.lock")
    assert {name: all_of_it.get(name) for name in fewer} == fewer


def test_make_installs_from_the_locks_by_hash() -> None:
    for target, lock in (("install", "requirements.lock"), ("install-dev", "requirements-dev.lock")):
        command = ["make", "--dry-run", "--always-make", target, "VENV=nowhere"]
        told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        installs = [line for line in told.splitlines() if " install " in line]
        assert len(installs) == 2
        assert f"--no-deps --require-hashes --requirement {lock}" in installs[0]
        assert "--no-deps --no-build-isolation --editable ." in installs[1]
