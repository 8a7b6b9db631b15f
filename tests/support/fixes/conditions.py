"""Which alternatives of a printed text are for a failing resource, by their labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import ChosenCheck, Status
from checks.network.approvers import APPROVER, approves
from checks.network.hosts import covers_host
from checks.network.scenario_hosts import DOCUMENTED_HOSTS
from checks.network.targets import resource_type_of, subresources_of
from checks.registry import BUILT_IN
from scanner.emulator.tenants.network import APPROVED, INTERNET
from tests.support.fixes.cases import Case, failing, filled, questions, start, tables_of
from tests.support.fixes.commands.alternatives import labelled
from tests.support.fixes.values import hosts_of, isolation_mode, things_of, values_of
from tests.support.fixes.world.arm_world import ArmWorld
from tests.support.scanning import rows

ELSEWHERE: Final = "Follow the az steps"
"""Begins the comment in a template whose alternative has no resources."""

Condition = Callable[[Case], bool]


def _mode(case: Case) -> str:
    return isolation_mode(case, ArmWorld(start(case)).bodies())


def _kind(case: Case) -> str:
    return str(tables_of(case).workspaces.loc[case.workspace_id.lower(), "kind"]).lower()


def _is_empty(case: Case) -> bool:
    return not things_of(case, ArmWorld(start(case)).bodies())


def _has_endpoint(case: Case) -> bool:
    return any("ENDPOINT" in each for each in things_of(case, ArmWorld(start(case)).bodies()))


def _serves(case: Case) -> bool:
    """Whether the tenant around the workspace has an endpoint of any kind."""
    return any("endpoints/" in each.id.lower() for each in start(case).resources)


def _is_on(case: Case) -> bool:
    return _mode(case) != "Disabled"


def _has_cluster(case: Case) -> bool:
    computes = f"{case.judged_by or case.workspace_id.lower()}/computes/"
    return any(
        each.id.lower().startswith(computes) and each.body["properties"].get("computeType") == "AmlCompute"
        for each in start(case).resources
    )


def _allows(case: Case, mode: str) -> bool:
    """Whether the policy that asks allows the mode."""
    params = next(each.params for each in questions() if each.check.id == case.check.id)
    return mode in getattr(params, "allowed_modes", (mode,))


def _covers(case: Case) -> bool:
    return approves(APPROVER, str(case.row.get("service_resource_id"))) is True


def _supports_type(case: Case) -> bool:
    return bool(subresources_of(resource_type_of(str(case.row.get("service_resource_id"))) or ""))


def _is_redundant(case: Case) -> bool:
    """Whether another rule would open all of what the new or changed rule opens: OBR010 reports that."""
    tables = tables_of(case)
    values = values_of(case, ArmWorld(start(case)).bodies())
    place = case.resource_id.lower()
    rules = tables.outbound_rules.copy()
    if case.check.id == "OBR001":
        rules.loc[rules["status"].ne("Deleting"), "status"] = "Active"
    elif case.check.id == "OBR007":
        rules.loc[place, ["protocol", "port_ranges"]] = [values["protocol"], values["port_ranges"]]
    else:
        rules.loc[place, "fqdn"] = values["host"]
    asked = [each for each in questions() if each.check.id == "OBR010"]
    known, found = (_failing(each, asked) for each in (tables, tables.replaced(outbound_rules=rules)))
    return place in found or (case.check.id == "OBR001" and found > known)


def _failing(tables: Tables, asked: Sequence[ChosenCheck]) -> frozenset[str]:
    found = findings(tables, asked)
    return frozenset(found.loc[found["status"].eq(Status.FAIL), "resource_id"].str.lower())


def _has_parts(case: Case) -> bool:
    """Whether the workspace has a host-name rule below a documented wildcard, or one that waits for the network."""
    table = tables_of(case).outbound_rules
    own = table[table["workspace_id"].str.lower().eq(case.judged_by or case.workspace_id.lower())]
    own = own[own["type"].eq("FQDN") & ~own["status"].isin(["Failed", "Deleting"])]
    below = [
        name
        for name in own["fqdn"].str.lower()
        if name not in DOCUMENTED_HOSTS and any(covers_host(wide, name) for wide in hosts_of(case))
    ]
    return bool(below) or bool(own["status"].ne("Active").any())


def _is_enforced(case: Case) -> bool:
    return str(case.row.get("perimeter_access_mode")).lower() == "enforced"


def _not(condition: Condition) -> Condition:
    return lambda case: not condition(case)


_EMPTY = "the workspace has no compute cluster, compute instance or managed online endpoint"
FACTS: Final[dict[str, Condition]] = {
    _EMPTY: _is_empty,
    f"the managed network is on, or {_EMPTY}": lambda case: _is_on(case) or _is_empty(case),
    "a compute or endpoint exists, and the managed network is off": lambda case: (
        not (_is_on(case) or _is_empty(case))
    ),
    "the managed network is on, in a mode that the policy allows": lambda case: (
        _is_on(case) and _allows(case, _mode(case))
    ),
    f"the mode is {APPROVED} and the policy does not allow it": lambda case: (
        _mode(case) == APPROVED and not _allows(case, APPROVED)
    ),
    f"the mode is {INTERNET} and the policy allows {APPROVED}": lambda case: (
        _mode(case) == INTERNET and _allows(case, APPROVED)
    ),
    "Azure refuses the mode, because changeableIsolationModes does not list it": lambda case: (
        _mode(case) == APPROVED and not _allows(case, APPROVED)
    ),
    "the managed network is on": _is_on,
    "the managed network is off": _not(_is_on),
    "the managed network is off and the workspace is neither a hub nor a Project": lambda case: (
        not _is_on(case) and _kind(case) not in ("hub", "project")
    ),
    "the managed network is on and not provisioned": _is_on,
    "the workspace is to have a managed network": _not(_is_on),
    "no rule opens only a part of these hosts, and all rules are Active": lambda case: not _has_parts(case),
    "a rule opens a part of them, or is not Active": lambda case: _has_parts(case),
    "it is a workspace, a feature store or a hub": lambda case: _kind(case) != "project",
    **{
        f"it is {each} endpoint": lambda case, each=each: f"{case.row.get('type')}" in each  # type: ignore[misc]
        for each in ("an online", "a batch", "a serverless")
    },
    "it is a workspace": lambda case: _kind(case) == "default",
    "it is a feature store": lambda case: _kind(case) == "featurestore",
    "it is a hub": lambda case: _kind(case) == "hub",
    "it is an endpoint of a workspace, a feature store or a hub": lambda case: _kind(case) != "project",
    "it is one of a Project": lambda case: _kind(case) == "project",
    "it is a Project, after its hub": lambda case: _kind(case) == "project",
    "the workspace has no managed online endpoint": _not(_has_endpoint),
    "it has one": _has_endpoint,
    "clients come from known public addresses, and the workspace and its Projects have no endpoint": _not(
        _serves
    ),
    "the workspace has a compute cluster": _has_cluster,
    "it has none": _not(_has_cluster),
    "the connection is pending or rejected, and you know its owner and its purpose": lambda case: (
        case.row["status"] in ("Pending", "Rejected")
    ),
    "no other rule opens these ports of the destination": _not(_is_redundant),
    "no other rule has the host": _not(_is_redundant),
    "no other rule opens the destination or a part of it": _not(_is_redundant),
    "another rule does, and one of the two adds nothing": _is_redundant,
    "the work needs hosts that no other rule opens": _not(_is_redundant),
    "the work needs a host that no other rule opens": _not(_is_redundant),
    "managed networks support the resource type, but not the sub-resource": _supports_type,
    "managed networks do not support the resource type": _not(_supports_type),
    "the role covers the target": _covers,
    "the target is a Data Factory, a Databricks workspace, a MariaDB server or a Function App": _not(_covers),
    "it is a storage account": lambda case: case.row["role"] == "storage",
    "it is a key vault": lambda case: case.row["role"] == "vault",
    "it is a container registry": lambda case: case.row["role"] == "registry",
}
"""The labels that the tenant can answer, and how."""

CHOICES: Final = frozenset(
    {
        "clients use a private endpoint",
        "you do not, or the connection is disconnected",
        "no work needs the destination",
        "the work needs one resource behind it",
        "no work needs the destination, or other rules open the hosts already",
        "another rule opens the destination already",
        "the hosts are worth their firewall",
        "private endpoints or service tags can replace the rules; repeat the steps for each rule",
    }
)
"""The labels that leave a choice to the reader. Each of these alternatives has to be right."""


_FOLLOWED = re.compile(r"^(?:#|//) (?!#|//).*\b[Ff]ollow the fix of (?P<check>[A-Z]{3}\d{3})", re.MULTILINE)
"""A comment that sends the reader to the fix of another check."""


def _whole(case: Case, language: str, text: str) -> str:
    """Return the text with the fix of the check that it sends to, where that check fails for the resource.

    It is "" if the other fix has nothing in the language.
    """
    said = _FOLLOWED.search(text)
    other = _other(case, said["check"]) if said else None
    if other is None:
        return text
    others = applicable(other, language)
    return "\n".join([text, *others]) if others else ""


def _other(case: Case, check_id: str) -> Case | None:
    """Return the case of another check that fails for the same resource, or for its workspace."""
    if check_id == "RES015":  # an Enforced perimeter passes it, and its steps help nevertheless
        check = next(each for each in BUILT_IN if each.id == check_id)
        return replace(case, check=check) if _is_enforced(case) else None
    found = findings(tables_of(case), [each for each in questions() if each.check.id == check_id])
    found = found[found["status"].eq(Status.FAIL)]
    for resource in (case.resource_id.lower(), case.workspace_id.lower()):
        about = found[
            found["resource_id"].str.lower().eq(resource)
            & found["workspace_id"].str.lower().eq(case.workspace_id.lower())
        ]
        if not about.empty:
            return next(iter(failing(check_id, tables_of(case), rows(about), case.drawn)))
    return None


def applicable(case: Case, language: str) -> list[str]:
    """Return the alternatives that are for the resource, without those that send the reader to another text.

    Raises KeyError for a label that is neither a fact nor a choice.
    """
    found = (
        _whole(case, language, text)
        for label, text in labelled(filled(case)[language])
        if text and (not label or label in CHOICES or FACTS[label](case)) and not _is_pointer(text)
    )
    return list(filter(None, found))


def _is_pointer(text: str) -> bool:
    """Whether the alternative consists of a comment that names the az steps. The first one has the others below it."""
    return "Either" not in text and text.rstrip().splitlines()[-1].lstrip("#/ ").startswith(ELSEWHERE)
