"""`azml-audit policies explain`: show what a policy demands of one workspace, and where each value is set."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from checks.frames import pd
from checks.policy.composition import CHECK_DEFAULT, NEVER_NAMED, Composition, EffectiveSetting
from checks.policy.selectors import FACT_COLUMNS, NOWHERE, matching
from checks.registry import registry
from scanner.errors import UsageError
from scanner.policies import LoadedPolicy, loaded
from scanner.terminal import print_line, table

_WORKSPACE_ID = re.compile(
    r"/subscriptions/(?P<subscription_id>[^/]+)/resourceGroups/(?P<resource_group>[^/]+)"
    r"/providers/Microsoft\.MachineLearningServices/workspaces/(?P<workspace>[^/]+)",
    re.IGNORECASE,
)
_OPTION_OF = {
    "subscription": ("subscription", "--subscription-name"),
    "management_group": ("management_groups", "--management-group"),
    "tag": ("tags", "--tag"),
    "kind": ("kind", "--kind"),
    "location": ("location", "--location"),
}
"""The key of a selector to the fact it asks for and the option that sets the fact."""


def facts_of(
    workspace_id: str,
    *,
    subscription: str | None = None,
    kind: str | None = None,
    location: str | None = None,
    tags: Sequence[str] | None = None,
    management_groups: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return the facts about a workspace as selectors take them.

    There are two rows, as in `workspace_facts`: the workspace and `NOWHERE`. Raises UsageError for an id or
    a tag in another form.
    """
    found = _WORKSPACE_ID.fullmatch(workspace_id.strip().rstrip("/"))
    if not found:
        raise UsageError(
            f"{workspace_id!r} is not the resource id of a workspace. `az ml workspace show` prints it: "
            "/subscriptions/ID/resourceGroups/NAME/providers/Microsoft.MachineLearningServices/workspaces/NAME."
        )
    groups = ", ".join(management_groups) if management_groups else None
    row = {
        **found.groupdict(),
        "workspace_id": found.group(),
        "subscription": subscription,
        "kind": kind,
        "location": location,
        "tags": json.dumps(dict(map(_tag, tags))) if tags else None,
        "management_groups": groups,
        "known_management_groups": groups,
    }
    rows = [row, dict.fromkeys(FACT_COLUMNS)]
    return pd.DataFrame(rows, index=[found.group().lower(), NOWHERE], columns=list(FACT_COLUMNS)).astype(
        "string"
    )


def _tag(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise UsageError(f"--tag {text}: write the tag as NAME=VALUE.")
    return name, value


def explain(facts: pd.DataFrame, names: Sequence[str], out: Console) -> int:
    """Print the checks that each policy names, with their values and sources. Raises PolicyError."""
    for policy in loaded(names, registry()):
        _explain(policy, facts, out)
    return 0


def _explain(policy: LoadedPolicy, facts: pd.DataFrame, out: Console) -> None:
    composition = policy.composition
    applies = [
        bool(matching(each.where, facts).iloc[0]) for each in composition.overrides if each.where is not None
    ]
    settings = composition.effective(applies)
    print_line(out, f"{policy.policy.name} for {facts['workspace_id'].iloc[0]}", "bold")
    for line in _overrides(composition, applies, facts):
        print_line(out, line)
    print_line(
        out,
        f"A violation fails the run from severity {composition.fail_on.value} on. "
        f"Unknown counts as {composition.unknown.value}. Waivers: {len(composition.waivers)}.",
    )
    listed = table("Check", "Setting", "Value", "Set by", whole=("Check", "Setting"))
    for each in settings.values():
        for cells in _rows(each):
            listed.add_row(*(Text(cell) for cell in cells))
    out.print(listed)
    unnamed = sum(each.sources["enabled"] == NEVER_NAMED for each in settings.values())
    print_line(out, f"{unnamed} installed checks are off: the policy does not name them.")


def _overrides(composition: Composition, applies: Sequence[bool], facts: pd.DataFrame) -> Iterator[str]:
    for statement, is_for_it in zip(composition.overrides, applies, strict=True):
        if is_for_it:
            yield f"{statement.source} applies."
            continue
        missing = _missing_options(statement.where.asks_for if statement.where else (), facts)
        hint = f". It also asks for facts that are missing: add {', '.join(missing)}" if missing else ""
        yield f"{statement.source} does not apply{hint}."


def _missing_options(asked: Sequence[str], facts: pd.DataFrame) -> list[str]:
    options = [_OPTION_OF[key] for key in asked if key in _OPTION_OF]
    return [option for fact, option in options if pd.isna(facts[fact].iloc[0])]


def _rows(setting: EffectiveSetting) -> Iterator[tuple[str, str, str, str]]:
    """Yield the rows of a check that the policy names; a check that is off has one row."""
    if setting.sources["enabled"] == NEVER_NAMED:
        return
    word = "on" if setting.is_on else "off"
    yield setting.check.id, "enabled", word, setting.sources["enabled"]
    if not setting.is_on:
        return
    yield "", "severity", setting.severity.value, setting.sources["severity"]
    params: Mapping[str, object] = setting.chosen().params.model_dump(mode="json")
    for name, value in params.items():
        source = setting.sources.get(f"parameters.{name}", CHECK_DEFAULT)
        yield "", name, json.dumps(value, ensure_ascii=False), source
