"""Find the workspaces that a user means: by name, id, glob or a part of the name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from checks.counting import counted
from checks.drift.model import Snapshot
from checks.suggestions import did_you_mean
from reports.writing.lines import harmless
from scanner.errors import UsageError

_MOST_NAMES = 10
_CLOSE = 0.7


def workspace_named(audit: Snapshot, name: str) -> str:
    """Return the lower-cased id of the workspace with this name or id, or the only one with this part of a name.

    Raises UsageError if there is none, and with the names or ids to choose from if there are several.
    """
    wanted = _folded(name)
    rows = audit.workspace_rows
    exact = _exact(audit, wanted)
    found = exact or [key for key, row in rows.items() if wanted and wanted in row["workspace"].lower()]
    if len(found) == 1:
        return found[0]
    if found:
        have = "are named" if exact else f"have {name!r} in their name. Give one of these"
        raise UsageError(
            f"{len(found):,} workspaces {have}{f' {name!r}. Give the id of one' if exact else ''}:\n"
            + _choices(audit, found)
        )
    raise UsageError(_none(audit, name) + "Give a name, a part of one, or a resource id.")


def workspaces_named(audit: Snapshot, source: str) -> list[str]:
    """Return the ids of the workspaces with this name, id or glob, in any case. Raises UsageError if there is none."""
    wanted = _folded(source)
    found = _exact(audit, wanted) or [
        key
        for key, row in audit.workspace_rows.items()
        if fnmatchcase(row["workspace"].lower(), wanted) or fnmatchcase(key, wanted)
    ]
    if not found:
        raise UsageError(
            _none(audit, source) + "Give a name, a resource id, a glob such as 'mlw-*', or '*' for all."
        )
    return found


def _folded(name: str) -> str:
    return name.strip().rstrip("/").lower()


def _exact(audit: Snapshot, wanted: str) -> list[str]:
    """Return the workspaces with this id or name. Both may also be given as they are printed."""
    rows = audit.workspace_rows
    if wanted in rows:
        return [wanted]
    names = {key: row["workspace"].lower() for key, row in rows.items()}
    return [key for key, name in names.items() if wanted in (name, harmless(name), harmless(key))]


def _choices(audit: Snapshot, keys: Sequence[str]) -> str:
    """Return a line for each workspace: its name, or its id if others have the name."""
    rows = audit.workspace_rows
    every = [row["workspace"].lower() for row in rows.values()]
    lines = []
    for key in keys[:_MOST_NAMES]:
        row = rows[key]
        is_only_one = every.count(row["workspace"].lower()) == 1
        lines.append(f"{row['workspace']} in {row['resource_group']}" if is_only_one else row["workspace_id"])
    more = [f"and {len(keys) - _MOST_NAMES:,} more"] if len(keys) > _MOST_NAMES else []
    return "\n".join(f"  {harmless(line)}" for line in [*lines, *more])


def _none(audit: Snapshot, name: str) -> str:
    names = [row["workspace"] for row in audit.workspace_rows.values()]
    hint = did_you_mean(name, names) or _like_a_part(name, names)
    return f"{audit.name} has no workspace {name!r}. {hint}It has {counted(len(names), 'workspace')}. "


def _like_a_part(name: str, names: Iterable[str]) -> str:
    """Return a hint if the name is close to a word of a workspace's name: `pricng` to mlw-pricing-prod."""
    by_word: dict[str, str] = {}
    for each in sorted(names):
        for word in re.split(r"[-_.\s]", each.casefold()):
            by_word.setdefault(word, each)
    close = get_close_matches(name.casefold(), by_word, n=2, cutoff=_CLOSE)
    meant = dict.fromkeys(by_word[word] for word in close)
    return f"Did you mean {' or '.join(meant)}? " if meant else ""
