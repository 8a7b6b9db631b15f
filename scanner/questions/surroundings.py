"""The picture of a workspace as lines: who may come in, its managed network, where it may go.

A report has the values of the workspace and of its rules. Its findings, passes included, name the private endpoints,
the computes and the endpoints, if its policy asks about them. "! " is before what fails a check, with the check; "? "
is before what is unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from checks.contract.isolation import APPROVED, DISABLED, INTERNET
from checks.counting import counted
from checks.drift.model import Snapshot, TextRow, records, texts
from checks.drift.openings import destination_text, is_denial, rule_of
from checks.drift.rules import rules_known
from checks.network.outbound_rules import is_in_force
from scanner.questions.asked import are_rules_asked
from scanner.questions.picture import Part

_MODES = {
    APPROVED.lower(): "approved outbound only",
    INTERNET.lower(): "internet outbound",
    DISABLED.lower(): "off",
}
_MOST_DESTINATIONS = 8
_MOST_ADDRESSES = 4
_MOST_MEMBERS = 3
_CONNECTIONS, _ENDPOINT_IDS, _ADDRESSES, _EVERYBODY = "PEP002", "PEP003", "NET003", "NET002"
"""The checks whose findings have the state of each private endpoint, its id, and the selected addresses."""
_MEMBERS = {"computes": "compute", "onlineendpoints": "online endpoint", "batchendpoints": "batch endpoint"}


def parts_of(audit: Snapshot, key: str) -> tuple[Part, Part, Part]:
    """Return the boxes: who may come in, the managed network, where it may go."""
    row = audit.workspace_rows[key]
    found = audit.findings
    own = records(found[texts(found["workspace_id"]).str.lower().eq(key)].apply(texts))
    return (
        Part(heading="May come in", lines=(*_inbound(audit, row, own),)),
        Part(heading="Managed network", lines=(*_network(audit, row), *_members(own))),
        Part(heading="May go to", lines=(*_outbound(audit, row, key, own),)),
    )


def _inbound(audit: Snapshot, row: TextRow, own: Sequence[TextRow]) -> Iterator[str]:
    access = row["effective_public_network_access"].lower()
    if access == "enabled":
        yield from _public(own)
    elif access != "disabled":
        yield f"? public access {row['effective_public_network_access'] or 'not reported'}"
    yield from _private(audit, row, own)


def _public(own: Sequence[TextRow]) -> Iterator[str]:
    if any(each["check_id"] == _EVERYBODY and each["status"] == "fail" for each in own):
        yield "! every address"
        return
    selected = [each for each in own if each["check_id"] == _ADDRESSES and each["observed"]]
    if not selected:
        yield "? the public endpoint"
        return
    addresses = selected[0]["observed"].split(", ")
    sign = {"fail": "! ", "pass": "- "}.get(selected[0]["status"], "? ")
    yield from (f"{sign}{each}" for each in addresses[:_MOST_ADDRESSES])
    if len(addresses) > _MOST_ADDRESSES:
        yield f"{sign}{len(addresses) - _MOST_ADDRESSES:,} more addresses"


def _private(audit: Snapshot, row: TextRow, own: Sequence[TextRow]) -> Iterator[str]:
    """Yield the private endpoints by subscription, and the connections that wait or were refused."""
    states = {each["resource_id"]: each for each in own if each["check_id"] == _CONNECTIONS}
    approved = row["approved_private_endpoints"]
    if not states:
        yield f"{approved or '?'} private {'endpoint' if approved == '1' else 'endpoints'}"
        return
    ids = {each["resource_id"]: each["observed"] for each in own if each["check_id"] == _ENDPOINT_IDS}
    words = texts(audit.subscriptions["subscription"])
    names = dict(zip(texts(audit.subscriptions["subscription_id"]).str.lower(), words, strict=True))
    sources: Counter[str] = Counter()
    for connection, state in states.items():
        if state["observed"].lower() == "approved":
            owner = (ids.get(connection, "").split("/") + ["", "", ""])[2].lower()
            sources[names.get(owner) or owner] += 1
    for source, count in sorted(sources.items()):
        yield f"{counted(count, 'private endpoint')}{f' of {source}' if source else ''}"
    for each in states.values():
        if each["observed"].lower() != "approved":
            sign = {"fail": "! ", "pass": "- "}.get(each["status"], "? ")
            yield f"{sign}{each['observed'] or 'state not reported'}: {name_in(each['resource_id'])}"


def _network(audit: Snapshot, row: TextRow) -> Iterator[str]:
    mode = row["effective_isolation_mode"]
    yield _MODES.get(mode.lower(), f"? {mode}" if mode else "? mode not reported")
    if row["hub_resource_id"]:
        yield f"of the hub {name_in(row['hub_resource_id'])}"
    owner = audit.workspace_rows.get(row["hub_resource_id"].lower(), row)
    if mode.lower() != DISABLED.lower():
        yield f"status {owner['managed_network_status'] or 'not reported'}"
    state = row["provisioning_state"]
    if state and state.lower() != "succeeded":
        yield f"! workspace {state}"


def _members(own: Sequence[TextRow]) -> Iterator[str]:
    """Yield the number of computes and of endpoints, and those that fail a check by name."""
    for segment, noun in _MEMBERS.items():
        ids = {each["resource_id"].lower(): each["resource_id"] for each in own if _kind_of(each) == segment}
        failing = {
            each["resource_id"].lower()
            for each in own
            if each["status"] == "fail" and each["verdict"] != "waived"
        }
        if ids:
            yield counted(len(ids), noun)
        bad = sorted(name_in(ids[key]) for key in ids.keys() & failing)
        yield from (f"! {name}" for name in bad[:_MOST_MEMBERS])
        if len(bad) > _MOST_MEMBERS:
            yield f"! and {len(bad) - _MOST_MEMBERS:,} more"


def _kind_of(row: TextRow) -> str:
    """Return the kind of a resource directly in the workspace, "" for another one."""
    if row["resource_id"].count("/") != row["workspace_id"].count("/") + 2:
        return ""
    return row["resource_id"].lower().split("/")[-2]


def _outbound(audit: Snapshot, row: TextRow, key: str, own: Sequence[TextRow]) -> Iterator[str]:
    mode = row["effective_isolation_mode"].lower()
    if mode == INTERNET.lower():
        fails = _failing(own, key)
        yield f"! every public address ({', '.join(fails)})" if fails else "every public address"
        return
    if mode != APPROVED.lower():
        yield "? what your own network allows" if mode == DISABLED.lower() else "? unknown"
        return
    network = row["hub_resource_id"].lower() or key
    rules = [each for each in records(audit.rules_by_key) if each["workspace_key"] == network]
    judged = own if network == key else _of_workspace(audit, network)
    open_to = [
        _opening(each, _failing(judged, each["rule_id"].lower()))
        for each in rules
        if is_in_force(rule_of(each)) is not False and not is_denial(rule_of(each)) and _is_chosen(each)
    ]
    required = sum(not _is_chosen(each) for each in rules)
    yield from sorted(open_to)[:_MOST_DESTINATIONS]
    if len(open_to) > _MOST_DESTINATIONS:
        yield f"- and {len(open_to) - _MOST_DESTINATIONS:,} more"
    if required:
        yield f"- {counted(required, 'rule')} of Azure's own"
    if network not in rules_known(audit):
        nothing = "? the rules were not read" if are_rules_asked(audit) else "? rules not asked for"
        yield "? there may be more rules" if rules else nothing
    elif not rules:
        yield "nothing: it has no rules"


def _of_workspace(audit: Snapshot, key: str) -> list[dict[str, str]]:
    found = audit.findings
    return records(found[texts(found["workspace_id"]).str.lower().eq(key)].apply(texts))


def _failing(own: Iterable[TextRow], resource_key: str) -> list[str]:
    """Return the checks that a rule fails without a waiver, or the check of the mode that the workspace fails."""
    ids = {
        each["check_id"]
        for each in own
        if each["resource_id"].lower() == resource_key
        and each["status"] == "fail"
        and each["verdict"] != "waived"
    }
    return sorted(ids & {"MVN002"} if "/outboundrules/" not in resource_key else ids)


def _opening(rule: TextRow, fails: Sequence[str]) -> str:
    text = _destination(rule)
    return f"! {text} ({', '.join(fails)})" if fails else f"- {text}"


def _is_chosen(rule: TextRow) -> bool:
    return rule["category"].lower() not in {"required", "recommended", "dependency"}


def _destination(rule: TextRow) -> str:
    """Return the destination of the rule, a private endpoint by the name of its target."""
    if rule["type"].lower() == "privateendpoint" and rule["service_resource_id"]:
        return f"{rule['subresource_target']} of {name_in(rule['service_resource_id'])}"
    return destination_text(rule)


def name_in(resource_id: str) -> str:
    """Return the last part of a resource id."""
    return resource_id.rstrip("/").rpartition("/")[2]
