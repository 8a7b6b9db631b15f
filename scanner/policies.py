"""Finds and reads policies: the shipped ones by name, any other by its file, and all they extend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from checks.errors import PolicyError
from checks.model import Check, ChosenCheck
from checks.policy.composition import Composition, composed
from checks.policy.model import Policy
from checks.policy.parsing import Layer, parsed
from scanner.policy_yaml import document, text_of


@dataclass(frozen=True, kw_only=True)
class LoadedPolicy:
    """A policy, where it came from, the text it was written as and what it comes to.

    `composition` holds, as its layers, the policy and all it extends, each with its text; `checks` are
    those it asks of any workspace.
    """

    policy: Policy
    source: str
    text: str
    composition: Composition
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


def management_groups(policies: Sequence[LoadedPolicy]) -> tuple[str, ...]:
    """Every management group the policies' selectors name, sorted."""
    named = {group.lower(): group for each in policies for group in each.composition.management_groups}
    return tuple(sorted(named.values()))


def starter() -> str:
    """The commented policy file that `policies init` writes."""
    return (files("checks") / "starter.yaml").read_text(encoding="utf-8")


def _loaded(name: str, registry: Mapping[str, Check]) -> LoadedPolicy:
    layers: dict[str, Layer] = {}
    _read_into(layers, name, way=())
    own = list(layers.values())[-1]
    composition = composed(list(layers.values()), registry)
    return LoadedPolicy(
        policy=own.policy,
        source=own.source,
        text=own.text,
        composition=composition,
        checks=composition.checks(),
    )


def _read_into(layers: dict[str, Layer], name: str, *, way: tuple[str, ...]) -> None:
    """Add what the policy extends, then the policy itself, each once; `way` are those that led here."""
    key = _key(name)
    if key in map(_key, way):
        circle = " -> ".join([*way[list(map(_key, way)).index(key) :], name])
        raise PolicyError(f"{way[-1]}: extends: policies extend each other in a circle: {circle}.")
    if key in layers:
        return
    text = _text(name, way)
    policy = parsed(document(text, name), name)
    for extended in policy.extends:
        _read_into(layers, _beside(name, extended), way=(*way, name))
    layers[key] = Layer(source=name, policy=policy, text=text)


def _key(name: str) -> str:
    return name if name in shipped() else str(Path(name).resolve())


def _beside(name: str, extended: str) -> str:
    """A shipped policy by its name; a file relative to the one that extends it."""
    if extended in shipped() or name in shipped():
        return extended
    return str(Path(name).parent / extended)


def _text(name: str, way: tuple[str, ...]) -> str:
    where = f"{way[-1]}: extends: {name}" if way else name
    if name in shipped():
        return (files("checks") / "policies" / f"{name}.yaml").read_text(encoding="utf-8")
    try:
        return text_of(Path(name))
    except FileNotFoundError as error:
        raise PolicyError(
            f"{where}: no policy of that name and no such file. Shipped policies: {', '.join(shipped())}."
        ) from error
    except (OSError, ValueError) as error:
        raise PolicyError(f"{where}: cannot be read: {error}") from error
