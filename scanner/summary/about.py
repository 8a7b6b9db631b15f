"""Write what an audit is about: its policies, what was read and left out, and workspaces in an unusual state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.counting import counted
from checks.policy.judge import PolicyVerdict
from reports.audit import Audit
from reports.statuses import SETTLED_STATES
from reports.tables.population import in_scope
from scanner.folding import cut
from scanner.summary.lines import Entry

_LISTED = 3
_NAME_WIDTH = 40


def about(audit: Audit, names: Mapping[str, str]) -> Iterator[Entry]:
    """Yield a note on the policies, what was read and left out, unusual states, and whether it is Azure.

    `names` are those of the workspaces by lower-cased id.
    """
    notes = sorted((n for verdict in audit.verdicts for n in _notes(verdict)), key=lambda note: note[1])
    if notes:
        more = f" (and {counted(len(notes) - 1, 'more note')})" if len(notes) > 1 else ""
        text, spare = notes[0]
        yield Entry(text=text, tail=more, style="yellow", spare=spare)
    yield Entry(text=_population(audit) + _left_out(audit))
    yield from _unsettled(audit, names)
    if not audit.is_azure:
        yield Entry(text=f"This is not Azure: the source is {audit.source}.", style="yellow", most=1)


def _unsettled(audit: Audit, names: Mapping[str, str]) -> Iterator[Entry]:
    """Yield the workspaces whose state is Failed, Deleting or another one to point out; those that fail first."""
    states = in_scope(audit.tables.workspaces)["provisioning_state"].astype(object).fillna("")
    found = states[~states.str.lower().isin(SETTLED_STATES)].sort_values(
        key=lambda words: words.str.lower().ne("failed"), kind="stable"
    )
    shown = [
        f"{cut(names.get(key, key), _NAME_WIDTH)} ({state})"
        for key, state in zip(found.index.astype(str)[:_LISTED], found[:_LISTED], strict=True)
    ]
    if shown:
        more = f" and {len(found) - len(shown):,} more" if len(found) > len(shown) else ""
        yield Entry(text=f"Not in a normal state: {', '.join(shown)}", tail=f"{more}.", style="yellow")


def _notes(verdict: PolicyVerdict) -> Iterator[tuple[str, int]]:
    """Yield what is wrong with the policy itself, and how well the line can be spared.

    Unread groups come first, because settings were not applied.
    """
    for group in verdict.unread_groups:
        yield f"{verdict.policy}: could not read management group {group}; its settings were not applied.", 0
    if verdict.expired_waivers or verdict.orphan_waivers:
        expired, orphans = len(verdict.expired_waivers), len(verdict.orphan_waivers)
        counts = [f"{expired:,} expired"] if expired else []
        counts += [counted(orphans, "matches nothing", "match nothing")] if orphans else []
        yield f"{verdict.policy}: of its waivers {' and '.join(counts)} (waivers.csv).", 2
    if verdict.idle_checks:
        ids = [each.partition(" ")[0] for each in verdict.idle_checks]
        judge = "judges" if len(ids) == 1 else "judge"
        yield f"{verdict.policy}: set a parameter for {', '.join(ids)}, which {judge} nothing now.", 4


def _population(audit: Audit) -> str:
    tables = audit.tables
    is_read = in_scope(tables.subscriptions)["read"].fillna(value=False)
    return (
        f"{int(is_read.sum()):,} of {counted(len(is_read), 'subscription')} read, with "
        f"{counted(len(in_scope(tables.workspaces)), 'workspace')} and "
        f"{counted(len(tables.outbound_rules), 'outbound rule')}."
    )


def _left_out(audit: Audit) -> str:
    """Return how much the scope leaves out on purpose, "" if it leaves out nothing."""
    kinds = audit.tables.left_out["left_out"]
    counts = [(int(kinds.eq(kind).sum()), kind) for kind in ("subscription", "workspace")]
    shown = " and ".join(counted(number, kind) for number, kind in counts if number)
    return f" The scope leaves out {shown} (left_out.csv)." if shown else ""
