"""Write a plan as a shell script: one function a step, a dry run by default, nothing set apart without its own option.

Every value from a server is one quoted word. The dry run prints the functions and calls nothing.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from checks.counting import counted
from checks.fixes.effects import Reason
from checks.fixes.reading import Part
from checks.fixes.templates import NOTHING_CLOSED
from reports.literals import printable
from scanner.plan.billing import billed_by, billed_by_change, priced
from scanner.plan.filling import filled
from scanner.plan.plan import Plan
from scanner.plan.recreation import mode_change_lines
from scanner.plan.steps import Step
from scanner.version import VERSION

SHARED = (
    *("LOG_ANALYTICS_ID", "SUBNET_ID", "VIRTUAL_NETWORK_ID", "VNET_LINK", "ZONE_GROUP"),
    *("SKU", "VM_SIZE", "AI_SERVICES_ID", "SEARCH_SERVICE_ID", "IDENTITY_ID"),
)
"""Names with one value for every step that uses them. Run steps alone (--only) that need another value."""

_WAITS = "Wait until the new rule is Active."
_ZONE = re.compile(r"^az network private-dns zone create (?P<rest>.*)$")
_LINK = re.compile(r"^az network private-dns link vnet create (?P<rest>.*?) --virtual-network (?P<more>.*)$")
_SAVED = re.compile(r"^az rest --method get .*(?:/computes/|\{\{compute_id\}\}).* > (?P<file>\S+)$")


@dataclass(frozen=True, kw_only=True)
class _Numbered:
    """A step with its number in the script. The files that it saves are in the folder of the step `folder`."""

    number: int
    step: Step
    folder: int

    @property
    def function(self) -> str:
        group = "set_apart" if self.step.reasons else "step"
        return f"{group}_{self.number}"

    @property
    def reasons(self) -> list[Reason]:
        return [reason for reason in Reason if reason in self.step.reasons]

    @property
    def title(self) -> str:
        return printable(f"{self.step.check.id} {self.step.target}: {self.step.check.remediation.summary}")

    def variable(self, name: str) -> str:
        """Return the name with the number of the step: only names of `SHARED` have one value for several steps."""
        return f"{name}_{self.number}" if name in self.step.names and name not in SHARED else name

    @property
    def names(self) -> Mapping[str, str]:
        """Each name with its number, and its meaning."""
        return {self.variable(name): meaning for name, meaning in self.step.names.items()}


def script_of(plan: Plan, source: str, prices: Mapping[str, float]) -> str:
    """Return the script. `source` names the audit."""
    numbered = _numbered(plan)
    default = [each for each in numbered if not each.step.reasons]
    apart = [each for each in numbered if each.step.reasons]
    frame = files("scanner.plan").joinpath("frame.sh").read_text("utf-8")
    sections = {
        "@HEAD@": _head(plan, source, numbered),
        "@NAMES@": _names(numbered),
        "@PLANS@": _plans(plan, prices),
        "@DEFAULT@": _functions(default),
        "@APART@": _functions(apart),
        "@ORDER@": "\n".join(map(_call, numbered)),
    }
    return re.sub(r"^@[A-Z]+@$", lambda found: sections[found[0]], frame, flags=re.MULTILINE)


def _numbered(plan: Plan) -> list[_Numbered]:
    places = {id(step): number for number, step in enumerate(plan.steps, 1)}
    folders = {id(change.after): places.get(id(change.before), 0) for change in plan.changes}
    return [
        _Numbered(number=places[id(step)], step=step, folder=folders.get(id(step)) or places[id(step)])
        for step in plan.steps
    ]


def _head(plan: Plan, source: str, numbered: Sequence[_Numbered]) -> str:
    apart = sum(bool(each.step.reasons) for each in numbered)
    lines = [
        f"Fixes for {source}, written by azml-audit {VERSION}.",
        f"{counted(len(numbered), 'step')} for {counted(len(plan.findings), 'finding')} in "
        f"{counted(len(plan.workspaces), 'workspace')}. Set apart: {apart}.",
    ]
    return _comments(lines)


def _comments(lines: Iterable[str]) -> str:
    return "\n".join(f"# {printable(line)}".rstrip() for line in lines)


def _names(numbered: Sequence[_Numbered]) -> str:
    if not any(each.names for each in numbered):
        return "# No step needs a name from you."
    shared = {name: each.step.names[name] for each in numbered for name in each.step.names if name in SHARED}
    lines = [f': "${{{name}:=}}"  # {printable(meaning)}; for every step' for name, meaning in shared.items()]
    for each in numbered:
        own = {name: meaning for name, meaning in each.names.items() if name not in SHARED}
        if own:
            lines.append(_comments([f"Step {each.number}, {each.step.check.id} {each.step.target}:"]))
        lines += [f': "${{{name}:=}}"  # {printable(meaning)}' for name, meaning in own.items()]
    return "\n".join(lines)


def _plans(plan: Plan, prices: Mapping[str, float]) -> str:
    lines = []
    for change in plan.changes:
        lines += [f"Change of the isolation mode of {change.workspace.name}:"]
        lines += [f"  {line}" for line in (*mode_change_lines(change), *billed_by_change(change, prices))]
    added = billed_by(plan.steps)
    if added:
        lines.append(
            "Azure bills: " + "; ".join(priced(name, count, prices) for name, count in added.items()) + "."
        )
    return _comments(lines)


def _functions(numbered: Sequence[_Numbered]) -> str:
    return "\n\n".join(map(_function, numbered)) or "# There is none."


def _function(each: _Numbered) -> str:
    step = each.step
    comments = [each.title]
    comments += [f"Removes {row['check_id']} of {row['resource_id']}" for row in step.findings]
    comments += [f"Warning: {warning}" for warning in step.warnings]
    if step.check.remediation.caution:
        comments.append(f"Caution: {step.check.remediation.caution}")
    body = [f"  {line}" for part in step.parts for line in _part(each, part)]
    if not step.commands:
        does = step.parts[0].does if step.parts else step.check.remediation.summary
        body += [f"  # By hand: {printable(does)}", "  :"]
    return "\n".join(
        [_comments(comments), *_others(each), f"{each.function}() {{", *body, "}", *_needs(each)]
    )


def _others(each: _Numbered) -> Iterator[str]:
    """Yield the alternatives as comments."""
    for way in each.step.others:
        yield f"# Or {printable(way.label)}:"
        for part in way.parts:
            yield from (f"#   {line}" for line in _part(each, part))


def _needs(each: _Numbered) -> Iterator[str]:
    if each.names:
        yield f"needs_{each.number}() {{"
        for name, meaning in each.names.items():
            yield f'  : "${{{name}:?{_message(meaning)}}}"'
        yield "}"


def _message(meaning: str) -> str:
    """Return the meaning as a text inside double quotes and braces, where bash reads an apostrophe as a quote too."""
    safe = re.sub(r'[`$"\\}{]', "", printable(meaning))
    return "set it to " + safe.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")


def _part(each: _Numbered, part: Part) -> Iterator[str]:
    if part.does:
        yield f"# {part.number}{printable(part.does)}"
    for line in part.lines:
        if not line.startswith("#"):
            line = _checked(line, part.does)
        text = filled(line, each.step.values, each.variable)
        yield text
        if found := _SAVED.match(line):
            yield f"must_be_own {filled(found['file'], each.step.values, each.variable)}"


def _checked(line: str, does: str) -> str:
    """Return the command so that the script, not its reader, decides whether to go on."""
    if does.endswith(NOTHING_CLOSED):
        return line.replace("$(az ", "$(must_list az ", 1)
    if does == _WAITS:
        return f"wait_for Active {line} --output tsv"
    if found := _ZONE.match(line):
        return f"unless az network private-dns zone show {found['rest']} -- {line}"
    if found := _LINK.match(line):
        return f"unless az network private-dns link vnet show {found['rest']} -- {line}"
    return line


def _call(each: _Numbered) -> str:
    words = [str(each.number), each.function, " ".join(each.reasons), str(each.folder), each.title]
    return "  step " + " ".join(shlex.quote(word) for word in words)
