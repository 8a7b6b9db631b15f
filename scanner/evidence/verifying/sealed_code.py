"""Compare the code and the libraries that sealed a bundle with the installed ones, and judge differences by that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from checks.model import Check
from scanner.evidence.bounded_json import bounded
from scanner.evidence.code import (
    CHECKS,
    catalogue,
    catalogue_in,
    code_changes,
    file_changes,
    library_changes,
    misdescribed,
)
from scanner.evidence.opening import Bundle
from scanner.evidence.statement import ScanRecord, Statement
from scanner.evidence.verifying.derivation import Derivation
from scanner.evidence.verifying.steps import Step
from scanner.version import VERSION

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,60}")


@dataclass(frozen=True)
class SealedCode:
    """The sealed and the installed catalogue, and what the statement records about the tool."""

    sealed: Mapping[str, Any]
    installed: Mapping[str, Any]
    record: ScanRecord

    @staticmethod
    def of(bundle: Bundle, statement: Statement, registry: Mapping[str, Check]) -> SealedCode:
        """Read the catalogue of a bundle. Raises EvidenceError if azml-audit writes no such catalogue."""
        return SealedCode(catalogue_in(bounded(bundle, CHECKS)), catalogue(registry), statement.record)

    @cached_property
    def files(self) -> dict[str, str]:
        """Each file that differs."""
        return file_changes(self.sealed, self.installed)

    def wrong_checks(self, found: Derivation) -> Iterator[str]:
        """Yield a text for every check that the sealed catalogue describes falsely or leaves out."""
        for check_id in misdescribed(self.sealed, self.installed):
            yield f"{CHECKS}: {check_id} is described otherwise than the code with its digest describes it."
        used = {check_id for verdict in found.audit.verdicts for check_id in verdict.checks}
        for check_id in sorted(used - {each["id"] for each in self.sealed["checks"]}):
            yield f"{CHECKS}: {check_id} is missing: the policies ask for it."

    def step(self, false: tuple[str, ...], differences: tuple[str, ...], holds: tuple[str, ...]) -> Step:
        """Return the step of the derivation. `false` is false whatever code derived the bundle.

        Other code or libraries may derive other tables, so with these a difference proves nothing. Other code with
        the installed version number may have redacted or judged otherwise, so with it equal tables prove nothing.
        """
        is_unknown_code = self.record.tool_version == VERSION and bool(self.files)
        notes = self._notes()
        if false or not notes:
            wrong = (*false, *differences)
            return Step(name="derivation", wrong=wrong, holds=() if wrong else holds, open=notes)
        if differences or is_unknown_code:
            cannot = (self._unknown_code() if is_unknown_code else self._install(), *differences)
            return Step(name="derivation", cannot=cannot, open=notes)
        return Step(name="derivation", holds=holds, open=notes)

    def _notes(self) -> tuple[str, ...]:
        """Return a text for every difference between what sealed the bundle and what is installed."""
        code, libraries = self._changes, library_changes(self.record.libraries)
        notes = [f"The installed code is not the sealed code: {each}." for each in code]
        if libraries:
            notes.append(f"The installed libraries are not the sealed ones: {', '.join(libraries)}.")
        if self.record.tool_version != VERSION:
            notes.append(f"Sealed by azml-audit {self.record.tool_version}, derived again by {VERSION}.")
        return tuple(notes)

    @cached_property
    def _changes(self) -> list[str]:
        return code_changes(self.sealed, self.installed)

    def _install(self) -> str:
        return (
            "This installation derives another result. Install what sealed the bundle and verify again: "
            f"pip install {_pins(self.record)}"
        )

    def _unknown_code(self) -> str:
        return (
            f"The bundle claims azml-audit {VERSION}, which is installed here, and its code differs: "
            f"{'; '.join(self._changes)}. Such code may have redacted or judged otherwise. Install the release and "
            f"verify again: pip install --force-reinstall {_pins(self.record)} If files differ then, too, the code "
            "that sealed the bundle is not that release."
        )


def _pins(record: ScanRecord) -> str:
    """Return what pip installs. A name or version that a shell could read as something else is left out."""
    own = record.tool_version
    pins = [f"'azml-audit=={own}'" if _WORD.fullmatch(own) else "azml-audit"]
    for name, version in record.libraries.items():
        if _WORD.fullmatch(name) and _WORD.fullmatch(version):
            pins.append(f"'{name}=={version}'")
    return " ".join(pins)
