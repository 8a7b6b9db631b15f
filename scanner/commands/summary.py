"""What a person at a terminal sees when an audit has ended."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from checks.model import Status
from checks.policy.judge import PolicyVerdict, Verdict
from reports.audit import Audit

EXIT_MEANING = {
    0: "every check satisfied or waived, nothing unread",
    1: "a policy is violated",
    3: "not violated, but incomplete: something could not be read or decided",
    4: "a check crashed",
}
_VERDICT_STYLE = {
    Verdict.COMPLIANT: "green",
    Verdict.VIOLATED: "bold red",
    Verdict.UNDETERMINED: "yellow",
}
_STATUSES = (Status.UNKNOWN, Status.ERROR, Status.FAIL, Status.PASS, Status.NOT_APPLICABLE)
_MAX_GAPS = 5


def show(audit: Audit, folder: Path, out: Console) -> None:
    """Print what was read, the verdict of every policy, the gaps and where the files are."""
    if not audit.is_azure:
        out.print(Text(f"Not Azure: the facts come from {audit.source}.", style="yellow"))
    out.print(_population(audit))
    for verdict in audit.verdicts:
        _show_verdict(verdict, out)
        _show_waivers(verdict, out)
    _show_gaps(audit, out)
    if audit.drift is not None:
        from scanner.commands.drift_summary import show_drift

        show_drift(audit.drift, out)
    out.print(Text(_where(folder)), soft_wrap=True)


def _where(folder: Path) -> str:
    page = folder / "report.html"
    if not page.exists():
        return f"Report: {folder}"
    tables = "; the tables are beside it as CSV." if (folder / "findings.csv").exists() else ""
    return f"Report: {page}{tables}"


def _population(audit: Audit) -> Text:
    read = audit.tables.subscriptions["read"]
    unread = int((~read.fillna(value=True)).sum())
    text = Text(
        f"{len(read)} subscriptions seen, {int(read.fillna(value=False).sum())} read to the end, "
        f"{len(audit.tables.workspaces)} workspaces, {len(audit.tables.outbound_rules)} outbound rules."
    )
    return text.append(f" {unread} not read completely!", style="bold yellow") if unread else text


def _show_verdict(verdict: PolicyVerdict, out: Console) -> None:
    score = "no score" if verdict.score is None else f"score {verdict.score:.1f}"
    line = Text(f"{verdict.policy}: ", style="bold")
    line.append(verdict.verdict.value, style=_VERDICT_STYLE[verdict.verdict]).append(f", {score}", style="")
    out.print(line)
    counts = [
        f"{verdict.statuses[status]:,} {status.value}" for status in _STATUSES if verdict.statuses[status]
    ]
    if any(verdict.waived.values()):
        counts.append(f"{sum(verdict.waived.values()):,} waived")
    violated = [f"{count:,} {name}" for name, count in verdict.violated.items() if count]
    out.print(Text(f"  findings: {', '.join(counts) or 'none'}"))
    out.print(Text(f"  violated: {', '.join(violated) or 'none'}"))


def _show_waivers(verdict: PolicyVerdict, out: Console) -> None:
    told = [
        *(f"Waiver expired: {each}" for each in verdict.expired_waivers),
        *(f"Waiver without effect: {each}" for each in verdict.orphan_waivers),
        *(
            f"Management group {group} was not read: what {verdict.policy} says for it was not applied."
            for group in verdict.unread_groups
        ),
    ]
    for line in told:
        out.print(Text(line, style="yellow"), soft_wrap=True)


def _show_gaps(audit: Audit, out: Console) -> None:
    gaps = audit.tables.gaps
    for gap in gaps.head(_MAX_GAPS).itertuples():
        told = f"Not read: {gap.asked} of {gap.scope}: {gap.code}. {gap.closes}"
        out.print(Text(told, style="yellow"), soft_wrap=True)
    if len(gaps) > _MAX_GAPS:
        out.print(Text(f"… and {len(gaps) - _MAX_GAPS} more in gaps.csv.", style="yellow"))
