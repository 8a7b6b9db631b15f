"""Compose a policy with all it extends and overrides: the settings of each check for each workspace.

Blocks of settings apply in order, and a later value replaces an earlier one. Extended layers come first. In each layer
`checks` comes first (severities, then families, then ids), then the overrides as they are written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from pydantic import ValidationError

from checks.contract.tables import Tables
from checks.engine.asking import ScopedCheck
from checks.errors import PolicyError
from checks.frames import pd
from checks.model import Check, ChosenCheck, Severity
from checks.policy.model import CheckSetting, UnknownCounts, Waiver, override_label
from checks.policy.parsing import KeyPath, Layer, checks_under, explained, pointed, spelled
from checks.policy.selectors import Selector, matching, workspace_facts
from checks.pseudonyms import addresses_in

CHECK_DEFAULT = "the check's default"
NEVER_NAMED = "no policy names it"


@dataclass(frozen=True, kw_only=True)
class WrittenSetting:
    """A setting as a policy file has it. `path` leads to its key in the file of `layer`."""

    source: str
    layer: Layer
    path: KeyPath
    setting: CheckSetting

    def place(self, *below: int | str) -> str:
        """Return file, line and column of a place in the parameters, and the path of the parameters."""
        where = pointed(self.layer.source, self.layer.marks, (*self.path, "parameters", *below))
        return f"{where}: {spelled(self.path)}.parameters"


@dataclass(frozen=True, kw_only=True)
class SettingsBlock:
    """The settings of one `checks` block, by check id. With a selector they are for some workspaces only."""

    source: str
    where: Selector | None
    settings: Mapping[str, tuple[WrittenSetting, ...]]


@dataclass(frozen=True, kw_only=True)
class EffectiveSetting:
    """A check as a policy wants it for some workspaces, with the source of every value."""

    check: Check
    is_on: bool = False
    severity: Severity
    parameters: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    """`enabled`, `severity` and `parameters.NAME` to the source of the value that counts."""
    places: Mapping[str, WrittenSetting] = field(default_factory=dict)

    def chosen(self) -> ChosenCheck:
        """Return the check to ask. Raises PolicyError if it refuses its parameters."""
        try:
            params = self.check.params.model_validate(dict(self.parameters))
        except ValidationError as error:
            raise PolicyError(self._refusal(error)) from error
        return ChosenCheck(check=self.check, severity=self.severity, params=params)

    def _refusal(self, error: ValidationError) -> str:
        written = {name: each for name, each in self.places.items() if name.startswith("parameters.")}

        def place(path: KeyPath) -> str:
            name = f"parameters.{path[0]}" if path else ""
            found = [written[name]] if name in written else written.values()
            where = " and ".join(sorted({each.place(*path) for each in found}))
            return f"{where} (of {self.check.id}): {spelled(path)}"

        return explained(error.errors(include_url=False), self.check.params, place)


@dataclass(frozen=True, kw_only=True)
class Composition:
    """A policy together with everything it extends. `composed` makes it."""

    layers: tuple[Layer, ...]
    blocks: tuple[SettingsBlock, ...]
    registry: Mapping[str, Check] = field(repr=False)

    @property
    def overrides(self) -> tuple[SettingsBlock, ...]:
        """The blocks for some workspaces only, in order."""
        return tuple(each for each in self.blocks if each.where)

    @property
    def waivers(self) -> tuple[tuple[str, Waiver], ...]:
        """Every waiver, each after the place where it is written."""
        return tuple(
            (f"{layer.policy.name}: waivers[{number}]", waiver)
            for layer in self.layers
            for number, waiver in enumerate(layer.policy.waivers)
        )

    @property
    def digest(self) -> str:
        """SHA-256 of the settings of all layers, as hexadecimal. Notes and waivers do not count."""
        settings = [
            layer.policy.model_dump(mode="json", include={"checks", "overrides", "fail_on", "unknown"})
            for layer in self.layers
        ]
        return sha256(json.dumps(_without_notes(settings), sort_keys=True).encode()).hexdigest()

    @property
    def fail_on(self) -> Severity:
        """The lowest severity whose violation fails the run: that of the last layer that sets one, else low."""
        set_by = [layer.policy.fail_on for layer in self.layers if layer.policy.fail_on]
        return set_by[-1] if set_by else Severity.LOW

    @property
    def unknown(self) -> UnknownCounts:
        """Return how unknown findings count: as the last layer that sets it has it, else incomplete."""
        set_by = [layer.policy.unknown for layer in self.layers if layer.policy.unknown]
        return set_by[-1] if set_by else UnknownCounts.INCOMPLETE

    @property
    def management_groups(self) -> tuple[str, ...]:
        """Every management group that a selector names, sorted, each once in any case."""
        named = [group for where in self._selectors for group in where.management_group or ()]
        return tuple(sorted({group.lower(): group for group in named}.values()))

    @property
    def addresses(self) -> frozenset[str]:
        """Every e-mail address that a selector names as the value of a tag."""
        tags = [where.tag or {} for where in self._selectors]
        globs = [glob for tag in tags for values in tag.values() for glob in values]
        return frozenset().union(*map(addresses_in, globs))

    @property
    def _selectors(self) -> list[Selector]:
        named = [*(each.where for each in self.overrides), *(waiver.where for _, waiver in self.waivers)]
        return [where for where in named if where]

    def effective(self, applies: Sequence[bool]) -> dict[str, EffectiveSetting]:
        """Return the setting of every installed check if exactly these of `overrides` apply."""
        scoped = iter(applies)
        blocks = [each for each in self.blocks if each.where is None or next(scoped)]
        return {id: _effective(check, blocks) for id, check in self.registry.items()}

    def checks(self) -> tuple[ChosenCheck, ...]:
        """Return every check that the policy asks of any workspace, sorted by id.

        Each has the settings without overrides, or of the first override that turns it on.
        """
        count = len(self.overrides)
        scenes = [[False] * count, *([n == m for n in range(count)] for m in range(count)), [True] * count]
        found: dict[str, ChosenCheck] = {}
        for applies in scenes:
            for id, setting in self.effective(applies).items():
                if setting.places:
                    chosen = setting.chosen()
                    if setting.is_on:
                        found.setdefault(id, chosen)
        return tuple(found[id] for id in sorted(found))


def _without_notes(layers: Any) -> Any:
    """Return the layers without the notes of settings and the names of overrides. A parameter may be named note."""
    for layer in layers:
        for settings in [layer["checks"], *(override["checks"] for override in layer["overrides"])]:
            for setting in settings.values():
                setting.pop("note")
        for override in layer["overrides"]:
            override.pop("name")
    return layers


def composed(layers: Sequence[Layer], registry: Mapping[str, Check]) -> Composition:
    """Return the layers as one policy. Extended policies come first, the policy itself last.

    Parameters are validated without overrides, under each override alone and under all of them. Raises PolicyError for
    unknown ids and families, for parameters that a check refuses, and if no check is asked of any workspace.
    """
    blocks = [each for layer in layers for each in _blocks(layer, registry)]
    for layer in layers:
        for number, waiver in enumerate(layer.policy.waivers):
            at = pointed(layer.source, layer.marks, ("waivers", number, "check"))
            where = f"{at}: waivers[{number}].check: {waiver.check}"
            checks_under(waiver.check, registry, where, severities=False)
    composition = Composition(layers=tuple(layers), blocks=tuple(blocks), registry=registry)
    if not composition.checks():
        at = pointed(layers[-1].source, layers[-1].marks, ("checks",))
        raise PolicyError(f"{at}: checks: every check is off. Name at least one check.")
    return composition


def scoped(composition: Composition, tables: Tables) -> tuple[ScopedCheck, ...]:
    """Return the checks to ask of these tables, each once for each of its settings among the workspaces."""
    if not composition.overrides:
        return tuple(ScopedCheck(chosen=chosen) for chosen in composition.checks())
    found: dict[tuple[str, str, str], tuple[ChosenCheck, list[pd.Index]]] = {}
    for applies, workspaces in _grouped(composition.overrides, workspace_facts(tables)):
        for id, setting in composition.effective(applies).items():
            if setting.is_on:
                chosen = setting.chosen()
                key = (id, chosen.severity.value, repr(chosen.params))
                found.setdefault(key, (chosen, []))[1].append(workspaces)
    return tuple(
        ScopedCheck(chosen=chosen, workspaces=parts[0].append(parts[1:]))
        for _, (chosen, parts) in sorted(found.items())
    )


def _grouped(
    overrides: Iterable[SettingsBlock], facts: pd.DataFrame
) -> list[tuple[tuple[bool, ...], pd.Index]]:
    """Return the workspaces in groups to which the same overrides apply."""
    masks = pd.DataFrame(
        {n: matching(each.where, facts) for n, each in enumerate(overrides) if each.where}, index=facts.index
    )
    groups = masks.groupby(list(masks.columns), sort=True)
    return [(tuple(bool(flag) for flag in applies), group.index) for applies, group in groups]


def _blocks(layer: Layer, registry: Mapping[str, Check]) -> list[SettingsBlock]:
    everywhere = _settings(layer, ("checks",), None, layer.policy.checks, registry)
    found = [SettingsBlock(source=layer.source, where=None, settings=everywhere)]
    for number, override in enumerate(layer.policy.overrides):
        source = f"{layer.source}: {override_label(override, number)}"
        settings = _settings(layer, ("overrides", number, "checks"), source, override.checks, registry)
        found.append(SettingsBlock(source=source, where=override.where, settings=settings))
    return found


def _settings(
    layer: Layer,
    path: KeyPath,
    source: str | None,
    checks: Mapping[str, CheckSetting],
    registry: Mapping[str, Check],
) -> Mapping[str, tuple[WrittenSetting, ...]]:
    """Return the settings of one `checks` block by check id. `source` names its override, if it is in one."""
    found: dict[str, tuple[WrittenSetting, ...]] = {}
    for key in sorted(checks, key=lambda key: (key in registry, key not in list(Severity), key)):
        here = (*path, key)
        key_source = source or f"{layer.source}: {spelled(here)}"
        written = WrittenSetting(source=key_source, layer=layer, path=here, setting=checks[key])
        where = f"{pointed(layer.source, layer.marks, here)}: {spelled(here)}"
        for id in checks_under(key, registry, where):
            found[id] = (*found.get(id, ()), written)
    return found


def _effective(check: Check, blocks: Iterable[SettingsBlock]) -> EffectiveSetting:
    is_on, severity, parameters = False, check.severity, dict[str, Any]()
    sources = {"enabled": NEVER_NAMED, "severity": CHECK_DEFAULT}
    places: dict[str, WrittenSetting] = {}
    for written in (each for block in blocks for each in block.settings.get(check.id, ())):
        setting = written.setting
        is_on, severity = setting.enabled, setting.severity or severity
        parameters |= setting.parameters
        set_here = ["enabled", *(["severity"] if setting.severity else [])]
        set_here += [f"parameters.{name}" for name in setting.parameters]
        sources |= dict.fromkeys(set_here, written.source)
        places |= dict.fromkeys(set_here, written)
    return EffectiveSetting(
        check=check, is_on=is_on, severity=severity, parameters=parameters, sources=sources, places=places
    )
