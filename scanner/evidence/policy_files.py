"""Write the policy files of a bundle and the settings that follow from them, and read both back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from checks.model import Check
from checks.policy.composition import Composition, composed
from checks.policy.parsing import Layer, parsed
from scanner.errors import EvidenceError
from scanner.evidence.bounded_json import document as document_of
from scanner.evidence.opening import Bundle, content
from scanner.policies import LoadedPolicy
from scanner.policy_yaml import MAX_BYTES, document

FOLDER = "policies/"
RESOLVED = f"{FOLDER}resolved.json"


def policy_files(policies: Sequence[LoadedPolicy]) -> Iterator[tuple[str, bytes]]:
    """Yield every policy file, extended ones included, and `resolved.json`."""
    for number, policy in enumerate(policies):
        for place, layer in enumerate(policy.composition.layers):
            yield _name(number, place, layer), layer.text.encode()
    yield RESOLVED, resolved(policies)


def resolved(policies: Sequence[LoadedPolicy]) -> bytes:
    """Return the resolved policies: checks, severities, parameters, overrides and waivers."""
    documents = [_resolved(number, policy) for number, policy in enumerate(policies)]
    return json.dumps(documents, indent=1, sort_keys=True).encode() + b"\n"


def sealed_policies(bundle: Bundle, registry: Mapping[str, Check]) -> tuple[LoadedPolicy, ...]:
    """Return the policies of a bundle, read as data like any policy. Raises PolicyError or EvidenceError."""
    try:
        documents = document_of(bundle, RESOLVED)
        listed = [
            [(str(layer["source"]), str(layer["file"])) for layer in each["layers"]] for each in documents
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise EvidenceError(f"{bundle.path}: {RESOLVED} is altered: {error!r}.") from error
    return tuple(_loaded(bundle, layers, registry) for layers in listed)


def _loaded(bundle: Bundle, files: list[tuple[str, str]], registry: Mapping[str, Check]) -> LoadedPolicy:
    layers = []
    for source, name in files:
        try:
            text = content(bundle, name, MAX_BYTES).decode()
        except UnicodeDecodeError as error:
            raise EvidenceError(f"{bundle.path}: {name} is altered: it is not UTF-8.") from error
        layers.append(Layer(source=source, policy=parsed(document(text, source), source), text=text))
    if not layers:
        raise EvidenceError(f"{bundle.path}: {RESOLVED} is altered: it names a policy without a file.")
    composition = composed(layers, registry)
    return LoadedPolicy(
        policy=layers[-1].policy,
        source=layers[-1].source,
        text=layers[-1].text,
        composition=composition,
        checks=composition.checks(),
    )


def _name(number: int, place: int, layer: Layer) -> str:
    return f"{FOLDER}{number + 1}/{place + 1}-{_word(layer.policy.name)}.yaml"


def _word(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)[:80].lstrip(".") or "policy"


def _resolved(number: int, policy: LoadedPolicy) -> dict[str, Any]:
    composition = policy.composition
    count = len(composition.overrides)
    return {
        "name": policy.policy.name,
        "description": policy.policy.description,
        "digest": composition.digest,
        "fail_on": composition.fail_on.value,
        "unknown": composition.unknown.value,
        "layers": [
            {"source": layer.source, "file": _name(number, place, layer)}
            for place, layer in enumerate(composition.layers)
        ],
        "everywhere": _settings(composition, [False] * count),
        "overrides": [
            {
                "source": override.source,
                "where": override.where.model_dump(mode="json") if override.where else None,
                "checks": _settings(composition, [place == each for each in range(count)]),
            }
            for place, override in enumerate(composition.overrides)
        ],
        "waivers": [
            {"place": place, **waiver.model_dump(mode="json")} for place, waiver in composition.waivers
        ],
    }


def _settings(composition: Composition, applies: Sequence[bool]) -> dict[str, Any]:
    """Return by check id the severity, every parameter and their sources if these overrides apply."""
    return {
        check_id: {
            "severity": setting.severity.value,
            "parameters": setting.chosen().params.model_dump(mode="json"),
            "said_by": dict(sorted(setting.sources.items())),
        }
        for check_id, setting in composition.effective(applies).items()
        if setting.is_on
    }
