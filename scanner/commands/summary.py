"""Print the end of an audit on the terminal: at most 24 lines of 80 columns.

NOT OK: 3 of 28 workspaces allow data exfiltration, 1 unknown.
baseline: violated. 7 critical, 53 high, 78 medium, 10 low; 76 unknown; score 49.2 of 100.
Worst: three workspaces, each with its worst violation in words.
Fix first: three fixes, each with the number of violations and workspaces.
Not read: the gaps, and the command that closes most of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote

from rich.console import Console
from rich.text import Text

from checks.counting import counted
from checks.frames import pd
from checks.model import Status
from checks.policy.judge import PolicyVerdict
from checks.severity import Severity, Verdict
from reports.audit import Audit
from reports.tables.population import in_scope
from reports.tables.violations import violations_by_fix
from reports.writing.lines import harmless
from scanner.choices import LAST_REPORT
from scanner.terminal import print_line

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
_MAX_NAMES = 3
_ADVICE_LINES = 4
_RANKS = {severity.value: severity.rank for severity in Severity}
_STYLES = {"critical": "bold red", "high": "red", "medium": "yellow"}


def show(audit: Audit, folder: Path, out: Console, *, code: int) -> None:
    """Print the answer, what is worst, what to fix first, what was not read and where the files are.

    `code` is the exit code that a scan with this result has. With a baseline the drift comes before.
    """
    if audit.drift is not None:
        from scanner.questions.drift_summary import show_drift

        show_drift(audit.drift, out)
        out.print()
    violations = _violations(audit)
    _show_answer(audit, out, code)
    worst = _worst(violations)
    _show_worst(violations, worst, out)
    _show_fixes(audit, violations, out)
    _show_gaps(audit, out)
    page = folder / "report.html"
    print_line(out, f"Report: {page if page.exists() else folder}")
    if worst:
        source = "" if folder == LAST_REPORT else f" --from {quote(str(folder))}"
        print_line(out, f"Next: azml-audit explain {quote(_name(worst[0]))}{source}")


def _violations(audit: Audit) -> pd.DataFrame:
    """Return each violation once, however many policies share it, the worst first."""
    columns = ["check_id", "severity", "resource_id", "workspace_id", "reason"]
    found = audit.findings.loc[audit.findings["verdict"].eq(Verdict.VIOLATED.value), columns].astype("string")
    found = found.assign(rank=found["severity"].map(_RANKS).astype("int64"))
    return found.sort_values(["rank", "check_id", "resource_id"]).drop_duplicates(["check_id", "resource_id"])


def _show_answer(audit: Audit, out: Console, code: int) -> None:
    word, style = _WORDS.get(code, _NOT_OK)
    headlines = list(dict.fromkeys(line for verdict in audit.verdicts for line in verdict.headlines))
    first = headlines[0] if headlines else EXIT_MEANING.get(code, "a policy is violated") + "."
    print_line(out, f"{word}: {first}", style)
    for line in headlines[1:_LISTED] if len(audit.verdicts) == 1 else ():
        _line(out, f"  {line}")
    shown = audit.verdicts if len(audit.verdicts) <= _LISTED else audit.verdicts[: _LISTED - 1]
    for verdict in shown:
        _line(out, _verdict(verdict))
    if len(shown) < len(audit.verdicts):
        _line(
            out,
            f"and {counted(len(audit.verdicts) - len(shown), 'more policy', 'more policies')}: see the report.",
        )
    notes = [note for verdict in audit.verdicts for note in _notes(verdict)]
    if notes:
        more = f" (and {counted(len(notes) - 1, 'more note')})" if len(notes) > 1 else ""
        _line(out, notes[0], "yellow", tail=more)
    _line(out, _population(audit))
    if left_out := _left_out(audit):
        _line(out, left_out)
    if not audit.is_azure:
        _line(out, f"This is not Azure: the source is {audit.source}.", "yellow")


def _verdict(verdict: PolicyVerdict) -> str:
    counts = [(name, count) for name, count in verdict.violated.items() if count]
    violated = [f"{count:,} {name}" for name, count in counts[:2]]
    violated += [f"{sum(count for _, count in counts[2:]):,} lower"] if counts[2:] else []
    unknown = verdict.statuses[Status.UNKNOWN] + verdict.statuses[Status.ERROR]
    parts = [", ".join(violated)] if violated else []
    parts += [f"{unknown:,} unknown"] if unknown else []
    parts += [f"{sum(verdict.waived.values()):,} waived"] if any(verdict.waived.values()) else []
    parts += ["no score" if verdict.score is None else f"score {verdict.score:.1f}"]
    return f"{verdict.policy}: {verdict.verdict.value}; {'; '.join(parts)}."


def _notes(verdict: PolicyVerdict) -> Iterator[str]:
    """Yield what is wrong with the policy itself. Unread groups come first, because settings were not applied."""
    for group in verdict.unread_groups:
        yield f"{verdict.policy}: could not read management group {group}; its settings were not applied."
    if verdict.expired_waivers or verdict.orphan_waivers:
        expired, orphans = len(verdict.expired_waivers), len(verdict.orphan_waivers)
        counts = [f"{expired:,} expired"] if expired else []
        counts += [counted(orphans, "matches nothing", "match nothing")] if orphans else []
        yield f"{verdict.policy}: of its waivers {' and '.join(counts)} (waivers.csv)."
    if verdict.idle_checks:
        yield f"{verdict.policy}: set a parameter for {', '.join(verdict.idle_checks)}, which judge nothing now."


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
    return f"The scope leaves out {shown} (left_out.csv)." if shown else ""


def _worst(violations: pd.DataFrame) -> list[str]:
    """Return the ids of the workspaces with the most violations of the worst severities."""
    named = violations[violations["workspace_id"].fillna("").ne("")]
    counts = pd.crosstab(named["workspace_id"], named["rank"]).reindex(
        columns=range(len(_RANKS)), fill_value=0
    )
    return (
        counts.sort_values(list(counts.columns), ascending=False, kind="stable").head(_LISTED).index.tolist()
    )


def _show_worst(violations: pd.DataFrame, worst: Sequence[str], out: Console) -> None:
    """Print the worst violation of each of the worst workspaces in words."""
    if worst:
        print_line(out, "Worst", "bold")
    for workspace_id in worst:
        own = violations[violations["workspace_id"].eq(workspace_id)]
        more = f" (and {len(own) - 1:,} more)" if len(own) > 1 else ""
        first = own.iloc[0]
        text = f"  {_name(workspace_id)}: {str(first['reason']).rstrip('.')}"
        _line(out, text, _STYLES.get(first["severity"], ""), tail=more)


def _name(workspace_id: str) -> str:
    return workspace_id.rpartition("/")[2]


def _show_fixes(audit: Audit, violations: pd.DataFrame, out: Console) -> None:
    if violations.empty:
        return
    print_line(out, "Fix first", "bold")
    for group in violations_by_fix(violations, audit.checks)[:_LISTED]:
        summary = group.remediation.summary.partition(". ")[0].rstrip(".")
        clears = f" ({len(group.rows):,} in {counted(group.workspace_count, 'workspace')})"
        _line(out, f"  {group.checks[0].id} {summary}", tail=clears)


def _show_gaps(audit: Audit, out: Console) -> None:
    gaps = audit.tables.gaps
    if gaps.empty:
        return
    closes = gaps["closes"].astype("string").fillna("")
    advice = closes.value_counts().sort_index().sort_values(ascending=False, kind="stable").index[0]
    _line(out, f"Not read: {_not_covered(audit)}{counted(len(gaps), 'gap')} ({_codes(gaps)})", "bold yellow")
    words, command = _split(str(advice))
    lines = [*_folded(words, out.width - 2), *_command_lines(command, out.width - 4)]
    for line in lines[:_ADVICE_LINES]:
        print_line(out, f"  {line}", "yellow")


def _codes(gaps: pd.DataFrame) -> str:
    """Return the most frequent code of the gaps, and how many others there are."""
    counts = gaps["code"].astype("string").value_counts()
    others = len(counts) - 1
    return f"{counts.index[0]} and {counted(others, 'other code')}" if others else str(counts.index[0])


def _not_covered(audit: Audit) -> str:
    """Return the names of the subscriptions that were not read completely."""
    subscriptions = in_scope(audit.tables.subscriptions)
    incomplete = subscriptions[~subscriptions["read"].fillna(value=False).astype(bool)]
    names = incomplete["subscription"].fillna(incomplete["subscription_id"]).head(_MAX_NAMES).tolist()
    rest = len(incomplete) - len(names)
    return f"{', '.join([*names, f'and {rest} more'] if rest else names)}; " if names else ""


def _split(advice: str) -> tuple[str, str]:
    """Return the words of an advice, and the command of az at its end. A command needs fewer words."""
    words, separator, command = advice.partition(": az ")
    return (f"{words.partition(' (')[0]}:", f"az {command}") if separator else (advice, "")


def _folded(text: str, width: int) -> list[str]:
    """Return lines of whole words; a word longer than a line, such as an id, has a line of its own."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _command_lines(command: str, width: int) -> list[str]:
    """Return the command in lines that a shell joins again, broken before options only."""
    if not command:
        return []
    parts = command.split(" --")
    lines = [parts[0]]
    for part in parts[1:]:
        if len(lines[-1]) + len(part) + 3 <= width:
            lines[-1] += f" --{part}"
        else:
            lines.append(f"  --{part}")
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:]


def _line(out: Console, text: str, style: str = "", *, tail: str = "") -> None:
    """Print one line, cut before `tail` so that it fits; the files have the whole text."""
    shown, end = harmless(text), harmless(tail)
    if len(shown) + len(end) > out.width:
        shown = f"{shown[: max(out.width - len(end) - 3, 1)]}..."
    out.print(Text(shown + end, style=style), soft_wrap=True)
