"""`azml-audit history`: list, show, verify, trend and diff over the runs of an archive."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from checks.counting import counted
from checks.suggestions import did_you_mean
from reports.origin import moment
from reports.writing.single_file import check_file
from scanner.archive.earlier import download_report
from scanner.archive.index import Run, runs_in
from scanner.archive.stores import ArchiveStore
from scanner.choices import TrendFormat
from scanner.errors import UsageError
from scanner.history.checking import examined
from scanner.history.texts import csv_text, json_text, show_trend
from scanner.history.trend import SEVERITIES, Trend, series_of, trend
from scanner.terminal import Terminal, print_line, print_lines, table
from scanner.version import VERSION

_SHOWN = 40
_ROOT = re.compile(r"[0-9a-f]{8,64}")


def history(
    store: ArchiveStore,
    action: str,
    arguments: Sequence[str],
    terminal: Terminal,
    *,
    trend_format: TrendFormat,
    output: Path | None,
    whole: bool,
    expected: str = "",
) -> int:
    """Run one action and return the exit code. Raises UsageError for an unknown action, run or number of arguments."""
    actions: dict[str, tuple[int, Callable[[list[Run]], int]]] = {
        "list": (0, lambda runs: _list(runs, terminal.out, whole=whole)),
        "show": (1, lambda runs: _show(_named(runs, arguments[0], store), runs, terminal.out)),
        "verify": (0, lambda runs: _verify(store, runs, expected, terminal.out)),
        "trend": (0, lambda runs: _trend(runs, trend_format, output, terminal.out)),
        "diff": (2, lambda runs: _diff(store, runs, arguments, terminal)),
    }
    if action not in actions:
        raise UsageError(
            f"There is no action {action!r}. {did_you_mean(action, actions)}Choose from: {', '.join(actions)}."
        )
    count, work = actions[action]
    if len(arguments) != count:
        raise UsageError(f"history LOCATION {action} takes {count or 'no'} RUN{'s' if count > 1 else ''}.")
    if expected and action != "verify":
        raise UsageError("--expect-last is for verify: history LOCATION verify --expect-last ROOT.")
    if expected and not _ROOT.fullmatch(expected):
        raise UsageError(
            f"--expect-last {expected!r} is no root digest: 64 hexadecimal digits, or at least the first 8."
        )
    if output is not None and action == "trend":
        check_file("--output", output)
    runs = runs_in(store.index().content, store.name)
    if not runs and not (action == "verify" and (expected or store.names(""))):
        raise UsageError(f"{store.name} has no run. `azml-audit scan --archive {store.name}` adds one.")
    return work(runs)


def _named(runs: Sequence[Run], name: str, store: ArchiveStore) -> Run:
    """Return the run of this name, part of a name or root digest, `latest`, or `latest~1` and so on."""
    if name == "latest":
        return runs[-1]
    back = name.removeprefix("latest~")
    if back != name and back.isdigit() and int(back) < len(runs):
        return runs[-1 - int(back)]
    found = [run for run in runs if name in run.run or run.root.startswith(name)]
    if len(found) == 1:
        return found[0]
    problem = f"{len(found)} runs match {name!r}" if found else f"{store.name} has no run {name!r}"
    raise UsageError(
        f"{problem}. `azml-audit history {store.name} list` lists all; `latest` is the last one."
    )


def _list(runs: Sequence[Run], out: Console, *, whole: bool) -> int:
    shown = runs if whole else runs[-_SHOWN:]
    if len(shown) < len(runs):
        print_line(out, f"{len(runs) - len(shown):,} older runs are not listed. Add --whole.", "yellow")
    numbers = {id(run): number for number, series in enumerate(series_of(runs), 1) for run in series}
    firsts = {id(series[0]) for series in series_of(runs)}
    made = table("Run", "Exit", "Fail", "?", "Read", "New", "Gone", "Series", whole=("Run",))
    for run in shown:
        read = f"{run.coverage['subscriptions_read']}/{run.coverage['subscriptions']}"
        counts = (sum(run.violations.values()), run.unknown)
        opened = 0 if id(run) in firsts else len(run.opened)
        changes = (opened, len(run.closed), numbers[id(run)])
        words = (*(f"{count:,}" for count in counts), read, *(f"{count:,}" for count in changes))
        made.add_row(run.run, str(run.exit_code), *words)
    out.print(made)
    return 0


def _show(run: Run, runs: Sequence[Run], out: Console) -> int:
    """Print the run: when, what was read and found, and what changed since the run before of its series."""
    is_first = run is next(each for each in runs if each.series == run.series)
    subscriptions = counted(run.coverage["subscriptions"], "subscription")
    read = f"{run.coverage['subscriptions_read']:,} of {subscriptions}"
    seen = f"{counted(run.coverage['workspaces'], 'workspace')}, {counted(run.coverage['gaps'], 'gap')}"
    lines = {
        "run": run.run,
        "read": f"{moment(run.started_at)} to {moment(run.finished_at)}, by azml-audit {run.tool_version}",
        "verdict": ", ".join(f"{policy} {verdict}" for policy, verdict in sorted(run.verdicts.items())),
        "exit code": str(run.exit_code),
        "coverage": f"{read}, {seen}",
        "violations": _counts({each: run.violations.get(each, 0) for each in SEVERITIES}) or "none",
        "by check": _counts(dict(sorted(run.by_check.items(), key=lambda each: (-each[1], each[0])))),
        "unknown": f"{run.unknown:,}",
        "opened": "0 (first run of its series)" if is_first else f"{len(run.opened):,}",
        "closed": f"{len(run.closed):,}",
        "files": f"{len(run.files):,}",
        "policies": ", ".join(f"{name} {digest}" for name, digest in sorted(run.policies.items())),
        "scope": run.scope,
        "root digest": run.root,
        "run before": run.previous_root or "none, this is the first run of the archive",
    }
    for name, text in lines.items():
        print_line(out, f"{name}: {text or 'none'}")
    for word, listed in (("found" if is_first else "opened", run.opened), ("closed", run.closed)):
        worst_first = sorted(listed, key=lambda each: (_rank(each.severity), each.check, each.resource))
        for each in worst_first[:_SHOWN]:
            print_line(out, f"  {word} {each.severity} {each.check} {each.resource}")
        if len(listed) > _SHOWN:
            print_line(out, f"  and {len(listed) - _SHOWN:,} more {word}")
    return 0


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _verify(store: ArchiveStore, runs: Sequence[Run], expected: str, out: Console) -> int:
    found = examined(store, expected)
    for problem in found.problems:
        print_line(out, problem, "red")
    for note in found.notes:
        print_line(out, f"Note: {note}", "yellow")
    files = sum(len(run.files) for run in runs)
    if found.problems:
        count = counted(len(found.problems), "problem")
        print_line(out, f"The archive is altered or damaged ({count}).", "bold red")
        return 1
    words = f"{counted(len(runs), 'run')} and {counted(files, 'file')} agree with the index."
    print_line(out, words, "green")
    if runs:
        print_line(out, f"Last root digest: {runs[-1].root}")
    if expected:
        place = next(place for place, run in enumerate(runs) if run.root.startswith(expected))
        after = len(runs) - place - 1
        print_line(out, f"The expected run is {runs[place].run}; runs after it: {after:,}.")
    else:
        print_line(
            out,
            "Keep it elsewhere, and give it to the next verify as --expect-last. Without it nobody can find that the "
            "last runs were removed together with their lines and the pointer.",
        )
    return 0


def page(trends: Sequence[Trend]) -> str:
    """Return the page of all series, the last first."""
    from reports.page.environment import content_security_policy, environment
    from reports.page.trend_chart import chart

    templates = environment()
    style = templates.get_template("style/report.css").render()
    return templates.get_template("history.html").render(
        policy=content_security_policy(style, ""),
        tool_version=VERSION,
        trends=[(each, chart(each.points)) for each in trends],
        severities=SEVERITIES,
    )


def _trend(runs: Sequence[Run], trend_format: TrendFormat, output: Path | None, out: Console) -> int:
    trends = [trend(series) for series in series_of(runs)]
    if trend_format is TrendFormat.TABLE:
        if output is not None:
            raise UsageError("--output needs --format csv, json or html.")
        show_trend(trends, out)
        return 0
    texts = {TrendFormat.CSV: csv_text, TrendFormat.JSON: json_text, TrendFormat.HTML: page}
    text = texts[trend_format](trends)
    if output is None:
        print_lines(out, text.rstrip("\n"))
        return 0
    try:
        output.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"Could not write {output}: {error.strerror}.") from error
    return 0


def _diff(store: ArchiveStore, runs: Sequence[Run], names: Sequence[str], terminal: Terminal) -> int:
    from checks.drift.comparison import drift
    from scanner.questions.drift_summary import show_drift
    from scanner.snapshots import snapshot

    old, new = (_named(runs, name, store) for name in names)
    with TemporaryDirectory(prefix="azml-audit-") as place:
        sides = []
        for name, run in (("old", old), ("new", new)):
            folder = Path(place) / name
            folder.mkdir()
            sides.append(snapshot(download_report(store, run, folder)))
        show_drift(drift(replace(sides[0], name=old.run), replace(sides[1], name=new.run)), terminal.out)
    return 0
