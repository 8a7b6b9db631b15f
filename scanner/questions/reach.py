"""`azml-audit reach`: which workspaces may reach a destination, by which rule or mode."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from checks.drift.model import Snapshot, records
from checks.drift.openings import rule_of
from checks.drift.rules import rules_known
from checks.network.destinations import Address, Destination
from checks.network.outbound_rules import OutboundRule
from checks.network.reach_answers import ALLOWED, BLOCKED, UNKNOWN, ManagedNetwork, ReachAnswer, reach_answer
from reports.writing.lines import harmless
from scanner.questions.destinations import destination_of, in_words, service_tags, with_tags
from scanner.questions.names import workspaces_named
from scanner.terminal import print_line, print_lines, table

EXIT_CODES = {ALLOWED: 0, BLOCKED: 1, UNKNOWN: 3}
_STYLES = {ALLOWED: "red", BLOCKED: "green", UNKNOWN: "magenta"}
_SHOWN = 40


@dataclass(frozen=True, kw_only=True)
class Question:
    """The workspaces and the destination of a question. With `reverse`, blocked workspaces are only counted."""

    source: str
    destination: str
    reverse: bool = False
    service_tags: Path | None = None
    as_json: bool = False
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class WorkspaceAnswer:
    """The answer for one workspace."""

    workspace: str
    workspace_id: str
    subscription: str
    answer: str
    rule: str
    reason: str


def reach(question: Question, audit: Snapshot, out: Console) -> int:
    """Print the answer for each workspace and return the exit code.

    0 if a workspace may reach it, else 3 if one is unknown, else 1. Raises UsageError for a destination that is none,
    and for a source that no workspace has.
    """
    destination = destination_of(question.destination)
    tags = service_tags(question.service_tags) if question.service_tags is not None else None
    if tags is not None and isinstance(destination, Address):
        destination = with_tags(destination, tags)
    answers = answers_of(audit, question.source, destination)
    counts = Counter(each.answer for each in answers)
    if question.as_json:
        listed = {
            "destination": in_words(destination),
            "counts": dict(counts),
            "answers": [asdict(a) for a in answers],
        }
        print_lines(out, json.dumps(listed, indent=2))
    else:
        _show(question, destination, answers, counts, out)
    return next((EXIT_CODES[word] for word in (ALLOWED, UNKNOWN) if counts[word]), EXIT_CODES[BLOCKED])


def answers_of(audit: Snapshot, source: str, destination: Destination) -> list[WorkspaceAnswer]:
    """Return the answers of the workspaces that `source` names: allowed first, then unknown, then blocked."""
    networks = managed_networks(audit)
    distinct: dict[str, ReachAnswer] = {}
    answers = []
    for key in workspaces_named(audit, source):
        row = audit.workspace_rows[key]
        network_id = _network_id(audit, key)
        if network_id not in distinct:
            distinct[network_id] = reach_answer(networks[network_id], destination)
        found = distinct[network_id]
        names = {name: row[name] for name in ("workspace", "workspace_id", "subscription")}
        answers.append(WorkspaceAnswer(**names, **vars(found)))
    order = (ALLOWED, UNKNOWN, BLOCKED)
    return sorted(
        answers, key=lambda each: (order.index(each.answer), each.workspace.lower(), each.workspace_id)
    )


def managed_networks(audit: Snapshot) -> dict[str, ManagedNetwork]:
    """Return the managed network of every workspace, by its lower-cased id; a Project has the network of its hub."""
    known = rules_known(audit)
    rules: dict[str, dict[str, OutboundRule]] = {}
    for each in records(audit.rules_by_key):
        rules.setdefault(each["workspace_key"], {})[each["rule"]] = rule_of(each)
    networks = {}
    for key, row in audit.workspace_rows.items():
        id = _network_id(audit, key)
        networks[id] = ManagedNetwork(
            mode=row["effective_isolation_mode"],
            rules=rules.get(id, {}),
            complete=id in known,
        )
    return networks


def _network_id(audit: Snapshot, key: str) -> str:
    return audit.workspace_rows[key]["hub_resource_id"].lower() or key


def _show(
    question: Question,
    destination: Destination,
    answers: Sequence[WorkspaceAnswer],
    counts: Counter[str],
    out: Console,
) -> None:
    print_line(out, _headline(destination, counts), "bold")
    listed = [each for each in answers if not (question.reverse and each.answer == BLOCKED)]
    shown = listed if question.whole else listed[:_SHOWN]
    made = table("Workspace", "Answer", "Why", whole=("Answer",))
    for each in shown:
        style = _STYLES[each.answer]
        made.add_row(harmless(each.workspace), Text(each.answer, style=style), harmless(each.reason))
    if shown:
        out.print(made)
    if len(listed) > len(shown):
        print_line(out, f"… and {len(listed) - len(shown):,} more. Add --whole to list all.", "yellow")


def _headline(destination: Destination, counts: Counter[str]) -> str:
    """Return the answer in one sentence; the same words as those of the page."""
    total, opened, unsure = sum(counts.values()), counts[ALLOWED], counts[UNKNOWN]
    if total == 1:
        only = "the only workspace asked about"
        answer = f"{only} may{'' if opened else ' not'} reach it"
        return (
            f"{in_words(destination)}: {f'it is unknown whether {only} may reach it' if unsure else answer}."
        )
    if not opened and not unsure:
        return f"{in_words(destination)}: no workspace may reach it."
    head = (
        f"{opened:,} of {total:,} workspaces may reach it" if opened else "no workspace is known to reach it"
    )
    return f"{in_words(destination)}: {head}; {unsure:,} unknown, {counts[BLOCKED]:,} may not."
