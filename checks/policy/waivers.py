"""Applies the waivers of a policy to its judged findings, on a given day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
import pandas as pd

from checks.policy.model import Waiver
from checks.policy.selectors import globbed, matching
from checks.policy.verdicts import Verdict
from checks.vocabulary import Mask, Vocabulary


class WaiverState(StrEnum):
    """The effect of a waiver on the day of the audit."""

    IN_FORCE = "in force"
    EXPIRED = "expired"
    WITHOUT_EFFECT = "without effect"


@dataclass(frozen=True, kw_only=True)
class AppliedWaiver:
    """A waiver, its place, its effect, and how many violated findings it matches."""

    place: str
    waiver: Waiver
    state: WaiverState
    violations: int


@dataclass(frozen=True, kw_only=True)
class Waived:
    """The findings after waivers, and the waivers without effect in readable words.

    `findings` has the column `waiver`: the waiver of a waived finding, "" for all others. `applied` are all
    waivers, in the order of the day they expire.
    """

    findings: pd.DataFrame
    expired: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()
    applied: tuple[AppliedWaiver, ...] = ()


def waived(
    judged: pd.DataFrame, waivers: Sequence[tuple[str, Waiver]], facts: pd.DataFrame, as_of: date
) -> Waived:
    """Waive the violated findings that a waiver matches, unless it has expired on `as_of`.

    The order of the waivers does not matter. A waiver counts on the day it expires. If several match a finding,
    the finding names the one that expires last. An orphan matches no violated and no undetermined finding.
    `facts` are those of `checks.policy.selectors.workspace_facts`; each waiver comes with its place.
    """
    violated = judged["verdict"].eq(Verdict.VIOLATED).to_numpy(dtype=bool)
    relevant = violated | judged["verdict"].eq(Verdict.UNDETERMINED).to_numpy(dtype=bool)
    bearers, bearer = [""], np.zeros(len(judged), dtype=np.int64)
    resources = Vocabulary.of(judged["resource_id"])
    over: list[tuple[str, Mask]] = []
    orphans = []
    applied = []
    for source, waiver in sorted(waivers, key=lambda each: (each[1].expires, described(each[1]), each[0])):
        matched = _matched(waiver, judged, resources, facts)
        state = _state(waiver, as_of, has_effect=bool((matched & relevant).any()))
        bears = int((matched & violated).sum())
        applied.append(AppliedWaiver(place=source, waiver=waiver, state=state, violations=bears))
        if state is WaiverState.EXPIRED:
            over.append((_titled(source, waiver), matched))
            continue
        bearer[matched & violated] = len(bearers)
        bearers.append(described(waiver))
        if state is WaiverState.WITHOUT_EFFECT:
            orphans.append(f"{_titled(source, waiver)}: {_idle(int(matched.sum()))}")
    bare = violated & (bearer == 0)
    borne = Vocabulary(codes=bearer, pool=np.array(bearers, dtype=object))
    verdict = judged["verdict"].mask(bearer > 0, Verdict.WAIVED.value)
    return Waived(
        findings=judged.assign(verdict=verdict, waiver=borne.categorical()),
        expired=tuple(f"{title}: expired; {_bare(int((matched & bare).sum()))}" for title, matched in over),
        orphans=tuple(orphans),
        applied=tuple(applied),
    )


def _state(waiver: Waiver, as_of: date, *, has_effect: bool) -> WaiverState:
    if waiver.expires < as_of:
        return WaiverState.EXPIRED
    return WaiverState.IN_FORCE if has_effect else WaiverState.WITHOUT_EFFECT


def described(waiver: Waiver) -> str:
    """The waiver as a finding shows it: `reason (approver, until 2027-01-31, ticket)`."""
    parts = [waiver.approver, f"until {waiver.expires.isoformat()}", waiver.ticket or ""]
    return f"{waiver.reason} ({', '.join(part for part in parts if part)})"


def _matched(waiver: Waiver, judged: pd.DataFrame, resources: Vocabulary, facts: pd.DataFrame) -> Mask:
    meant = judged["check_id"].eq(waiver.check) | judged["family"].eq(waiver.check)
    found = meant.fillna(value=False).to_numpy(dtype=bool)
    if waiver.resource:
        ids = pd.Series(resources.pool, dtype="string")
        found = found & globbed(ids, waiver.resource).to_numpy(dtype=bool)[resources.codes]
    if waiver.where:
        workspaces = Vocabulary.of(judged["workspace_id"])
        keys = [id.lower() for id in workspaces.pool]
        selected = matching(waiver.where, facts).reindex(keys, fill_value=False)
        found = found & selected.to_numpy(dtype=bool)[workspaces.codes]
    return found


def _titled(source: str, waiver: Waiver) -> str:
    return f"{source} of {waiver.check}, {described(waiver)}"


def _bare(count: int) -> str:
    return f"violations that it no longer covers: {count}" if count else "nothing it matches is violated"


def _idle(count: int) -> str:
    return f"findings it matches, none of them violated: {count}" if count else "it matches no finding"
