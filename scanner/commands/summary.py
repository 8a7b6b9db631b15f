"""Print the summary of an audit on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from checks.model import Status
from checks.policy.judge import PolicyVerdict
from checks.severity import Verdict
from reports.audit import Audit
from reports.writing.lines import harmless
from reports.writing.previous import PREVIOUS, Extent, extent_of
from scanner.terminal import print_line

EXIT_MEANING = {
    0: "every check is satisfied or waived, and there is no gap",
    1: "a policy is violated",
    3: "no policy is violated, but the audit is incomplete",
    4: "a check crashed",
}
_VERDICT_STYLE = {
    Verdict.COMPLIANT: "green",
    Verdict.VIOLATED: "bold red",
    Verdict.UNDETERMINED: "yellow",
}
_STATUSES = (Status.UNKNOWN, Status.ERROR, Status.FAIL, Status.PASS, Status.NOT_APPLICABLE)
_MAX_GAPS = 5
_MAX_NAMES = 3


def show(audit: Audit, folder: Path, out: Console) -> None:
    """Print what was read, the verdict of every policy, the gaps and where the files are.

    Lead with the previous report if it read more.
    """
    for line in previous_note(folder):
        print_line(out, line, "bold yellow")
    if not audit.is_azure:
        print_line(out, f"This is not Azure: the source is {audit.source}.", "yellow")
    out.print(_population(audit), soft_wrap=True)
    for verdict in audit.verdicts:
        _show_verdict(verdict, out)
        for line in _notes(verdict):
            print_line(out, line, "yellow")
    _show_gaps(audit, out)
    if audit.drift is not None:
        from scanner.commands.drift_summary import show_drift

        show_drift(audit.drift, out)
    print_line(out, _where(folder))


def previous_note(folder: Path) -> list[str]:
    """Return a line about the previous report if `folder` keeps one, because it read more."""
    now, before = extent_of(folder), extent_of(folder / PREVIOUS)
    if now is None or before is None:
        return []
    return [
        f"This audit read less than the one before: {_covered(now)}; before: {_covered(before)}. "
        f"The report of the one before is kept in {folder / PREVIOUS}."
    ]


def _covered(extent: Extent) -> str:
    return (
        f"{_count(extent.subscriptions, 'subscription')} and {_count(extent.workspaces, 'workspace')}, "
        f"{extent.complete_workspaces:,} of them without a gap"
    )


def _where(folder: Path) -> str:
    page = folder / "report.html"
    if not page.exists():
        return f"Report: {folder}"
    tables = " (its tables are the CSV files beside it)" if (folder / "findings.csv").exists() else ""
    return f"Report: {page}{tables}"


def _population(audit: Audit) -> Text:
    subscriptions = audit.tables.subscriptions
    is_read = subscriptions["read"].fillna(value=False)
    text = Text(
        f"{int(is_read.sum())} of {_count(len(subscriptions), 'subscription')} read completely, with "
        f"{_count(len(audit.tables.workspaces), 'workspace')} and "
        f"{_count(len(audit.tables.outbound_rules), 'outbound rule')}."
    )
    incomplete = subscriptions[~subscriptions["read"].fillna(value=True)]
    if incomplete.empty:
        return text
    names = incomplete["subscription"].fillna(incomplete["subscription_id"]).head(_MAX_NAMES).tolist()
    rest = len(incomplete) - len(names)
    listed = ", ".join([*names, f"and {rest} more"] if rest else names)
    return text.append(f" The results do not fully cover {harmless(listed)}.", style="bold yellow")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _show_verdict(verdict: PolicyVerdict, out: Console) -> None:
    line = Text(f"{harmless(verdict.policy)}: ", style="bold")
    line.append(verdict.verdict.value, style=_VERDICT_STYLE[verdict.verdict])
    out.print(line)
    for sentence in verdict.headlines:
        print_line(out, f"  {sentence}")
    counts = [
        f"{verdict.statuses[status]:,} {status.value}" for status in _STATUSES if verdict.statuses[status]
    ]
    if any(verdict.waived.values()):
        counts.append(f"{sum(verdict.waived.values()):,} waived")
    violated = [f"{count:,} {name}" for name, count in verdict.violated.items() if count]
    print_line(out, f"  findings: {', '.join(counts) or 'none'}")
    print_line(out, f"  violations: {', '.join(violated) or 'none'}")
    if verdict.consequences:
        inherited = (
            f"; {_count(verdict.inheriting, 'Project')} inherit{'s' * (verdict.inheriting == 1)} from a hub"
        )
        more = f"{_count(verdict.consequences, 'more finding')} follow{'s' * (verdict.consequences == 1)} from others"
        print_line(out, f"  {more}{inherited if verdict.inheriting else ''}")
    print_line(out, "  no score" if verdict.score is None else f"  score: {verdict.score:.1f} of 100")


def _notes(verdict: PolicyVerdict) -> Iterator[str]:
    yield from (f"Waiver expired: {each}" for each in verdict.expired_waivers)
    yield from (f"Waiver matches nothing: {each}" for each in verdict.orphan_waivers)
    if verdict.idle_checks:
        yield (
            f"These checks of {verdict.policy} judge nothing until the policy sets their parameter: "
            f"{', '.join(verdict.idle_checks)}."
        )
    for group in verdict.unread_groups:
        yield (
            f"Could not read management group {group}, so the settings of {verdict.policy} for it were not "
            "applied."
        )


def _show_gaps(audit: Audit, out: Console) -> None:
    gaps = audit.tables.gaps
    for gap in gaps.head(_MAX_GAPS).itertuples():
        line = f"Gap: could not read {gap.asked} of {gap.scope}: {gap.code}. {gap.closes}"
        print_line(out, line, "yellow")
    if len(gaps) > _MAX_GAPS:
        out.print(Text(f"… and {len(gaps) - _MAX_GAPS} more gaps in gaps.csv.", style="yellow"))
