"""The plan of a workspace whose isolation mode changes: computes and endpoints go, the network comes, they come back.

The fix of MVN001 describes one compute and one endpoint. Here each known one gets its lines, the script first compares
them with what Azure lists, and the plan is cut in two, so that outbound rules are added between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from checks.contract.isolation import APPROVED, INTERNET
from checks.fixes.effects import AGAIN, MODE, Reason
from checks.fixes.reading import Part, with_other_mode
from scanner.plan.facts import Workspace
from scanner.plan.merging import compute_query, recreates_compute
from scanner.plan.steps import Step, key_of

LOOPED = ("COMPUTE", "ENDPOINT", "DEPLOYMENT")
"""The names that the plan sets itself, for each compute, endpoint and deployment in turn."""

_MODE = re.compile(r'"isolationMode": "(?P<mode>\w+)"')
_IN_WORKSPACE = (
    "--workspace-name {{workspace}} --resource-group {{resource_group}} --subscription {{subscription_id}}"
)
_NAMES = '--query "[].name" --output tsv'
_MODES = (
    "az rest --method get --url {{workspace_id}} --url-parameters api-version=2025-12-01 "
    "--query properties.managedNetwork.changeableIsolationModes --output tsv"
)


@dataclass(frozen=True, kw_only=True)
class ModeChange:
    """The change of one workspace's isolation mode, in the two steps `before` and `after` of the plan."""

    workspace: Workspace
    mode: str
    before: Step
    after: Step

    @property
    def is_allowed(self) -> bool | None:
        """Return whether changeableIsolationModes lists the mode, None if the audit does not have the list."""
        modes = self.workspace.modes
        return None if modes is None else self.mode.lower() in (mode.lower() for mode in modes)

    @cached_property
    def words(self) -> Mapping[str, str]:
        """The placeholder of each name of a compute, endpoint or deployment: a name is filled in once, and quoted."""
        workspace = self.workspace
        deployments = (name for names in workspace.endpoints.values() for name in names)
        names = dict.fromkeys((*workspace.computes, *workspace.endpoints, *deployments))
        return {name: f"known_{number}" for number, name in enumerate(names, 1)}

    def word(self, name: str) -> str:
        """Return the placeholder for the name, as the lines of a fix have it."""
        return f"{{{{{self.words[name]}}}}}"

    @property
    def computes(self) -> tuple[str, ...]:
        """The computes that are deleted and created again."""
        return tuple(name for name in self.workspace.computes if name not in self.workspace.attached)


def with_mode_changes(steps: Sequence[Step]) -> tuple[list[Step], list[ModeChange]]:
    """Return the steps with one mode change for a workspace, and the changes.

    A compute that the change creates again needs no step of its own: its other changes are made on the way. A change
    that Azure refuses has no commands.
    """
    by_workspace: dict[str, list[Step]] = {}
    for step in steps:
        if step.is_mode_change:
            by_workspace.setdefault(step.workspace.workspace_id.lower(), []).append(step)
    computes = {
        key: [step for step in steps if recreates_compute(step) and _workspace_of(step) == key]
        for key in by_workspace
    }
    gone = {id(step) for listed in (*by_workspace.values(), *computes.values()) for step in listed}
    kept = [step for step in steps if id(step) not in gone]
    changes = [_change(listed, computes[key]) for key, listed in by_workspace.items()]
    for change in changes:
        is_filled = change.is_allowed is not False and bool(change.after.commands)
        kept += [change.before, change.after] if is_filled else [change.before]
    return kept, changes


def _workspace_of(step: Step) -> str:
    return step.workspace.workspace_id.lower()


def _change(listed: Sequence[Step], computes: Sequence[Step]) -> ModeChange:
    longest = max(listed, key=lambda step: (len(step.parts), -step.rank))
    mode = _wanted_mode(listed)
    parts = tuple(with_other_mode(part, mode) for part in longest.parts)
    cut = 1 + next(place for place, part in enumerate(parts) if _is_provisioning(part))
    findings = {key_of(row): row for step in (*listed, *computes) for row in step.findings}
    worst = min((*listed, *computes), key=lambda step: (step.rank, step not in listed))
    own = next(step for step in listed if step.check.id == (worst if worst in listed else longest).check.id)
    queries = {step.values.get("compute", ""): _beside_network(compute_query(step)) for step in computes}
    locals_ = tuple(line for step in computes for line in step.commands if re.match(r"[A-Z_]+=", line))
    names = {name: meaning for step in (*listed, *computes) for name, meaning in step.names.items()}
    one = replace(
        longest,
        check=own.check,
        reasons=frozenset().union(*(step.reasons for step in listed)) - {Reason.DECISION},
        warnings=tuple(dict.fromkeys(text for step in listed for text in step.warnings)),
        others=(),
    )
    change = ModeChange(workspace=one.workspace, mode=mode, before=one, after=one)
    one = replace(one, values={**one.values, **{word: name for name, word in change.words.items()}})
    before = _guarded(change, parts[:cut], queries, locals_)
    after = tuple(_for_each(change, part, {}) for part in parts[cut:])
    if change.is_allowed is False:
        before = (Part(does=f"Azure refuses {mode}: create a new workspace in that mode.", lines=()),)
    return replace(
        change,
        before=replace(
            one, parts=before, names=_used(names, before), findings=tuple(findings.values()), phase=MODE
        ),
        after=replace(one, parts=after, names=_used(names, after), findings=(), phase=AGAIN),
    )


def _used(names: Mapping[str, str], parts: Sequence[Part]) -> dict[str, str]:
    """Return the names that the lines still need from the user."""
    text = "\n".join(line for part in parts for line in part.commands)
    return {
        name: meaning
        for name, meaning in names.items()
        if name not in LOOPED and re.search(rf"\${name}\b|{{{{{name.lower()}}}}}", text)
    }


def _beside_network(query: str) -> str:
    """Return the changes of a compute without those of its network, which the change of the mode makes itself."""
    return "'' | ''".join(each for each in query.split("'' | ''") if "subnet:" not in each and each)


def _wanted_mode(listed: Sequence[Step]) -> str:
    """Return the mode that the policies allow: the stricter one if a finding expects it alone."""
    expected = [
        row["expected"] for step in listed for row in step.findings if row["check_id"] in ("MVN001", "MVN002")
    ]
    if any(APPROVED in text and INTERNET not in text for text in expected):
        return APPROVED
    if any(INTERNET in text for text in expected):
        return INTERNET
    found = [match["mode"] for step in listed for line in step.commands if (match := _MODE.search(line))]
    return found[0] if found else INTERNET


def _is_provisioning(part: Part) -> bool:
    return any("provision-network" in line for line in part.commands)


def _guarded(
    change: ModeChange, parts: Sequence[Part], queries: dict[str, str], locals_: tuple[str, ...]
) -> tuple[Part, ...]:
    """Return the parts up to the provisioning. The first one only compares the plan with Azure."""
    workspace = change.workspace
    lines = [
        *dict.fromkeys(locals_),
        f'must_allow {change.mode} "$({_MODES})"',
        _known("computes", "az ml compute list", map(change.word, workspace.computes)),
        _known("endpoints", "az ml online-endpoint list", map(change.word, workspace.endpoints)),
    ]
    for endpoint, deployments in workspace.endpoints.items():
        listing = f"az ml online-deployment list --endpoint-name {change.word(endpoint)}"
        lines.append(_known("deployments", listing, map(change.word, deployments)))
    first = Part(
        does="Stop if Azure refuses the mode, or has a compute, endpoint or deployment that this plan does not know.",
        lines=tuple(lines),
        number="1. ",
    )
    return first, *(_for_each(change, part, queries) for part in parts[1:])


def _known(what: str, listing: str, words: Iterable[str]) -> str:
    """Return the command that stops the script if Azure lists another name."""
    return " ".join([f'must_be_known {what} "$({listing} {_IN_WORKSPACE} {_NAMES})"', *words])


def _for_each(change: ModeChange, part: Part, queries: dict[str, str]) -> Part:
    """Return the part with its lines for each compute, endpoint or deployment."""
    text = "\n".join(part.lines)
    lines: list[str] = []
    if "$COMPUTE" in text:
        for name in change.computes:
            lines += [f"COMPUTE={change.word(name)}"]
            lines += [_with_change(line, queries.get(name, "")) for line in part.lines]
    elif "$ENDPOINT" in text or "$DEPLOYMENT" in text:
        for name, deployments in change.workspace.endpoints.items():
            words = [change.word(each) for each in deployments]
            lines += [f"ENDPOINT={change.word(name)}", *_for_deployments(part.lines, words)]
    else:
        lines = list(part.lines)
    return replace(part, lines=tuple(lines))


def _for_deployments(lines: Sequence[str], deployments: Sequence[str]) -> Iterable[str]:
    """Yield the lines in order. Neighbours that name a deployment are repeated together for each."""
    group: list[str] = []
    for line in (*lines, ""):
        if "$DEPLOYMENT" in line:
            group.append(line)
            continue
        for name in deployments if group else ():
            yield f"DEPLOYMENT={name}"
            yield from group
        group = []
        if line:
            yield line


def _with_change(line: str, query: str) -> str:
    """Return the line that saves a compute with the change of another fix after its own."""
    if not query or "--query '" not in line:
        return line
    return line.replace("' > ", f"'' | '{query} > ", 1)


def mode_change_lines(change: ModeChange) -> list[str]:
    """Return the plan of the change as sentences."""
    workspace = change.workspace
    known = "" if workspace.is_whole else ", as far as this audit knows"
    allowed = {
        True: "Azure allows it: changeableIsolationModes lists the mode.",
        False: "Azure refuses it: changeableIsolationModes lists "
        f"{', '.join(workspace.modes or ()) or 'nothing'}. Create a new workspace.",
        None: "This audit does not have changeableIsolationModes. The script asks Azure before it deletes anything.",
    }
    lines = [
        f"From {workspace.mode or 'a mode that was not reported'} to {change.mode}. {allowed[change.is_allowed]}"
    ]
    if change.is_allowed is False:
        return lines
    return [
        *lines,
        f"1. Save and delete {_counted(change.computes, 'compute')} and "
        f"{_counted(tuple(workspace.endpoints), 'online endpoint')}{known}.",
        *([f"   Attached computes stay: {', '.join(workspace.attached)}."] if workspace.attached else []),
        f"2. Set {change.mode}. Azure cannot switch the network off again.",
        "3. Provision the network: about 30 minutes.",
        "4. Add the outbound rules that the work needs"
        + (", before anything runs: no other destination is reachable." if change.mode == APPROVED else "."),
        "5. Create the computes and endpoints again, and send the traffic as before.",
    ]


def _counted(names: Sequence[str], word: str) -> str:
    if not names:
        return f"no {word}"
    return f"{len(names)} {word}{'' if len(names) == 1 else 's'} ({', '.join(names)})"
