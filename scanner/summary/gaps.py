"""Write what an audit could not read, and the command that closes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from checks.counting import counted
from checks.frames import pd
from reports.audit import Audit
from reports.tables.population import in_scope
from scanner.folding import cut, folded
from scanner.summary.lines import Entry

_MAX_NAMES = 3
_NAME_WIDTH = 40
_ADVICE_LINES = 3
_SCOPE = re.compile(r"--scope /subscriptions/([0-9a-f-]{36})$", re.IGNORECASE)
_STYLE = "yellow"


def not_read(audit: Audit, width: int) -> Iterator[Entry]:
    """Yield what was not read, and what closes most of it; nothing if there is no gap."""
    gaps = audit.tables.gaps
    if gaps.empty:
        return
    names, kinds = _not_covered(audit), f"{counted(len(gaps), 'gap')} ({_codes(gaps)})"
    text, tail = (f"Not read: {names}", f"; {kinds}") if names else (f"Not read: {kinds}", "")
    yield Entry(text=text, tail=tail, style="bold yellow")
    advices = _advices(audit)
    words, command = _split(advices[0])
    same = [each for each in advices if _SCOPE.sub("", each) == _SCOPE.sub("", advices[0])]
    if command and 1 < len(same) <= _MAX_NAMES:
        words = f"{words.rstrip(':')} on {len(same)} subscriptions:"
        lines = _loop(command, same, width)
    else:
        lines = _command_lines(command, width - 2)
        others = len({_split(each)[1] or each for each in advices}) - 1
        words += f" ({others:,} more in gaps.csv, column closes)" if command and others else ""
    for line in folded(words, width - 2, most=None if command else _ADVICE_LINES):
        yield Entry(text=line, style=_STYLE, indent=2, is_whole=True)
    for line in lines:
        yield Entry(text=line, style=_STYLE, indent=2, is_whole=True)


def _advices(audit: Audit) -> list[str]:
    """Return the different advices: first those for subscriptions that were not read, then the most frequent."""
    gaps = audit.tables.gaps
    subscriptions = in_scope(audit.tables.subscriptions)
    unread = subscriptions[~subscriptions["read"].fillna(value=False).astype(bool)]["subscription_id"]
    ids = gaps["subscription_id"].astype("string").str.lower()
    first = gaps["asked"].isin(["subscriptions", "workspaces"]) & ids.isin(unread.str.lower())
    closes = gaps["closes"].astype("string").fillna("")
    found: list[str] = []
    for chosen in (closes[first], closes[~first]):
        counts = chosen.value_counts().sort_index().sort_values(ascending=False, kind="stable")
        found.extend(counts.index.tolist())
    return list(dict.fromkeys(found))


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
    names = [cut(name, _NAME_WIDTH) for name in names]
    rest = len(incomplete) - len(names)
    return f"{', '.join(names)}{f' and {rest:,} more' if rest else ''}"


def _split(advice: str) -> tuple[str, str]:
    """Return the words of an advice, and the command of az at its end. A command needs fewer words."""
    words, separator, command = advice.partition(": az ")
    return (f"{words.partition(' (')[0]}:", f"az {command}") if separator else (advice, "")


def _loop(command: str, advices: Sequence[str], width: int) -> list[str]:
    """Return the command in a loop of the shell over the subscriptions of the advices."""
    ids = " ".join(found.group(1) for each in advices if (found := _SCOPE.search(each)))
    *heads, last_head = folded(f"for id in {ids}", width - 4, indent="  ")
    *lines, last = _command_lines(_SCOPE.sub('--scope "/subscriptions/$id"', command), width - 6)
    return [*(f"{each} \\" for each in heads), last_head, f"do {lines[0]}", *lines[1:], f"{last}; done"]


def _command_lines(command: str, width: int) -> list[str]:
    """Return the command in lines that a shell joins again. An option moves to the first line that has room."""
    if not command:
        return []
    first, *options = command.split(" --")
    lines = [first]
    for option in options:
        words = f" --{option}"
        place = next((n for n, line in enumerate(lines) if len(line) + len(words) + 2 <= width), None)
        if place is None:
            lines.append(f" {words}")
        else:
            lines[place] += words
    return [*(f"{line} \\" for line in lines[:-1]), lines[-1]]
