"""Describe the checks and the code that decides, for `checks.json` of an evidence bundle.

Sealing writes the catalogue. Verification compares it with the catalogue of the installed code.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from inspect import getsource
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from checks.counting import counted
from checks.model import Check
from scanner.errors import EvidenceError

CHECKS = "checks.json"
"""The file of the catalogue in a bundle."""

_PACKAGES = ("checks", "reports", "scanner")
_FOLDERS = tuple(f"{package}/" for package in _PACKAGES)
_NAMED = 10
_DECIDING = (
    *("azure-core", "azure-identity", "azure-mgmt-core", "aiohttp", "msgspec", "numpy", "pandas"),
    *("publicsuffixlist", "pyarrow", "pydantic", "PyYAML"),
)
"""The libraries that read, judge or write the sealed files."""


def installed_libraries() -> dict[str, str]:
    """Return the installed versions of the libraries that read, judge or write the sealed files."""
    return {name: found for name in _DECIDING if (found := _version(name))}


def library_changes(sealed: Mapping[str, str]) -> list[str]:
    """Return a text for each library that is installed in another version than the sealed one."""
    installed = installed_libraries()
    return [
        f"{name} {sealed.get(name, 'is not sealed')}, here {installed.get(name, 'not installed')}"
        for name in sorted(sealed.keys() | installed.keys())
        if sealed.get(name) != installed.get(name)
    ]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def catalogue(checks: Mapping[str, Check]) -> dict[str, Any]:
    """Return what a bundle seals of the checks, sorted by id, and of the installed packages.

    `code` of a check is the SHA-256 of the source of the module that holds its function, null if there is no
    source. `files` maps every file of the packages to its SHA-256.
    """
    return {
        "checks": [_described(check) for _, check in sorted(checks.items())],
        "files": file_digests({package: files(package) for package in _PACKAGES}),
    }


def catalogue_bytes(described: Mapping[str, Any]) -> bytes:
    """Return the sealed form of a catalogue."""
    return json.dumps(described, indent=1, sort_keys=True).encode() + b"\n"


class _Described(BaseModel):
    """The members of a check in a sealed catalogue."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str
    title: str
    over: str
    severity: str
    reads: list[str]
    rows_known_by: list[str]
    parameters: dict[str, Any]
    controls: dict[str, list[str]]
    references: list[str]
    rationale: str
    module: str
    code: str | None


class _Catalogue(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    checks: list[_Described]
    files: dict[str, str]


def catalogue_in(text: bytes) -> dict[str, Any]:
    """Return the catalogue of a bundle. Raises EvidenceError if azml-audit writes no such catalogue."""
    try:
        read = _Catalogue.model_validate(json.loads(text)).model_dump()
        is_exact = catalogue_bytes(read) == text
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise EvidenceError(f"{CHECKS} is altered: {place}: {first['msg']}.") from error
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"{CHECKS} is altered: it is no JSON ({error!r}).") from error
    ids = [each["id"] for each in read["checks"]]
    if not is_exact or ids != sorted(set(ids)):
        raise EvidenceError(f"{CHECKS} is altered: it is not written as azml-audit writes it.")
    for each in read["checks"]:
        module = each["module"].replace(".", "/")
        digests = [read["files"].get(f"{module}{end}") for end in (".py", "/__init__.py")]
        if module.startswith(_FOLDERS) and each["code"] not in digests:
            raise EvidenceError(
                f"{CHECKS} is altered: the code of {each['id']} is not that of {each['module']}."
            )
    return read


def file_digests(roots: Mapping[str, Traversable]) -> dict[str, str]:
    """Return the SHA-256 of every file below each root, such as `checks/policy/judge.py` of the root `checks`.

    Data files decide too, so modules are not enough. Line ends count as on Unix.
    """
    return {
        name: sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
        for package, root in sorted(roots.items())
        for name, file in sorted(_files(package, root))
    }


def file_changes(sealed: Mapping[str, Any], installed: Mapping[str, Any]) -> dict[str, str]:
    """Return each file that differs: `changed`, `not installed` or `not sealed`. Sorted by name."""
    was, now = sealed["files"], installed["files"]
    changes = {name: "changed" for name in was.keys() & now if was[name] != now[name]}
    changes |= dict.fromkeys(was.keys() - now, "not installed")
    changes |= dict.fromkeys(now.keys() - was, "not sealed")
    return dict(sorted(changes.items()))


def code_changes(sealed: Mapping[str, Any], installed: Mapping[str, Any]) -> list[str]:
    """Return a text for each difference between the installed and the sealed code."""
    was, now = (
        {each["id"]: each["code"] for each in catalogue["checks"]} for catalogue in (sealed, installed)
    )
    both = sorted(was.keys() & now)
    changed = [f"{check_id} was decided by other code" for check_id in both if was[check_id] != now[check_id]]
    missing = [f"{check_id} is not installed" for check_id in sorted(was.keys() - now)]
    return changed + missing + _named(file_changes(sealed, installed))


def misdescribed(sealed: Mapping[str, Any], installed: Mapping[str, Any]) -> list[str]:
    """Return the ids of checks whose sealed description differs, or is missing, although their code does not differ.

    The code of a built-in check is in the sealed files. That of a plug-in check is in its description alone.
    """
    if any(name.startswith("checks/") for name in file_changes(sealed, installed)):
        return []
    was, now = ({each["id"]: each for each in described["checks"]} for described in (sealed, installed))
    built_in = {name for name, each in now.items() if each["module"].replace(".", "/").startswith(_FOLDERS)}
    same = {name for name in was.keys() & now if was[name]["code"] and was[name]["code"] == now[name]["code"]}
    return sorted(name for name in built_in | same if was.get(name) != now[name])


def _described(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "title": check.title,
        "over": check.over,
        "severity": check.severity.value,
        "reads": list(check.reads),
        "rows_known_by": list(check.rows_known_by),
        "parameters": check.params().model_dump(mode="json"),
        "controls": {name: list(found) for name, found in sorted(check.controls.items())},
        "references": list(check.references),
        "rationale": check.rationale,
        "module": check.function.__module__,
        "code": _code_of(check),
    }


def _code_of(check: Check) -> str | None:
    module = sys.modules.get(check.function.__module__)
    try:
        return sha256(getsource(module).encode()).hexdigest() if module else None
    except OSError:
        return None


def _files(folder: str, content: Traversable) -> Iterator[tuple[str, Traversable]]:
    """Walk a folder, without hidden files and the bytecode that Python caches."""
    for entry in content.iterdir():
        name = f"{folder}/{entry.name}"
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        if entry.is_dir():
            yield from _files(name, entry)
        else:
            yield name, entry


def _named(changes: Mapping[str, str]) -> list[str]:
    """Return one line that names the first files that differ and counts the others, no line if none differs."""
    if not changes:
        return []
    named = [f"{name} ({change})" for name, change in list(changes.items())[:_NAMED]]
    more = [f"and {len(changes) - _NAMED} more"] if len(changes) > _NAMED else []
    count = counted(len(changes), "file differs", "files differ")
    return [f"{count}: {', '.join([*named, *more])}"]
