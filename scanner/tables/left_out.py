"""Rows of what a scope leaves out on purpose, and the gap of a scope that matches nothing. `tabulate` calls it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from checks.counting import counted
from checks.suggestions import did_you_mean
from scanner.payloads.gaps import NOTHING_IN_SCOPE
from scanner.payloads.json_members import key
from scanner.payloads.payload import Gap
from scanner.scope.subscriptions import LeftOut
from scanner.scope.wanted import Wanted
from scanner.scope.workspaces import left_out_by, undecided
from scanner.tables.rows import Row

_MOST_NAMED = 3


@dataclass(kw_only=True)
class Selection:
    """The workspaces that a scan leaves out, by lower-cased id, each with its rule.

    `hubs` are those that were read although they are left out, each with the Projects in scope that it decides.
    `unsure` are workspaces that stay in scope because a rule could not decide, each with these rules.
    """

    rules: dict[str, LeftOut] = field(default_factory=dict)
    hubs: dict[str, list[str]] = field(default_factory=dict)
    unsure: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def dropped(self) -> set[str]:
        """The workspaces that were left out and not read."""
        return self.rules.keys() - self.hubs.keys()


def selection(wanted: Wanted, workspaces: Mapping[str, Row]) -> Selection:
    """Return which of these rows, by lower-cased id, the scope leaves out."""
    found = Selection()
    if not wanted.limits_workspaces:
        return found
    needed: defaultdict[str, list[str]] = defaultdict(list)
    for identity, row in sorted(workspaces.items()):
        tags = None if row["tags"] is None else json.loads(row["tags"])
        rule = left_out_by(wanted, row["resource_group"], tags)
        if rule is not None:
            found.rules[identity] = rule
            continue
        if row["hub_resource_id"]:
            needed[key(row["hub_resource_id"])].append(str(row["workspace_id"]))
        if rules := undecided(wanted, row["resource_group"], tags):
            found.unsure[identity] = tuple(rules)
    found.hubs = {hub: needed[hub] for hub in found.rules if hub in needed}
    return found


def notes(found: Selection, workspaces: Mapping[str, Row]) -> Mapping[str, str]:
    """Return a note by lower-cased subscription id about the workspaces that no rule could decide about."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    rules: defaultdict[str, set[str]] = defaultdict(set)
    for identity, undecided_by in found.unsure.items():
        row = workspaces[identity]
        subscription = (row["subscription_id"] or "").lower()
        names[subscription].append(str(row["workspace"]))
        rules[subscription].update(undecided_by)
    return {
        each: f"In scope because Azure did not show what {' and '.join(sorted(rules[each]))} asks for: "
        f"{_named(names[each])}."
        for each in names
    }


def counts(found: Selection, workspaces: Mapping[str, Row]) -> Mapping[str, int]:
    """Return the number of workspaces that are left out, by lower-cased subscription id."""
    return Counter((workspaces[each]["subscription_id"] or "").lower() for each in found.rules)


def workspace_rows(found: Selection, workspaces: Mapping[str, Row]) -> Iterable[Row]:
    """Yield a row for each workspace that is left out."""
    for identity, rule in found.rules.items():
        row = workspaces[identity]
        yield {
            "left_out_id": row["workspace_id"],
            "subscription_id": row["subscription_id"],
            "left_out": "workspace",
            "name": row["workspace"],
            "rule": rule.rule,
            "why": rule.why,
            "read_for": ", ".join(found.hubs[identity]) if identity in found.hubs else None,
        }


def subscription_rows(rules: Mapping[str, LeftOut], rows: Iterable[Row]) -> Iterable[Row]:
    """Yield a row for each subscription that is left out. `rows` are those of all that answers describe."""
    spelled = {str(row["subscription_id"]).lower(): row for row in rows}
    for identity, rule in rules.items():
        row = spelled.get(identity, {})
        yield {
            "left_out_id": row.get("subscription_resource_id", f"/subscriptions/{identity}"),
            "subscription_id": row.get("subscription_id", identity),
            "left_out": "subscription",
            "name": row.get("subscription"),
            "rule": rule.rule,
            "why": rule.why,
        }


def no_subscription_in_scope(left_out: Mapping[str, LeftOut], subscriptions: int) -> Gap | None:
    """Return a gap if rules leave out all of the known `subscriptions`."""
    if not left_out or len(left_out) < subscriptions:
        return None
    by_rule = Counter(rule.rule for rule in left_out.values())
    rules = "; ".join(f"{rule} ({count})" for rule, count in by_rule.most_common(_MOST_NAMED))
    return _gap(f"No subscription is in scope. Left out by {rules}.")


def no_workspace_in_scope(wanted: Wanted, found: Selection, workspaces: Mapping[str, Row]) -> Gap | None:
    """Return a gap if rules leave out all workspaces that were listed, or if none was."""
    if not wanted.limits_workspaces or len(found.rules) < len(workspaces):
        return None
    rules = " and ".join(
        [
            *([f"resource_groups: {', '.join(wanted.resource_groups)}"] if wanted.resource_groups else []),
            *(f"tags: {name}={' or '.join(globs)}" for name, globs in wanted.tags.items()),
        ]
    )
    seen = f"{counted(len(workspaces), 'workspace')} listed, and none" if workspaces else "no workspace"
    return _gap(f"No workspace is in scope: {seen} matches {rules}. {_hint(wanted, workspaces)}".rstrip())


def _hint(wanted: Wanted, workspaces: Mapping[str, Row]) -> str:
    """Return the names that a mistyped resource group or tag may mean."""
    groups = sorted({str(row["resource_group"]) for row in workspaces.values() if row["resource_group"]})
    tags = [json.loads(row["tags"]) for row in workspaces.values() if row["tags"]]
    names = sorted({name for each in tags for name in each})
    absent = [tag for tag in wanted.tags if tag.lower() not in map(str.lower, names)]
    tried = [(glob, groups) for glob in wanted.resource_groups] + [(tag, names) for tag in absent]
    return next((hint for word, known in tried if (hint := did_you_mean(word, known))), "")


def _gap(message: str) -> Gap:
    return Gap(
        scope="/subscriptions",
        subscription_id=None,
        asked="scope",
        request="choose the subscriptions and workspaces in scope",
        code=NOTHING_IN_SCOPE,
        message=message,
        closes=f"Nothing was audited. {message} Correct the rule, and run the audit again.",
    )


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
