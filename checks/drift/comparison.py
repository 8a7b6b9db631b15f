"""Compare two audits: workspaces, findings, outbound rules, reach, waivers, and notes on what cannot be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from checks.counting import counted
from checks.drift.findings import changed_findings
from checks.drift.model import Drift, Snapshot, are_strangers, by_key, texts
from checks.drift.reach import reach_changes
from checks.drift.rules import rule_changes
from checks.drift.waivers import are_accepted, waiver_changes
from checks.drift.workspaces import workspace_changes
from checks.frames import pd

_MOST_NAMED = 5


def drift(old: Snapshot, new: Snapshot) -> Drift:
    """Return the differences between an older and a newer audit. An audit and itself have none."""
    names = _renamed(old.of_policies("digest"), new.of_policies("digest"), old.name)
    old = _with_names(old, names)
    reach = reach_changes(old, new)
    reach = reach.assign(is_regression=reach["is_regression"] & ~are_accepted(reach, new))
    findings, counts = changed_findings(old, new, reach)
    return Drift(
        old=old,
        new=new,
        notes=(*notes(old, new), *_pairs_of_policies(names, old, new)),
        workspaces=workspace_changes(old, new),
        findings=findings,
        finding_counts=counts,
        rules=rule_changes(old, new),
        reach=reach,
        waivers=waiver_changes(old, new),
    )


def _with_names(old: Snapshot, names: Mapping[str, str]) -> Snapshot:
    """Return the old audit with other names for its policies."""
    if not names:
        return old
    frames: dict[str, Any] = {
        name: _named(frame, names)
        for name, frame in (("findings", old.findings), ("policies", old.policies), ("waivers", old.waivers))
        if frame is not None
    }
    return replace(old, **frames)


def _renamed(before: Mapping[str, str], after: Mapping[str, str], of: str) -> dict[str, str]:
    """Return the new name of each old policy that gets another one.

    An old policy gets the name of the new policy with the same settings, that is with the same digest. An old policy
    that loses its name to another one is renamed "NAME of OLD". Other policies keep their names, so policies that
    share a name are compared, too.
    """
    names: dict[str, str] = {}
    free = dict(after)
    for old in sorted(before, key=lambda name: (after.get(name) != before[name], name)):
        same = sorted(name for name, digest in free.items() if digest and digest == before[old])
        if same:
            names[old] = old if old in same else same[0]
            del free[names[old]]
    taken = set(names.values())
    names |= {old: f"{old} of {of}" for old in before.keys() - names.keys() if old in taken}
    return {old: new for old, new in names.items() if old != new}


def _named(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    return frame.assign(
        policy=texts(frame["policy"]).map(lambda name: names.get(name, name)).astype("string")
    )


def _pairs_of_policies(names: Mapping[str, str], old: Snapshot, new: Snapshot) -> Iterable[str]:
    """Name the policies that are compared although their names differ."""
    for before, after in sorted(names.items()):
        if after in new.of_policies("digest"):
            yield f"{before} of {old.name} is compared with {after} of {new.name}: their settings are equal."


def notes(old: Snapshot, new: Snapshot) -> tuple[str, ...]:
    """Return why the two cannot be compared in full, the most important first."""
    return (
        *_strangers(old, new),
        *_order(old, new),
        *_policies(old, new),
        *_tools(old, new),
        *_reading(old, new),
    )


def _strangers(old: Snapshot, new: Snapshot) -> Iterable[str]:
    if are_strangers(old, new):
        yield f"{old.name} and {new.name} have no subscription in common."
    are_azure = {side.of_audit("is_azure").lower() for side in (old, new)}
    if len(are_azure) == 2 and "" not in are_azure:
        yield f"Only one of the two is of Azure: {old.of_audit('source')}; {new.of_audit('source')}."


def _order(old: Snapshot, new: Snapshot) -> Iterable[str]:
    if old.of_audit("started_at") > new.of_audit("started_at") > "":
        yield f"{old.name} was read after {new.name}. The changes go back in time."


def _policies(old: Snapshot, new: Snapshot) -> Iterable[str]:
    for snapshot in (old, new):
        if snapshot.policies is None:
            yield f"{snapshot.name} does not name its policies and its version. A change may come from these."
        if snapshot.waivers is None:
            yield f"{snapshot.name} does not list its waivers. Their changes are not known."
    if old.policies is None or new.policies is None:
        return
    before, after = old.of_policies("digest"), new.of_policies("digest")
    yield from _one_sided(before, after, old.name, new.name)
    for policy in sorted(before.keys() & after.keys()):
        yield from _of_policy(old, new, policy)


def _one_sided(before: Mapping[str, str], after: Mapping[str, str], old: str, new: str) -> Iterable[str]:
    for name, these, others in ((old, before, after), (new, after, before)):
        alone = sorted(these.keys() - others.keys())
        if alone:
            yield f"Only {name} was judged by {_listed(alone)}. These findings are not comparable."


def _of_policy(old: Snapshot, new: Snapshot, policy: str) -> Iterable[str]:
    before, after = (_checks(snapshot, policy) for snapshot in (old, new))
    for name, alone in ((old.name, before - after), (new.name, after - before)):
        if alone:
            yield f"Under {policy} only {name} asks {_listed(sorted(alone))}. These findings are not comparable."
    if old.of_policies("digest")[policy] != new.of_policies("digest")[policy]:
        yield f"{policy} has other settings in {new.name}. A change may come from the policy."
    limits = [snapshot.of_policies("fail_on")[policy] for snapshot in (old, new)]
    if limits[0] != limits[1]:
        yield f"{policy} fails on {limits[0]} in {old.name}, on {limits[1]} in {new.name}. The latter counts."


def _checks(snapshot: Snapshot, policy: str) -> set[str]:
    return {check.strip() for check in snapshot.of_policies("checks")[policy].split(",")} - {""}


def _tools(old: Snapshot, new: Snapshot) -> Iterable[str]:
    versions = old.of_audit("tool_version"), new.of_audit("tool_version")
    if all(versions) and versions[0] != versions[1]:
        yield f"{old.name} is of azml-audit {versions[0]}, {new.name} of {versions[1]}. Checks may differ."


def _reading(old: Snapshot, new: Snapshot) -> Iterable[str]:
    """Report the subscriptions that only one side read, and the gaps that only one side has."""
    names = by_key(new.subscriptions, "subscription_id")["subscription"].to_dict()
    names |= by_key(old.subscriptions, "subscription_id")["subscription"].to_dict()
    lost = sorted(names[key] or key for key in old.subscriptions_read - new.subscriptions_read)
    found = sorted(names[key] or key for key in new.subscriptions_read - old.subscriptions_read)
    if lost:
        yield f"{new.name} did not read {_listed(lost)}. Nothing there counts as gone or fixed."
    if found:
        yield f"{old.name} did not read {_listed(found)}. Nothing there counts as new."
    for name, before, after in ((old.name, new, old), (new.name, old, new)):
        count = len(_gaps(after) - _gaps(before))
        if count:
            yield f"{name} has {counted(count, 'gap')} that the other does not have. See its gaps.csv."


def _gaps(snapshot: Snapshot) -> set[tuple[str, str]]:
    """Return what could not be read, and of which resource."""
    return set(zip(texts(snapshot.gaps["asked"]), texts(snapshot.gaps["scope"]).str.lower(), strict=True))


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
