"""What an export cannot show, as gaps that name its format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from scanner.offline.reading import LISTS, Format, Reading
from scanner.offline.tellings import Key, Telling
from scanner.payloads import json_members
from scanner.payloads.payload import Gap
from scanner.tables.associated import ASSOCIATED
from scanner.tables.associated import are_all_answered, is_project
from scanner.tables.workspaces import workspace_row

_HIDDEN: Mapping[Format, str] = {
    Format.ML_WORKSPACES: "private endpoint connections, the action of service-tag rules, why a rule failed, "
    "or whether an encryption or a registry that it does not print exists",
    Format.ML_RULES: "the action of service-tag rules or why a rule failed",
    Format.RESOURCES: "any property of a resource; az resource show does, one id at a time",
    Format.GRAPH: "how old each row is or at which api-version it was read",
    Format.ARM_LIST: "at which api-version it was read",
}
_HIDDEN_LIKE = {
    Format.ML_WORKSPACE: Format.ML_WORKSPACES,
    Format.ML_RULE: Format.ML_RULES,
    Format.RESOURCE: Format.ARM_LIST,
    Format.ARM_GET: Format.ARM_LIST,
    Format.ARM_ITEMS: Format.ARM_LIST,
}
_LIVE = "Audit the subscription itself: azml-audit scan."


def unseen(
    readings: Collection[Reading],
    told: Mapping[Key, Telling],
    whole: Collection[Key],
    wanted: Collection[str],
) -> list[Gap]:
    """Every gap of an export.

    `whole` are the lists (kind and lower-cased workspace id) known completely, `wanted` the kinds that the
    chosen checks read.
    """
    return [
        *_of_subscriptions(told),
        *_of_formats(readings),
        *_of_pages(readings),
        *_of_lists(told, whole, wanted),
        *_of_parts(told, whole),
    ]


def _of_subscriptions(told: Mapping[Key, Telling]) -> Iterable[Gap]:
    """An export never proves that it holds every workspace of a subscription."""
    listed = {key.rpartition("/")[2] for kind, key in told if kind == "subscriptions"}
    formats: dict[str, set[str]] = {}
    spelled: dict[str, str] = {}
    for (kind, _), telling in told.items():
        if kind == "workspaces":
            names = formats.setdefault(telling.item.scope.lower(), set())
            names.update(each.format.value for each in telling.readings)
            spelled.setdefault(telling.item.scope.lower(), telling.item.scope)
    for key, names in sorted(formats.items()):
        scope = spelled[key]
        subscription_id = json_members.last_part(scope)
        yield _gap(
            scope=scope,
            subscription_id=subscription_id,
            asked="workspaces" if subscription_id.lower() in listed else "subscription",
            message=f"{_and(names)} does not show whether these are all workspaces of the subscription.",
            closes=_LIVE,
        )


def _of_formats(readings: Collection[Reading]) -> Iterable[Gap]:
    for format_, count in sorted(Counter(each.format for each in readings).items()):
        hidden = _HIDDEN.get(_HIDDEN_LIKE.get(format_, format_))
        if hidden:
            files = "1 file" if count == 1 else f"{count} files"
            message = f"{format_.value} ({files}) does not show {hidden}."
            yield _gap(scope=format_.value, asked="export", message=message, closes=_LIVE)


def _of_pages(readings: Collection[Reading]) -> Iterable[Gap]:
    for each in readings:
        name = f"file:{each.file.name}"
        if each.continues:
            kinds = sorted({(item.kind, item.scope) for item in each.items}) or [("export", name)]
            for kind, scope in kinds:
                message = f"{each.file.name} is one page; the list goes on in another ({each.format.value})."
                yield _gap(scope=scope, asked=kind, message=message, closes="Export every page.", where=name)
        elif each.format is Format.EMPTY and not each.empty_of:
            message = f"{each.file.name} is an empty list, which does not show what it lists, nor of what."
            closes = "Name it WORKSPACE.KIND.json, such as ws1.outbound-rules.json, or leave it out."
            yield _gap(scope=name, asked="export", message=message, closes=closes, where=name)


def _of_lists(told: Mapping[Key, Telling], whole: Collection[Key], wanted: Collection[str]) -> Iterable[Gap]:
    """One gap for each kind and format that leaves it out, however many workspaces it is left out of."""
    listed = {*whole, *((each.item.kind, each.item.scope.lower()) for each in told.values())}
    missing: Counter[tuple[str, str]] = Counter()
    for (kind, key), telling in told.items():
        if kind == "workspaces":
            formats = _and({each.format.value for each in telling.readings})
            missing.update((each, formats) for each in _missing(key, telling, told, listed, wanted))
    for (kind, formats), count in sorted(missing.items()):
        of = "1 workspace" if count == 1 else f"{count} workspaces"
        message = f"{formats} does not show {kind} of {of}, and no other file does."
        closes = f"Add the LIST body of {kind} (az rest), or audit the subscription itself: azml-audit scan."
        if kind == ASSOCIATED:
            closes = "Add az resource show of each storage account, vault, registry and component."
        yield _gap(scope=formats, asked="export", message=message, closes=closes, code=f"NotInExport.{kind}")


def _missing(
    key: str,
    telling: Telling,
    told: Mapping[Key, Telling],
    listed: Collection[Key],
    wanted: Collection[str],
) -> Iterable[str]:
    """The kinds that no file tells anything of for a workspace; a Project has its hub's."""
    row = workspace_row(telling.item.document, "")
    if is_project(row):
        return
    is_off = (row["isolation_mode"] or "").lower() == "disabled"
    for kind in sorted(wanted):
        if kind == ASSOCIATED:
            is_shown = are_all_answered(row, {key for of_kind, key in told if of_kind == ASSOCIATED})
        elif kind == "outboundRules" and is_off:
            is_shown = True
        else:
            is_shown = (kind, key) in listed
        if kind == "privateEndpointConnections":
            is_shown = is_shown or bool(row["private_endpoint_connections_known"])
        if not is_shown:
            yield kind


def _of_parts(told: Mapping[Key, Telling], whole: Collection[Key]) -> Iterable[Gap]:
    """A gap for every list of which some items are told, and not that they are all."""
    parts: dict[Key, Reading] = {}
    for telling in told.values():
        kind, scope = telling.item.kind, telling.item.scope
        if kind in LISTS and (kind, scope.lower()) not in whole:
            parts.setdefault((kind, scope), telling.readings[0])
    for (kind, scope), each in sorted(parts.items(), key=lambda part: part[0]):
        message = f"{each.format.value} does not show whether these are all {kind}."
        closes = f"Add the LIST body of {kind} (az rest)."
        yield _gap(scope=scope, asked=kind, message=message, closes=closes, where=f"file:{each.file.name}")


def _and(names: Iterable[str]) -> str:
    return " and ".join(sorted(names))


def _gap(
    *,
    scope: str,
    asked: str,
    message: str,
    closes: str,
    subscription_id: str | None = None,
    where: str = "the export",
    code: str = "NotInExport",
) -> Gap:
    return Gap(
        scope=scope,
        subscription_id=subscription_id or json_members.subscription_of(scope),
        asked=asked,
        request=f"read {where}",
        code=code,
        message=message,
        closes=closes,
    )
