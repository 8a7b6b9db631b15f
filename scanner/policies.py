"""Finds and reads policies: the shipped ones by name, any other by its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from checks.errors import PolicyError
from checks.model import Check, ChosenCheck
from checks.policy import Policy, chosen, parsed


@dataclass(frozen=True, kw_only=True)
class LoadedPolicy:
    """A policy, where it came from, the text it was written as and the checks it chooses."""

    policy: Policy
    source: str
    text: str
    checks: tuple[ChosenCheck, ...]


def shipped() -> Sequence[str]:
    """The names of the policies that come with azml-audit, sorted."""
    folder = files("checks") / "policies"
    return sorted(
        entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")
    )


def loaded(names: Sequence[str], registry: Mapping[str, Check]) -> tuple[LoadedPolicy, ...]:
    """The policies of these names or files. Raises PolicyError, also where two share a name."""
    policies = tuple(_loaded(name, registry) for name in names)
    by_name: dict[str, str] = {}
    for each in policies:
        if each.policy.name in by_name:
            raise PolicyError(
                f"{each.source} and {by_name[each.policy.name]} are both named {each.policy.name!r}; "
                "rename one, or give it once."
            )
        by_name[each.policy.name] = each.source
    return policies


def _loaded(name: str, registry: Mapping[str, Check]) -> LoadedPolicy:
    source, text = _text(name)
    policy = parsed(_document(text, source), source)
    return LoadedPolicy(policy=policy, source=source, text=text, checks=chosen(policy, registry, source))


def _text(name: str) -> tuple[str, str]:
    if name in shipped():
        return name, (files("checks") / "policies" / f"{name}.yaml").read_text(encoding="utf-8")
    try:
        return name, Path(name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise PolicyError(
            f"{name}: no policy of that name and no such file. Shipped policies: {', '.join(shipped())}."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{name}: cannot be read: {error}") from error


class _UniqueKeys(yaml.SafeLoader):
    """YAML's safe subset, where a key that occurs twice is an error and not a silent overwriting."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} occurs twice", key.start_mark
                )
            seen.add(key.value)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


def _document(text: str, source: str) -> Any:
    try:
        return yaml.load(text, Loader=_UniqueKeys)  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError as error:
        raise PolicyError(f"{source}: not YAML: {error}") from error
