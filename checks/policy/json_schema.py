"""Make the JSON Schema of policy files, for editors, from the models that validate the files.

The schema allows checks of plug-ins without listing them, so it is the same on every machine. `policies validate`
knows the plug-ins and their parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.model import Check
from checks.policy.model import VERSION, Policy
from checks.severity import Severity

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_KEY = "^[A-Z]{2,8}([0-9]{3})?$"

Schema = dict[str, Any]


def policy_schema(checks: Mapping[str, Check]) -> Schema:
    """Return the schema of a policy file (draft 2020-12) with these checks and their parameters."""
    schema = Policy.model_json_schema(ref_template="#/$defs/{model}")
    definitions: Schema = schema.pop("$defs")
    setting = definitions.pop("CheckSetting")
    for check in checks.values():
        definitions[check.id] = _of_check(check, setting, definitions)
    definitions["CheckSetting"] = _shorthand(setting)
    definitions["Checks"] = _checks(checks)
    for place in (schema, definitions["Override"]):
        listed = place["properties"]["checks"]
        place["properties"]["checks"] = {"$ref": "#/$defs/Checks"} | _kept(
            listed, "description", "minProperties"
        )
    _pinned(schema, definitions)
    return {
        "$schema": DIALECT,
        **schema,
        "title": f"azml-audit policy, version {VERSION}",
        "anyOf": [
            {"required": ["extends"]},
            {"required": ["checks"], "properties": {"checks": {"minProperties": 1}}},
        ],
        "$defs": dict(sorted(definitions.items())),
    }


def _pinned(schema: Schema, definitions: Schema) -> None:
    """Add the rules that the validators of the models have beyond their types."""
    selector, waiver = definitions["Selector"], definitions["Waiver"]
    selector["minProperties"] = 1
    waiver["anyOf"] = [{"required": ["resource"]}, {"required": ["where"]}]
    waiver["properties"]["check"]["pattern"] = _KEY
    waiver["properties"]["expires"]["pattern"] = r"^\d{4}-\d{2}-\d{2}$"
    for model in (selector, waiver, schema):
        for name, value in model["properties"].items():
            model["properties"][name] = _one_or_list(value)


def _one_or_list(value: Schema) -> Schema:
    """Return the schema without null; a list of texts may also be its single item, as the validator allows."""
    kinds = [kind for kind in value.get("anyOf", [value]) if kind.get("type") != "null"]
    if len(kinds) != 1:
        return value
    (kind,) = kinds
    about = _kept(value, "title", "description", "default")
    about = {name: text for name, text in about.items() if text is not None}
    if kind.get("type") == "array" and kind["items"].get("type") == "string":
        lists = {name: entry for name, entry in kind.items() if name not in (*about, "minLength")}
        return {**about, "anyOf": [kind["items"], {"minItems": 1, **lists}]}
    if kind.get("type") == "object" and "additionalProperties" in kind:
        kind = {**kind, "additionalProperties": _one_or_list(kind["additionalProperties"])}
    return {**kind, **about}


def _checks(checks: Mapping[str, Check]) -> Schema:
    any_setting = {"$ref": "#/$defs/CheckSetting"}
    families = sorted({check.family for check in checks.values()})
    return {
        "type": "object",
        "properties": {
            **{check.id: {"$ref": f"#/$defs/{check.id}"} for check in checks.values()},
            **{family: {**any_setting, "description": f"Every check of {family}."} for family in families},
            **{
                word.value: {**any_setting, "description": f"Every check that is {word.value} by default."}
                for word in Severity
            },
        },
        "patternProperties": {_KEY: any_setting},
        "additionalProperties": False,
    }


def _of_check(check: Check, setting: Schema, definitions: Schema) -> Schema:
    parameters = check.params.model_json_schema(ref_template="#/$defs/{model}")
    definitions.update(parameters.pop("$defs", {}))
    parameters.pop("required", None)
    listed = {
        **setting,
        "title": f"{check.id}: {check.title}",
        "properties": {**setting["properties"], "parameters": parameters},
    }
    return {**_shorthand(listed), "description": f"{check.title} ({check.severity.value} by default)."}


def _shorthand(setting: Schema) -> Schema:
    """Return the settings or their short forms: empty, on and off, also as YAML reads them."""
    spelled = dict(setting)
    spelled["properties"] = {
        name: _one_or_list(value) if name == "severity" else value
        for name, value in setting["properties"].items()
    }
    about = _kept(spelled, "title", "description")
    body = {name: value for name, value in spelled.items() if name not in about}
    return {**about, "anyOf": [body, {"enum": [False, "off", True, "on", None]}]}


def _kept(schema: Schema, *names: str) -> Schema:
    return {name: schema[name] for name in names if name in schema}
