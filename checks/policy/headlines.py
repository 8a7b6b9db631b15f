"""Sentences that count workspaces: what a policy found, in the words that people ask for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pandas as pd

from checks.model import ChosenCheck, Status
from checks.policy.verdicts import Verdict

CLAIMS: Final = {
    "OBR005": ("allows data exfiltration", "allow data exfiltration"),
    "NET001": ("is open to the internet", "are open to the internet"),
    "MVN001": ("has no managed network", "have no managed network"),
    "RES001": ("has an open storage account", "have an open storage account"),
}
"""Check id to what its violation means for a workspace, in the singular and in the plural; the worst first."""


def headlines(findings: pd.DataFrame, checks: Iterable[str], workspaces: int) -> tuple[str, ...]:
    """Return a sentence for each chosen check of `CLAIMS`: "2 of 28 workspaces allow data exfiltration.".

    A workspace counts if a finding fails that is not waived, its hub's finding included. `workspaces` is how many were
    read. A sentence of unknown workspaces follows where the answer of some is not known.
    """
    if not workspaces:
        return ()
    chosen = [check_id for check_id in CLAIMS if check_id in set(checks)]
    return tuple(_sentence(findings[findings["check_id"].eq(each)], each, workspaces) for each in chosen)


def _sentence(findings: pd.DataFrame, check_id: str, workspaces: int) -> str:
    fails = findings["status"].eq(Status.FAIL) & ~findings["verdict"].eq(Verdict.WAIVED)
    failing = _workspaces(findings[fails])
    unknown = _workspaces(findings[findings["status"].isin([Status.UNKNOWN, Status.ERROR])]) - failing
    singular, plural = CLAIMS[check_id]
    verb = singular if len(failing) == 1 else plural
    text = f"{len(failing):,} of {workspaces:,} workspace{'' if workspaces == 1 else 's'} {verb}"
    return text + (f", {len(unknown):,} unknown." if unknown else ".")


def _workspaces(findings: pd.DataFrame) -> frozenset[str]:
    ids = findings["workspace_id"].astype(object).dropna().str.lower()
    return frozenset(ids) - {""}


WHILE_EMPTY: Final = "while empty the check does not apply"
"""The words in the description of a parameter without which its check judges nothing."""


def idle_checks(chosen: Iterable[ChosenCheck]) -> tuple[str, ...]:
    """Return the chosen checks that judge nothing, because the policy leaves a parameter empty: "OBR008 (approved)"."""
    return tuple(
        f"{each.check.id} ({name})"
        for each in chosen
        for name, field in each.check.params.model_fields.items()
        if WHILE_EMPTY in (field.description or "") and not getattr(each.params, name)
    )
