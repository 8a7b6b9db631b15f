"""Apply the waivers of a policy to its judged findings, as of a day. `scanner.audit` calls `waived`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from checks.frames import np, pd
from checks.policy.model import Waiver
from checks.policy.selectors import globbed, matching
from checks.severity import Verdict
from checks.vocabulary import Mask, Vocabulary


class WaiverState(StrEnum):
    """The state of a waiver on the day of the audit."""

    IN_FORCE = "in force"
    EXPIRED = "expired"
    WITHOUT_EFFECT = "without effect"


@dataclass(frozen=True, kw_only=True)
class AppliedWaiver:
    """A waiver, the place where it is written, its state, and the number of violated findings that it matches."""

    place: str
    waiver: Waiver
    state: WaiverState
    violations: int


@dataclass(frozen=True, kw_only=True)
class Waived:
    """The findings after waivers, and sentences on the waivers that have no effect.

    The column `waiver` of `findings` describes the waiver of a waived finding and is "" for all others. `applied` has
    all waivers in the order of their expiry.
    """

    findings: pd.DataFrame
    expired: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()
    applied: tuple[AppliedWaiver, ...] = ()


def waived(
    judged: pd.DataFrame, waivers: Sequence[tuple[str, Waiver]], facts: pd.DataFrame, as_of: date
) -> Waived:
    """Return the findings with the violations waived that a waiver matches which has not expired on `as_of`.

    A waiver still counts on the day of its expiry. If several match a finding, the finding names the one that expires
    last. An orphan matches no violated and no undetermined finding. Each of `waivers` comes after the place where it is
    written. `facts` come from `checks.policy.selectors.workspace_facts`.
    """
    violated = judged["verdict"].eq(Verdict.VIOLATED).to_numpy(dtype=bool)
    relevant = violated | judged["verdict"].eq(Verdict.UNDETERMINED).to_numpy(dtype=bool)
    texts, places = [""], np.zeros(len(judged), dtype=np.int64)
    resources = Vocabulary.of(judged["resource_id"])
    expired: list[tuple[str, Mask]] = []
    orphans: list[str] = []
    applied: list[AppliedWaiver] = []
    for source, waiver in sorted(waivers, key=lambda each: (each[1].expires, described(each[1]), each[0])):
        matched = _matched(waiver, judged, resources, facts)
        state = _state(waiver, as_of, has_effect=bool((matched & relevant).any()))
        violations = matched & violated
        applied.append(
            AppliedWaiver(place=source, waiver=waiver, state=state, violations=int(violations.sum()))
        )
        title = f"{source} of {waiver.check}, {described(waiver)}"
        if state is WaiverState.EXPIRED:
            expired.append((title, matched))
            continue
        places[violations] = len(texts)
        texts.append(described(waiver))
        if state is WaiverState.WITHOUT_EFFECT:
            orphans.append(f"{title}: {_without_effect(int(matched.sum()))}")
    open_violations = violated & (places == 0)
    described_by = Vocabulary(codes=places, pool=np.array(texts, dtype=object))
    verdict = judged["verdict"].mask(places > 0, Verdict.WAIVED.value)
    return Waived(
        findings=judged.assign(verdict=verdict, waiver=described_by.compacted().categorical()),
        expired=tuple(
            f"{title}: expired; {_expired(int((matched & open_violations).sum()))}"
            for title, matched in expired
        ),
        orphans=tuple(orphans),
        applied=tuple(applied),
    )


def _state(waiver: Waiver, as_of: date, *, has_effect: bool) -> WaiverState:
    if waiver.expires < as_of:
        return WaiverState.EXPIRED
    return WaiverState.IN_FORCE if has_effect else WaiverState.WITHOUT_EFFECT


def described(waiver: Waiver) -> str:
    """Return the waiver as a finding shows it: `reason (approver, until 2027-01-31, ticket)`."""
    parts = [waiver.approver, f"until {waiver.expires.isoformat()}", waiver.ticket or ""]
    return f"{waiver.reason} ({', '.join(part for part in parts if part)})"


def _matched(waiver: Waiver, judged: pd.DataFrame, resources: Vocabulary, facts: pd.DataFrame) -> Mask:
    named = judged["check_id"].eq(waiver.check) | judged["family"].eq(waiver.check)
    found = named.fillna(value=False).to_numpy(dtype=bool)
    if waiver.resource:
        ids = pd.Series(resources.pool, dtype="string")
        found = found & globbed(ids, waiver.resource).to_numpy(dtype=bool)[resources.codes]
    if waiver.where:
        workspaces = Vocabulary.of(judged["workspace_id"])
        keys = [id.lower() for id in workspaces.pool]
        selected = matching(waiver.where, facts).reindex(keys, fill_value=False)
        found = found & selected.to_numpy(dtype=bool)[workspaces.codes]
    return found


def _expired(count: int) -> str:
    return f"violations that it no longer covers: {count}" if count else "it matches no violation"


def _without_effect(count: int) -> str:
    return f"it matches findings, but none is violated: {count}" if count else "it matches no finding"
