"""Print the end of an audit on the terminal: at most 24 lines of 80 columns.

NOT OK: 3 of 32 workspaces allow data exfiltration, 1 unknown.
baseline: violated; 7 critical, 53 high, 99 lower; 79 unknown; score 49.3.
Worst: three workspaces, each with its worst violation in words.
Fix first: three fixes, each with the number of violations and workspaces.
Not read: the subscriptions and gaps, and the command that closes them.
Report, Next, Exit code.

`lines` fits the entries into the lines. `about` and `gaps` write what was read and what was not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from rich.console import Console

from checks.counting import counted
from checks.frames import pd
from checks.policy.judge import PolicyVerdict
from checks.severity import Severity, Verdict
from reports.audit import Audit
from reports.tables.population import in_scope
from reports.tables.violations import violations_by_fix
from reports.writing.lines import harmless
from scanner.choices import LAST_REPORT
from scanner.folding import cut
from scanner.questions.explain import without_ids
from scanner.summary.about import about
from scanner.summary.gaps import not_read
from scanner.summary.lines import Entry, print_entries

EXIT_MEANING = {
    0: "every check is satisfied or waived, and there is no gap",
    1: "a policy is violated",
    3: "no policy is violated, but the audit is incomplete",
    4: "a check or the reading of a subscription crashed",
}
_WORDS = {0: ("OK", "bold green"), 3: ("INCOMPLETE", "bold yellow")}
_NOT_OK = ("NOT OK", "bold red")
_LISTED = 3
"""The most policies, workspaces and fixes that are listed."""
_NAME_WIDTH = 40
_URGENCY = (Verdict.VIOLATED, Verdict.UNDETERMINED, Verdict.COMPLIANT)
_RANKS = {severity.value: severity.rank for severity in Severity}
_STYLES = {"critical": "bold red", "high": "red", "medium": "yellow"}


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a command ends: its exit code and what that means, and the lines about its evidence.

    `label` is before the code. With `is_live` the audit has read Azure, so `doctor` examines the same.
    """

    code: int
    meaning: str = ""
    label: str = "Exit code"
    evidence: Sequence[str] = ()
    is_live: bool = True


def show(audit: Audit, folder: Path, out: Console, ending: Ending) -> None:
    """Print the answer, what is worst, what to fix first, what was not read and where the files are."""
    violations = _violations(audit)
    worst = _worst(violations)
    names = _names(audit)
    entries = [
        *_answer(audit, violations, ending),
        *about(audit, names),
        *_worst_entries(violations, worst, names),
        *_fix_entries(audit, violations),
        *not_read(audit, out.width),
    ]
    page = folder / "report.html"
    entries.append(Entry(text=f"Report: {page if page.exists() else folder}", is_whole=True))
    entries += [Entry(text=line, is_whole=True) for line in ending.evidence]
    entries.append(Entry(text=f"Next: {_next(audit, folder, worst, ending)}", is_whole=True))
    if ending.meaning:
        entries.append(Entry(text=f"{ending.label} {ending.code}: {ending.meaning}."))
    print_entries(entries, out)


def _violations(audit: Audit) -> pd.DataFrame:
    """Return each violation once, however many policies share it, the worst first."""
    columns = ["check_id", "severity", "resource_id", "workspace_id", "reason"]
    found = audit.findings.loc[audit.findings["verdict"].eq(Verdict.VIOLATED.value), columns].astype("string")
    found = found.assign(rank=found["severity"].map(_RANKS).astype("int64"))
    return found.sort_values(["rank", "check_id", "resource_id"]).drop_duplicates(["check_id", "resource_id"])


def _answer(audit: Audit, violations: pd.DataFrame, ending: Ending) -> Iterator[Entry]:
    """Yield the answer, the changes since the baseline, and the counts of each policy."""
    word, style = _WORDS.get(ending.code, _NOT_OK)
    sentences = _sentences(audit)
    first, *others = sentences if ending.code == 1 and sentences else [_claim(audit, violations, ending)]
    yield Entry(text=f"{word}: {first}", style=style)
    if audit.drift is not None:
        yield from _changes(audit)
    for line in others[: _LISTED - 1] if len(audit.verdicts) == 1 else ():
        yield Entry(text=line, indent=2, spare=3)
    verdicts = sorted(audit.verdicts, key=lambda each: _URGENCY.index(each.verdict))
    shown = verdicts if len(verdicts) <= _LISTED else verdicts[: _LISTED - 1]
    for verdict in shown:
        yield Entry(text=_verdict(verdict))
        if text := _uncounted(verdict):
            yield Entry(text=text, indent=2, spare=3)
    if rest := len(verdicts) - len(shown):
        yield Entry(text=f"and {counted(rest, 'more policy', 'more policies')}: see the report.")


def _sentences(audit: Audit) -> list[str]:
    """Return the sentences that count workspaces: those that count some first, then those with unknown ones."""
    lines = dict.fromkeys(line for verdict in audit.verdicts for line in verdict.headlines)
    return sorted(lines, key=lambda line: (line.startswith("0 of "), " unknown" not in line))


def _claim(audit: Audit, violations: pd.DataFrame, ending: Ending) -> str:
    """Return the answer if no sentence of a policy is one."""
    total = len(in_scope(audit.tables.workspaces))
    workspaces = f"of {counted(total, 'workspace')}"
    if ending.code == 1:
        failing = violations["workspace_id"].fillna("").replace("", pd.NA).nunique()
        return f"{failing:,} {workspaces} {'has' if 1 in (failing, total) else 'have'} a violation."
    if ending.code == 3 and (unread := _unread(audit)):
        return unread
    if ending.code == 0 and not total:
        return "there is no workspace to audit."
    if ending.code == 0 and all(verdict.verdict is Verdict.COMPLIANT for verdict in audit.verdicts):
        (first, *others) = [verdict.policy for verdict in audit.verdicts]
        policies = f"all {len(others) + 1} policies" if others else first
        return f"{total:,} {workspaces} {'satisfies' if total == 1 else 'satisfy'} {policies}."
    return f"{ending.meaning or EXIT_MEANING.get(ending.code, EXIT_MEANING[1])}."


def _unread(audit: Audit) -> str:
    """Return how many subscriptions were not read, or how many workspaces have an unknown answer; "" for none."""
    read = in_scope(audit.tables.subscriptions)["read"].fillna(value=False).astype(bool)
    unread = int((~read).sum())
    if unread:
        was = "was" if 1 in (unread, len(read)) else "were"
        return (
            f"no policy is violated, but {unread:,} of {counted(len(read), 'subscription')} {was} not read."
        )
    undecided = audit.findings["verdict"].eq(Verdict.UNDETERMINED.value)
    unknown = audit.findings.loc[undecided, "workspace_id"].dropna().nunique()
    total = len(in_scope(audit.tables.workspaces))
    has = "has" if 1 in (unknown, total) else "have"
    answers = f"{unknown:,} of {counted(total, 'workspace')} {has} an unknown answer."
    return f"no policy is violated, but {answers}" if unknown else ""


def _changes(audit: Audit) -> Iterator[Entry]:
    from reports.drift.view import drift_view

    assert audit.drift is not None
    view = drift_view(audit.drift, _LISTED)
    older = _name(view.sides[0].name.rstrip("/"))
    yield Entry(text=f"Since {older}: {view.headline}", style="bold red" if view.is_regression else "bold")
    if view.classes:
        classes = ", ".join(f"{count:,} {name}" for name, count, _ in view.classes)
        yield Entry(text=f"Findings: {classes}.", indent=2, spare=1)


def _verdict(verdict: PolicyVerdict) -> str:
    counts = [(name, count) for name, count in verdict.violated.items() if count]
    violated = [f"{count:,} {name}" for name, count in counts[:2]]
    violated += [f"{sum(count for _, count in counts[2:]):,} lower"] if counts[2:] else []
    parts = [", ".join(violated)] if violated else []
    parts += [f"{verdict.undecided:,} unknown"] if verdict.undecided else []
    parts += [f"{sum(verdict.waived.values()):,} waived"] if any(verdict.waived.values()) else []
    parts += ["no score" if verdict.score is None else f"score {verdict.score:.1f}"]
    return f"{verdict.policy}: {verdict.verdict.value}; {'; '.join(parts)}."


def _uncounted(verdict: PolicyVerdict) -> str:
    """Return how many findings follow from those that are counted, and how many Projects inherit them."""
    more, projects = verdict.consequences - verdict.repeats, verdict.inheriting
    parts = [counted(more, "more finding follows", "more findings follow")] if more else []
    inherit = counted(projects, "Project inherits", "Projects inherit")
    parts += [f"{inherit} them from a hub"] if projects else []
    return f"{'; '.join(parts)}." if parts else ""


def _worst(violations: pd.DataFrame) -> list[str]:
    """Return the ids of the workspaces with the most violations of the worst severities."""
    named = violations[violations["workspace_id"].fillna("").ne("")]
    counts = pd.crosstab(named["workspace_id"], named["rank"]).reindex(
        columns=range(len(_RANKS)), fill_value=0
    )
    return (
        counts.sort_values(list(counts.columns), ascending=False, kind="stable").head(_LISTED).index.tolist()
    )


def _worst_entries(violations: pd.DataFrame, worst: Sequence[str], names: dict[str, str]) -> Iterator[Entry]:
    """Yield the worst violation of each of the worst workspaces in words."""
    if worst:
        yield Entry(text="Worst", style="bold")
    for place, workspace_id in enumerate(worst):
        own = violations[violations["workspace_id"].eq(workspace_id)]
        more = f" ({len(own) - 1:,} more)" if len(own) > 1 else ""
        first = own.iloc[0]
        name = cut(names.get(workspace_id.lower()) or _name(workspace_id), _NAME_WIDTH)
        reason = without_ids(str(first["reason"])).rstrip(".")
        yield Entry(
            text=f"{name}: {reason}",
            tail=more,
            style=_STYLES.get(first["severity"], ""),
            indent=2,
            spare=1 if place == _LISTED - 1 else 0,
            least=2,
        )


def _names(audit: Audit) -> dict[str, str]:
    """Return the name of each workspace by its lower-cased id; a name that two have, with its resource group."""
    ids = audit.tables.workspaces["workspace_id"].astype(str).tolist()
    names = [_name(each).lower() for each in ids]
    twice = {name for name, count in pd.Series(names, dtype=object).value_counts().items() if count > 1}
    return {
        each.lower(): f"{_name(each)} in {each.split('/')[4]}" if name in twice else _name(each)
        for each, name in zip(ids, names, strict=True)
        if each.count("/") > 4
    }


def _name(workspace_id: str) -> str:
    return workspace_id.rpartition("/")[2]


def _fix_entries(audit: Audit, violations: pd.DataFrame) -> Iterator[Entry]:
    if violations.empty:
        return
    yield Entry(text="Fix first", style="bold")
    for place, group in enumerate(violations_by_fix(violations, audit.checks)[:_LISTED]):
        clears = f" ({len(group.rows):,} in {counted(group.workspace_count, 'workspace')})"
        text = f"{group.checks[0].id} {group.remediation.summary.rstrip('.')}"
        yield Entry(text=text, tail=clears, indent=2, spare=1 if place == _LISTED - 1 else 0)


def _next(audit: Audit, folder: Path, worst: Sequence[str], ending: Ending) -> str:
    """Return the command to type next: about the worst workspace, else about the gaps, else about a destination."""
    source = "" if folder == LAST_REPORT else f" --from {quote(str(folder))}"
    undecided = audit.findings.loc[audit.findings["verdict"].eq(Verdict.UNDETERMINED.value), "workspace_id"]
    asked = [*worst, *undecided.dropna().astype(str).value_counts().index[:1]]
    if asked and asked[0]:
        names = [_name(each).lower() for each in audit.tables.workspaces["workspace_id"].astype(str)]
        name = _name(asked[0])
        shown = harmless(name if names.count(name.lower()) == 1 else asked[0])
        words = f"{source} -- {quote(shown)}" if shown.startswith("-") else f" {quote(shown)}{source}"
        return f"azml-audit explain{words}"
    if len(audit.tables.workspaces) and not (ending.is_live and len(audit.tables.gaps)):
        return f"azml-audit reach '*' pypi.org{source}"
    return "azml-audit doctor" if ending.is_live else "azml-audit scan"
