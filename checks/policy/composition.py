"""The settings that a policy, with everything it extends and overrides, has for each workspace, and their sources.

A later statement replaces the values of an earlier one. The extended layers come first. Within a layer its
`checks` come first (severities, then families, then ids), then its overrides in the order of the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pandas as pd
from pydantic import ValidationError

from checks.contract.tables import Tables
from checks.engine.asking import ScopedCheck
from checks.errors import PolicyError
from checks.model import Check, ChosenCheck, Severity
from checks.policy.model import CheckSetting, UnknownCounts, Waiver, override_label
from checks.policy.parsing import KeyPath, Layer, checks_under, explained, pointed, spelled
from checks.policy.selectors import Selector, matching, workspace_facts

BUILT_IN = "the check's own"
NEVER_NAMED = "no policy names it"


@dataclass(frozen=True, kw_only=True)
class Said:
    """One setting of one check and its place: `path` leads to its key in the file of `layer`."""

    source: str
    layer: Layer
    path: KeyPath
    setting: CheckSetting

    def place(self, *below: int | str) -> str:
        """The file, line and column of what is at or below the setting, and the path of its parameters."""
        where = pointed(self.layer.source, self.layer.marks, (*self.path, "parameters", *below))
        return f"{where}: {spelled(self.path)}.parameters"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """The settings of one `checks` block, by check id. With a selector they apply to some workspaces only."""

    source: str
    where: Selector | None
    said: Mapping[str, tuple[Said, ...]]


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A check with the values that a policy sets for some workspaces, and the source of every value."""

    check: Check
    is_on: bool = False
    severity: Severity
    parameters: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    """The place that set the value last, by `enabled`, `severity` and `parameters.NAME`."""
    places: Mapping[str, Said] = field(default_factory=dict)

    def chosen(self) -> ChosenCheck:
        """Return the check to ask. Raises PolicyError if its parameters contradict each other."""
        try:
            params = self.check.params.model_validate(dict(self.parameters))
        except ValidationError as error:
            raise PolicyError(self._refusal(error)) from error
        return ChosenCheck(check=self.check, severity=self.severity, params=params)

    def _refusal(self, error: ValidationError) -> str:
        said = {name: one for name, one in self.places.items() if name.startswith("parameters.")}

        def place(path: KeyPath) -> str:
            name = f"parameters.{path[0]}" if path else ""
            ones = [said[name]] if name in said else said.values()
            where = " and ".join(sorted({one.place(*path) for one in ones}))
            return f"{where} (of {self.check.id}): {spelled(path)}"

        return explained(error.errors(include_url=False), self.check.params, place)


@dataclass(frozen=True, kw_only=True)
class Composition:
    """A policy together with everything it extends; made by `composed`."""

    layers: tuple[Layer, ...]
    statements: tuple[Statement, ...]
    registry: Mapping[str, Check] = field(repr=False)

    @property
    def overrides(self) -> tuple[Statement, ...]:
        """The statements that are for some workspaces only, in their order."""
        return tuple(each for each in self.statements if each.where)

    @property
    def waivers(self) -> tuple[tuple[str, Waiver], ...]:
        """Return every waiver with its place."""
        return tuple(
            (f"{layer.policy.name}: waivers[{number}]", waiver)
            for layer in self.layers
            for number, waiver in enumerate(layer.policy.waivers)
        )

    @property
    def digest(self) -> str:
        """Return the hexadecimal SHA-256 of the layers' settings, without notes and waivers."""
        said = [
            layer.policy.model_dump(mode="json", include={"checks", "overrides", "fail_on", "unknown"})
            for layer in self.layers
        ]
        return sha256(json.dumps(_without_notes(said), sort_keys=True).encode()).hexdigest()

    @property
    def fail_on(self) -> Severity:
        """Return the least severity whose violation fails the run: the last layer that sets it decides, else low."""
        said = [layer.policy.fail_on for layer in self.layers if layer.policy.fail_on]
        return said[-1] if said else Severity.LOW

    @property
    def unknown(self) -> UnknownCounts:
        """Return how unknown findings count: the last layer that sets it decides, else incomplete."""
        said = [layer.policy.unknown for layer in self.layers if layer.policy.unknown]
        return said[-1] if said else UnknownCounts.INCOMPLETE

    @property
    def management_groups(self) -> tuple[str, ...]:
        """Every management group that a selector names, sorted, each once whatever its case."""
        selectors = [*(each.where for each in self.overrides), *(waiver.where for _, waiver in self.waivers)]
        named = [group for where in selectors if where for group in where.management_group or ()]
        return tuple(sorted({group.lower(): group for group in named}.values()))

    def settled(self, applies: Sequence[bool]) -> dict[str, Settled]:
        """Every installed check where exactly these overrides apply; `applies` goes with `overrides`."""
        scoped = iter(applies)
        statements = [each for each in self.statements if each.where is None or next(scoped)]
        return {id: _settled(check, statements) for id, check in self.registry.items()}

    def checks(self) -> tuple[ChosenCheck, ...]:
        """Every check the policy asks anywhere, sorted by id: as everywhere, or as where it is first on."""
        count = len(self.overrides)
        scenes = [[False] * count, *([n == m for n in range(count)] for m in range(count)), [True] * count]
        found: dict[str, ChosenCheck] = {}
        for applies in scenes:
            for id, settled in self.settled(applies).items():
                if settled.places:
                    chosen = settled.chosen()
                    if settled.is_on:
                        found.setdefault(id, chosen)
        return tuple(found[id] for id in sorted(found))


def _without_notes(said: Any) -> Any:
    """The settings of checks without their notes; a parameter may well be named note."""
    for layer in said:
        for settings in [layer["checks"], *(override["checks"] for override in layer["overrides"])]:
            for setting in settings.values():
                setting.pop("note")
        for override in layer["overrides"]:
            override.pop("name")
    return said


def composed(layers: Sequence[Layer], registry: Mapping[str, Check]) -> Composition:
    """The layers as one policy; what is extended comes first, the policy itself last.

    Every parameter is validated, as everywhere, under each override alone and under all of them. Raises
    PolicyError for ids and families no installed check has, parameters a check refuses, or where no
    check is asked of any workspace.
    """
    statements = [each for layer in layers for each in _statements(layer, registry)]
    for layer in layers:
        for number, waiver in enumerate(layer.policy.waivers):
            at = pointed(layer.source, layer.marks, ("waivers", number, "check"))
            where = f"{at}: waivers[{number}].check: {waiver.check}"
            checks_under(waiver.check, registry, where, severities=False)
    composition = Composition(layers=tuple(layers), statements=tuple(statements), registry=registry)
    if not composition.checks():
        at = pointed(layers[-1].source, layers[-1].marks, ("checks",))
        raise PolicyError(f"{at}: checks: no check is left on, so there is nothing to judge.")
    return composition


def scoped(composition: Composition, tables: Tables) -> tuple[ScopedCheck, ...]:
    """The checks to ask of these tables: each as often as its settings differ among the workspaces."""
    if not composition.overrides:
        return tuple(ScopedCheck(chosen=chosen) for chosen in composition.checks())
    found: dict[tuple[str, str, str], tuple[ChosenCheck, list[pd.Index]]] = {}
    for applies, workspaces in _alike(composition.overrides, workspace_facts(tables)):
        for id, settled in composition.settled(applies).items():
            if settled.is_on:
                chosen = settled.chosen()
                key = (id, chosen.severity.value, repr(chosen.params))
                found.setdefault(key, (chosen, []))[1].append(workspaces)
    return tuple(
        ScopedCheck(chosen=chosen, workspaces=parts[0].append(parts[1:]))
        for _, (chosen, parts) in sorted(found.items())
    )


def _alike(overrides: Iterable[Statement], facts: pd.DataFrame) -> list[tuple[tuple[bool, ...], pd.Index]]:
    """The workspaces to which the same overrides apply, together."""
    masks = pd.DataFrame(
        {n: matching(each.where, facts) for n, each in enumerate(overrides) if each.where}, index=facts.index
    )
    groups = masks.groupby(list(masks.columns), sort=True)
    return [(tuple(bool(flag) for flag in applies), group.index) for applies, group in groups]


def _statements(layer: Layer, registry: Mapping[str, Check]) -> list[Statement]:
    everywhere = Statement(
        source=layer.source, where=None, said=_said(layer, ("checks",), None, layer.policy.checks, registry)
    )
    found = [everywhere]
    for number, override in enumerate(layer.policy.overrides):
        source = f"{layer.source}: {override_label(override, number)}"
        path = ("overrides", number, "checks")
        said = _said(layer, path, source, override.checks, registry)
        found.append(Statement(source=source, where=override.where, said=said))
    return found


def _said(
    layer: Layer,
    path: KeyPath,
    source: str | None,
    checks: Mapping[str, CheckSetting],
    registry: Mapping[str, Check],
) -> Mapping[str, tuple[Said, ...]]:
    """Return the settings of one `checks` block by check id. `source` names its override, if it is in one."""
    said: dict[str, tuple[Said, ...]] = {}
    for key in sorted(checks, key=lambda key: (key in registry, key not in list(Severity), key)):
        here = (*path, key)
        one = Said(
            source=source or f"{layer.source}: {spelled(here)}", layer=layer, path=here, setting=checks[key]
        )
        where = f"{pointed(layer.source, layer.marks, here)}: {spelled(here)}"
        for id in checks_under(key, registry, where):
            said[id] = (*said.get(id, ()), one)
    return said


def _settled(check: Check, statements: Iterable[Statement]) -> Settled:
    said = [one for statement in statements for one in statement.said.get(check.id, ())]
    is_on, severity, parameters = False, check.severity, dict[str, Any]()
    sources = {"enabled": NEVER_NAMED, "severity": BUILT_IN}
    places: dict[str, Said] = {}
    for one in said:
        values = {"enabled": one.setting.enabled, "severity": one.setting.severity}
        is_on, severity = one.setting.enabled, one.setting.severity or severity
        parameters |= one.setting.parameters
        set_here = [name for name, value in values.items() if value is not None]
        set_here += [f"parameters.{name}" for name in one.setting.parameters]
        sources |= dict.fromkeys(set_here, one.source)
        places |= dict.fromkeys(set_here, one)
    return Settled(
        check=check,
        is_on=is_on,
        severity=severity,
        parameters=parameters,
        sources=sources,
        places=places,
    )
