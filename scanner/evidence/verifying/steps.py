"""The result of verifying a bundle: its steps and the level of assurance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scanner.choices import ExitCode
from scanner.evidence.verifying.levels import Level


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the verification.

    `wrong` is altered or false, `holds` is true, `open` was not verified. `cannot` could not be derived by
    the installed code, with the reason and what to install.
    """

    name: str
    wrong: tuple[str, ...] = ()
    cannot: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


@dataclass
class Verification:
    """The steps of a verification, and the level of assurance that it reached, None if it failed."""

    root: str = ""
    steps: list[Step] = field(default_factory=list)
    level: Level | None = None
    is_as_expected: bool = False
    """True if expectations were given. If one is not met, the verification fails."""
    code: Mapping[str, str] = field(default_factory=dict)
    """Each file of the installed code that differs from the sealed one, with `changed` or where it is missing."""

    @property
    def holds(self) -> bool:
        """Return whether every step was carried out and found no problem."""
        return bool(self.steps) and self.exit_code == ExitCode.SATISFIED

    @property
    def exit_code(self) -> ExitCode:
        """Return 1 if something is altered or false, 3 if something cannot be derived, else 0."""
        if any(step.wrong for step in self.steps):
            return ExitCode.VIOLATED
        return ExitCode.INCOMPLETE if any(step.cannot for step in self.steps) else ExitCode.SATISFIED

    @property
    def conclusion(self) -> str:
        """Return the assurance in words, such as "signed, as expected (…)"; "" if the verification failed."""
        if self.level is None:
            return ""
        return f"{self.level}{', as expected' if self.is_as_expected else ''} ({self.level.meaning})"
