"""The catalogue of checks as it is sealed, with digests of the code that decides."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from hashlib import sha256
from importlib.resources import files
from inspect import getsource
from typing import Any

from checks.model import Check

_TABULATING = frozenset(
    {
        *(
            "answers.py",
            "api_versions.py",
            "associated.py",
            "collection.py",
            "completeness.py",
            "diagnosis.py",
            "gaps.py",
        ),
        *("listings.py", "payloads.py", "provenance.py", "scope.py", "tabulate.py", "wire.py"),
    }
)
"""The modules that make tables of payloads, beside those of rows."""


def catalogue(checks: Mapping[str, Check]) -> dict[str, Any]:
    """What is sealed of the checks, by id, and of the code they share.

    `code` of a check is the SHA-256 of the source of the module that holds its function, null where there is
    no source. `shared` are those of the whole package `checks` and of what makes tables of payloads.
    """
    return {
        "checks": [_described(check) for _, check in sorted(checks.items())],
        "shared": {
            "checks": _digest(_sources("checks")),
            "tables": _digest(
                source
                for source in _sources("scanner")
                if source[0] in _TABULATING or source[0].endswith("_rows.py")
            ),
        },
    }


def code_changes(sealed: Mapping[str, Any], installed: Mapping[str, Any]) -> list[str]:
    """In words, where the code that is installed is not the code that was sealed. Sorted."""
    was, now = (
        {each["id"]: each["code"] for each in catalogue["checks"]} for catalogue in (sealed, installed)
    )
    both = sorted(was.keys() & now)
    changed = [f"{check_id} was decided by other code" for check_id in both if was[check_id] != now[check_id]]
    missing = [f"{check_id} is not installed" for check_id in sorted(was.keys() - now)]
    shared = [
        f"the code that {what} is another"
        for name, what in (("checks", "checks share"), ("tables", "makes the tables"))
        if sealed["shared"][name] != installed["shared"][name]
    ]
    return changed + missing + shared


def misdescribed(sealed: Mapping[str, Any], installed: Mapping[str, Any]) -> list[str]:
    """The ids of checks that are described otherwise than the very code that was sealed describes them."""
    if sealed["shared"]["checks"] != installed["shared"]["checks"]:
        return []
    now = {each["id"]: each for each in installed["checks"]}
    same = [
        each
        for each in sealed["checks"]
        if each["code"] and now.get(each["id"], {}).get("code") == each["code"]
    ]
    return sorted(each["id"] for each in same if each != now[each["id"]])


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


def _sources(package: str) -> list[tuple[str, bytes]]:
    """The modules at the top of a package with their source, line ends as on Unix."""
    return sorted(
        (entry.name, entry.read_bytes().replace(b"\r\n", b"\n"))
        for entry in files(package).iterdir()
        if entry.name.endswith(".py")
    )


def _digest(sources: Iterable[tuple[str, bytes]]) -> str:
    listed = "".join(f"{sha256(source).hexdigest()}  {name}\n" for name, source in sources)
    return sha256(listed.encode()).hexdigest()
