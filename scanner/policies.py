"""Find and read policies: a shipped policy by its name, any other by its file, and all that they extend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from checks.errors import PolicyError
from checks.model import Check, ChosenCheck
from checks.policy.composition import Composition, composed
from checks.policy.model import Policy
from checks.policy.parsing import Layer, parsed, pointed
from checks.suggestions import did_you_mean
from scanner.policy_yaml import marked_document, text_of


@dataclass(frozen=True, kw_only=True)
class LoadedPolicy:
    """A policy with its source and text, and its composition with every policy that it extends.

    The layers of `composition` are these policies. `checks` are the checks that it asks of any workspace.
    """

    policy: Policy
    source: str
    text: str
    composition: Composition
    checks: tuple[ChosenCheck, ...]


def shipped() -> Sequence[str]:
    """Return the names of the policies that come with azml-audit, sorted."""
    folder = files("checks") / "policies"
    return sorted(
        entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")
    )


def shipped_text(name: str) -> str:
    """Return the text of a shipped policy."""
    return (files("checks") / "policies" / f"{name}.yaml").read_text(encoding="utf-8")


def loaded(names: Sequence[str], registry: Mapping[str, Check]) -> tuple[LoadedPolicy, ...]:
    """Load policies by name or file. Raises PolicyError, also if two policies have one name."""
    policies = tuple(_loaded(name, registry) for name in names)
    by_name: dict[str, str] = {}
    for each in policies:
        if each.policy.name in by_name:
            raise PolicyError(
                f"{each.source} and {by_name[each.policy.name]} are both named {each.policy.name!r}. "
                "Rename one, or name the policy once."
            )
        by_name[each.policy.name] = each.source
    return policies


def management_groups(policies: Sequence[LoadedPolicy]) -> tuple[str, ...]:
    """Return every management group that the selectors of the policies name, sorted."""
    named = {group.lower(): group for each in policies for group in each.composition.management_groups}
    return tuple(sorted(named.values()))


def addresses(policies: Sequence[LoadedPolicy]) -> frozenset[str]:
    """Return every e-mail address that the selectors of the policies name."""
    return frozenset().union(*(each.composition.addresses for each in policies))


def starter() -> str:
    """Return the commented policy file that `policies init` writes."""
    return (files("checks") / "starter.yaml").read_text(encoding="utf-8")


def _loaded(name: str, registry: Mapping[str, Check]) -> LoadedPolicy:
    layers: dict[str, Layer] = {}
    _read_into(layers, name, chain=(), at="")
    own = list(layers.values())[-1]
    composition = composed(list(layers.values()), registry)
    return LoadedPolicy(
        policy=own.policy,
        source=own.source,
        text=own.text,
        composition=composition,
        checks=composition.checks(),
    )


def _read_into(layers: dict[str, Layer], name: str, *, chain: tuple[str, ...], at: str) -> None:
    """Add the policies that a policy extends, then the policy itself, each once.

    `chain` are the policies that extend this one, and `at` is the place of the last `extends`.
    """
    key = _key(name)
    if key in map(_key, chain):
        circle = " -> ".join([*chain[list(map(_key, chain)).index(key) :], name])
        raise PolicyError(f"{at}: extends: policies extend each other in a circle: {circle}.")
    if key in layers:
        return
    text = _text(name, at)
    document, marks = marked_document(text, name)
    policy = parsed(document, name, marks)
    for number, extended in enumerate(policy.extends):
        place = pointed(name, marks, ("extends", number))
        _read_into(layers, _beside(name, extended), chain=(*chain, name), at=place)
    layers[key] = Layer(source=name, policy=policy, text=text, marks=marks)


def _key(name: str) -> str:
    return name if name in shipped() else str(Path(name).resolve())


def _beside(name: str, extended: str) -> str:
    """Return a shipped policy by its name, or a file relative to the policy that extends it."""
    if extended in shipped() or name in shipped():
        return extended
    return str(Path(name).parent / extended)


def _text(name: str, at: str) -> str:
    where = f"{at}: extends: {name}" if at else name
    if name in shipped():
        return shipped_text(name)
    try:
        return text_of(Path(name))
    except FileNotFoundError as error:
        hint = did_you_mean(name, shipped())
        raise PolicyError(
            f"{where}: there is no such policy and no such file. {hint}"
            f"Shipped policies: {', '.join(shipped())}."
        ) from error
    except (OSError, ValueError) as error:
        raise PolicyError(f"{where}: could not read the file: {error}") from error
