"""Read the scope of a scan from a scope file, or from the options that name its parts.

subscriptions: [Payments, 5f0c6a5e-0000-4000-8000-000000000001]
resource_groups: rg-ml-*
tags: {env: [prod, prod-*]}
exclude:
  management_groups: sandbox
  states: [Disabled, Warned]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from checks.policy.parsing import KeyPath, Marks, explained, pointed, spelled
from checks.policy.selectors import Glob, Globs, GroupNames
from checks.pseudonyms import addresses_in, with_pseudonyms
from checks.suggestions import did_you_mean
from scanner.errors import ScopeError
from scanner.policy_yaml import marked_document, text_of
from scanner.scope.wanted import Wanted

STATES = ("Enabled", "Warned", "PastDue", "Disabled", "Deleted")
"""The states of a subscription (Microsoft.Resources 2022-12-01)."""


def _state(word: object) -> object:
    if not isinstance(word, str):
        return word
    known = {state.lower(): state for state in STATES}
    if word.strip().lower() not in known:
        raise ValueError(
            f"there is no state {word!r}. {did_you_mean(word, STATES)}Choose from: {', '.join(STATES)}."
        )
    return known[word.strip().lower()]


def _listed(value: object) -> object:
    return value if value is None or isinstance(value, (list, tuple, dict)) else (value,)


State = Annotated[str, BeforeValidator(_state)]
States = Annotated[tuple[State, ...], BeforeValidator(_listed), Field(min_length=1)]


def _each_tag_once(value: object) -> object:
    """Refuse two spellings of one tag. To Azure they are the same, so one of them would be lost."""
    names = [str(name).lower() for name in value] if isinstance(value, Mapping) else []
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the tag {twice[0]} occurs twice; case does not matter in the name of a tag")
    return value


Tags = Annotated[dict[Glob, Globs], BeforeValidator(_each_tag_once), Field(min_length=1)]


class _Excluded(BaseModel):
    """The part to leave out of the subscriptions that are asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subscriptions: Globs | None = None
    management_groups: GroupNames | None = None
    states: States | None = None
    quota_ids: Globs | None = None


class ScopeFile(BaseModel):
    """A scope file. Every key is optional; without any, everything that is visible is in scope."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tenants: Globs | None = None
    subscriptions: Globs | None = None
    management_groups: GroupNames | None = None
    resource_groups: Globs | None = None
    tags: Tags | None = None
    exclude: _Excluded | None = None


def scope_in(path: Path, option: str = "--scope") -> Wanted:
    """Return the scope in a file. Raises ScopeError or PolicyError with the line and column of what is wrong.

    E-mail addresses become pseudonyms, as in the answers of Azure that the rules are compared with.
    """
    try:
        text = text_of(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ScopeError(f"{option} {path}: could not read the file: {reason}. Name a YAML file.") from error
    return replace(scope_of_text(with_pseudonyms(text), str(path)), addresses=addresses_in(text))


def scope_of_text(text: str, source: str) -> Wanted:
    """Return the scope that the text of a file describes. Raises ScopeError or PolicyError."""
    document, marks = marked_document(text, source)
    if not isinstance(document, Mapping) or not document:
        raise ScopeError(
            f"{source}: a scope file is a mapping with at least one of the keys {', '.join(ScopeFile.model_fields)}."
        )
    return _wanted(document, lambda path: f"{pointed(source, marks, path)}: {spelled(path)}", text, marks)


_OPTIONS: Mapping[KeyPath, str] = {
    ("tenants",): "--tenant",
    ("subscriptions",): "--subscription",
    ("management_groups",): "--management-group",
    ("resource_groups",): "--resource-group",
    ("tags",): "--tag",
    ("exclude", "subscriptions"): "--exclude-subscription",
    ("exclude", "management_groups"): "--exclude-management-group",
    ("exclude", "states"): "--exclude-state",
    ("exclude", "quota_ids"): "--exclude-quota-id",
}


def scope_of_options(
    words: Mapping[tuple[str, ...], Sequence[str]], tags: Mapping[str, Sequence[str]]
) -> Wanted:
    """Return the scope of options, given by the path that each has in a scope file. Raises ScopeError."""
    cleaned = {path: [with_pseudonyms(word) for word in values] for path, values in words.items()}
    document: dict[str, object] = {path[0]: values for path, values in cleaned.items() if len(path) == 1}
    excluded = {path[1]: values for path, values in cleaned.items() if len(path) == 2}
    document |= {"exclude": excluded} if excluded else {}
    document |= (
        {"tags": {name: [*map(with_pseudonyms, globs)] for name, globs in tags.items()}} if tags else {}
    )

    def option(path: KeyPath) -> str:
        return next((each for key, each in _OPTIONS.items() if path[: len(key)] == key), spelled(path))

    named = [
        *(word for values in words.values() for word in values),
        *(glob for globs in tags.values() for glob in globs),
    ]
    return replace(_wanted(document, option), addresses=frozenset().union(*map(addresses_in, named)))


def tags_of(words: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Return the globs by tag of KEY=GLOB words. Two globs for one tag are alternatives. Raises ScopeError."""
    found: dict[str, list[str]] = {}
    for word in words:
        name, is_there, glob = word.partition("=")
        if not (is_there and name.strip() and glob.strip()):
            raise ScopeError(f"--tag {word}: write the name of a tag, = and a glob, such as env=prod*.")
        spelled_before = next((each for each in found if each.lower() == name.strip().lower()), name.strip())
        found.setdefault(spelled_before, []).append(glob.strip())
    return found


def _wanted(
    document: Mapping[str, object],
    place: Callable[[KeyPath], str],
    text: str | None = None,
    marks: Marks | None = None,
) -> Wanted:
    try:
        found = ScopeFile.model_validate(document)
    except ValidationError as error:
        problems = sorted(
            error.errors(include_url=False), key=lambda each: _position(marks or {}, each["loc"])
        )
        raise ScopeError(explained(problems, ScopeFile, place)) from error
    excluded = found.exclude or _Excluded()
    return Wanted(
        tenants=found.tenants or (),
        subscriptions=found.subscriptions or (),
        management_groups=found.management_groups or (),
        resource_groups=found.resource_groups or (),
        tags=found.tags or {},
        excluded=excluded.subscriptions or (),
        excluded_management_groups=excluded.management_groups or (),
        excluded_states=excluded.states or (),
        excluded_quota_ids=excluded.quota_ids or (),
        file=text,
    )


def _position(marks: Marks, path: KeyPath) -> tuple[int, int]:
    return max((marks[path[:end]] for end in range(len(path) + 1) if path[:end] in marks), default=(0, 0))
