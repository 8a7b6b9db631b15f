"""Why two audits cannot be compared in full: what a reader of their drift has to know first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from checks.drift.model import Snapshot, by_key, texts

_MOST_NAMED = 5


def notes(old: Snapshot, new: Snapshot) -> tuple[str, ...]:
    """Sentences, most important first; none of an audit and itself."""
    return (
        *_strangers(old, new),
        *_order(old, new),
        *_policies(old, new),
        *_tools(old, new),
        *_reading(old, new),
    )


def _strangers(old: Snapshot, new: Snapshot) -> Iterable[str]:
    if (
        old.subscriptions_seen
        and new.subscriptions_seen
        and old.subscriptions_seen.isdisjoint(new.subscriptions_seen)
    ):
        yield f"{old.name} and {new.name} have no subscription in common: they are of different estates."
    if (
        old.told("is_azure").lower() != new.told("is_azure").lower()
        and old.told("is_azure")
        and new.told("is_azure")
    ):
        yield f"One is of Azure and one is not: {old.told('source')}; {new.told('source')}."


def _order(old: Snapshot, new: Snapshot) -> Iterable[str]:
    if old.told("started_at") > new.told("started_at") > "":
        yield f"{old.name} was read after {new.name}: what follows goes back in time."


def _policies(old: Snapshot, new: Snapshot) -> Iterable[str]:
    for snapshot in (old, new):
        if snapshot.policies is None:
            yield (
                f"{snapshot.name} does not say by which policies and which version it was judged: a change "
                "may come from these."
            )
        if snapshot.waivers is None:
            yield f"{snapshot.name} does not list its waivers: which were added or expired is not known."
    before, after = old.of_policies("digest"), new.of_policies("digest")
    if old.policies is None or new.policies is None:
        return
    yield from _one_sided(before, after, old.name, new.name)
    for policy in sorted(before.keys() & after.keys()):
        yield from _of_policy(old, new, policy)


def _one_sided(before: Mapping[str, str], after: Mapping[str, str], old: str, new: str) -> Iterable[str]:
    for name, these, others in ((old, before, after), (new, after, before)):
        alone = sorted(these.keys() - others.keys())
        if alone:
            yield f"Only {name} was judged by {_listed(alone)}: its findings are not comparable."


def _of_policy(old: Snapshot, new: Snapshot, policy: str) -> Iterable[str]:
    before, after = (_checks(snapshot, policy) for snapshot in (old, new))
    for name, alone in ((old.name, before - after), (new.name, after - before)):
        if alone:
            yield f"Under {policy} only {name} asks {_listed(sorted(alone))}: not comparable."
    if old.of_policies("digest")[policy] != new.of_policies("digest")[policy]:
        yield f"{policy} demands other things in {new.name}: a change may come from the policy."
    limits = [snapshot.of_policies("fail_on")[policy] for snapshot in (old, new)]
    if limits[0] != limits[1]:
        yield f"{policy} fails on {limits[0]} in {old.name}, on {limits[1]} in {new.name}: the latter counts."


def _checks(snapshot: Snapshot, policy: str) -> set[str]:
    return {check.strip() for check in snapshot.of_policies("checks")[policy].split(",")} - {""}


def _tools(old: Snapshot, new: Snapshot) -> Iterable[str]:
    versions = old.told("tool_version"), new.told("tool_version")
    if all(versions) and versions[0] != versions[1]:
        yield f"{old.name} is of azml-audit {versions[0]}, {new.name} of {versions[1]}: checks may differ."


def _reading(old: Snapshot, new: Snapshot) -> Iterable[str]:
    """What only one side read, and how much each left unread; what both left out alike is no drift."""
    names = by_key(new.subscriptions, "subscription_id")["subscription"].to_dict()
    names |= by_key(old.subscriptions, "subscription_id")["subscription"].to_dict()
    lost = sorted(names[key] or key for key in old.subscriptions_read - new.subscriptions_read)
    found = sorted(names[key] or key for key in new.subscriptions_read - old.subscriptions_read)
    if lost:
        yield f"Not read now but in {old.name}: {_listed(lost)}. Nothing there counts as gone or fixed."
    if found:
        yield f"Read now but not in {old.name}: {_listed(found)}. Nothing there counts as new."
    for name, before, after in ((old.name, new, old), (new.name, old, new)):
        gaps = len(_unread(after) - _unread(before))
        if gaps:
            counted = "one thing" if gaps == 1 else f"{gaps} things"
            yield f"{name} left {counted} unread that the other did not; its gaps.csv lists what is missing."


def _unread(snapshot: Snapshot) -> set[tuple[str, str]]:
    """What was asked for in vain, and of which resource."""
    return set(zip(texts(snapshot.gaps["asked"]), texts(snapshot.gaps["scope"]).str.lower(), strict=True))


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
