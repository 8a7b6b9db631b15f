"""The values that the proof sets for the names that a user of a fix sets.

A name has one value in all languages. It is spelled `$NAME` in az, `name` in camel case in Bicep and `var.name` in
Terraform.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from checks.network.scenario_hosts import HUGGING_FACE_HOSTS, PACKAGE_HOSTS, VS_CODE_HOSTS
from checks.network.targets import resource_type_of, subresources_of
from reports.page.fixes import follows_hub
from scanner.emulator.tenants.tenant import Document
from scanner.tables.role_assignments import identity_of
from tests.support.fixes.cases import CLUSTER, COMPONENT, Case

Bodies = Mapping[str, Document]
"""The documents of the tenant before the fix, by lower-cased id."""

_NETWORK = "/providers/Microsoft.Network"
_NULLABLE = frozenset({"encryption"})

_FIXED: Mapping[str, Any] = {
    "address": "20.50.60.70",
    "addresses": ["20.50.60.70"],
    "application_type": "web",
    "cluster": CLUSTER,
    "egress_deployment": "green",
    "endpoint_name": "pe-proof",
    "host": "conda.anaconda.org",
    "key_id": "https://kv-proof.vault.azure.net/keys/workspace/0123456789abcdef0123456789abcdef",
    "identity_client_id": "00000000-0000-4000-8000-000000000003",
    "new_name": "new-compute",
    "new_hub_id": "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/hub-new",
    "new_workspace": "mlw-new",
    "perimeter_profile": "default",
    "association": "association",
    "port_ranges": "443",
    "protocol": "TCP",
    "rule_name": "proof-rule",
    "share": "100",
    "sku": "Standard",
    "vm_size": "STANDARD_DS3_V2",
    "vnet_link": "link-proof",
    "zone_group": "rg-dns",
}


def values_of(case: Case, bodies: Bodies) -> dict[str, Any]:
    """Return every name with its value for this resource."""
    found = dict(_FIXED)
    for name, make in _OF_CASE.items():
        value = make(case, bodies)
        if value is not None or name in _NULLABLE:
            found[name] = value
    return found


def things_of(case: Case, bodies: Bodies) -> list[dict[str, str]]:
    """Return the variables of each compute, endpoint and deployment that has to go while isolation goes on."""
    workspace = _owner(case)
    computes = [
        _name(key)
        for key, body in bodies.items()
        if key.startswith(f"{workspace}/computes/")
        and body["properties"].get("computeType") in ("AmlCompute", "ComputeInstance")
    ]
    served = [
        {"ENDPOINT": endpoint, **deployment}
        for endpoint in (
            _name(key)
            for key, body in bodies.items()
            if key.rpartition("/")[0] == f"{workspace}/onlineendpoints" and body.get("kind") == "Managed"
        )
        for deployment in _deployments(f"{workspace}/onlineendpoints/{endpoint}/deployments/", bodies)
    ]
    return [
        {
            **({"COMPUTE": computes[number]} if number < len(computes) else {}),
            **(served[number] if number < len(served) else {}),
        }
        for number in range(max(len(computes), len(served)))
    ]


def _deployments(prefix: str, bodies: Bodies) -> list[dict[str, str]]:
    """Return the variable of each deployment; one without it for an endpoint that has none."""
    return [{"DEPLOYMENT": _name(key)} for key in bodies if key.startswith(prefix)] or [{}]


def isolation_mode(case: Case, bodies: Bodies) -> str:
    """Return the isolation mode of the workspace that the fix changes."""
    network = bodies[_owner(case)]["properties"].get("managedNetwork") or {}
    return str(network.get("isolationMode") or "Disabled")


def _identity(body: Document) -> dict[str, Any]:
    """Return the identity block without what Azure adds to it."""
    identity = body.get("identity") or {"type": "SystemAssigned"}
    own: dict[str, Any] = {key: {} for key in identity.get("userAssignedIdentities") or {}}
    return {"type": identity["type"], **({"userAssignedIdentities": own} if own else {})}


def _registries(case: Case, bodies: Bodies) -> list[Document]:
    """Return the workspace's registry below the tier Premium, in a list."""
    found = bodies.get(str(bodies[_owner(case)]["properties"].get("containerRegistry")).lower())
    return [found] if found and found["sku"]["name"] != "Premium" else []


def _open_endpoints(case: Case, bodies: Bodies) -> list[dict[str, Any]]:
    """Return what templates ask of each managed online endpoint that is open, those of Projects included."""
    owner = _owner(case)
    hubs = {
        key
        for key, body in bodies.items()
        if str((body.get("properties") or {}).get("hubResourceId")).lower() == owner
    }
    return [
        {
            "id": body["id"],
            "name": f"{key.split('/')[8]}/{body['name']}",
            "location": body["location"],
            "identity": _identity(body),
            "authMode": body["properties"]["authMode"],
            "traffic": body["properties"].get("traffic"),
        }
        for key, body in bodies.items()
        if any(key.startswith(f"{each}/onlineendpoints/") for each in {owner, *hubs})
        and key.count("/") == owner.count("/") + 2
        and "properties" in body
        and body["properties"].get("publicNetworkAccess") == "Enabled"
        and body.get("kind") == "Managed"
    ]


def _has_no_rule_to_itself(case: Case, bodies: Bodies) -> bool:
    owner = _owner(case)
    targets = [
        str((body.get("destination") or {}).get("serviceResourceId")).lower()
        for key, body in bodies.items()
        if key.startswith(f"{owner}/outboundrules/") and isinstance(body.get("destination"), Mapping)
    ]
    mode = isolation_mode(case, bodies)
    allows_internet = mode == "AllowInternetOutbound" or (mode == "Disabled" and case.check.id == "NET006")
    return allows_internet and owner not in targets


def _owner(case: Case) -> str:
    """Return the workspace that the fix changes: a Project's hub if the check follows it."""
    return case.judged_by if follows_hub(case.check) and case.judged_by else case.workspace_id.lower()


def _name(key: str) -> str:
    return key.rpartition("/")[2]


def for_az(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the values as environment variables: lists with commas between their parts."""
    return {
        name.upper(): ",".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in values.items()
    }


def for_bicep(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values by their names in Bicep."""
    return {re.sub(r"_(\w)", lambda part: part[1].upper(), name): value for name, value in values.items()}


def _group(case: Case) -> str:
    return "/".join(case.workspace_id.split("/")[:5])


def _workspace(case: Case, bodies: Bodies) -> Document:
    return dict(bodies[case.workspace_id.lower()]["properties"])


def _resource(case: Case, bodies: Bodies) -> Document:
    own = case.row.get("resource_id", case.resource_id)
    return bodies.get(str(own).lower()) or {}


def _property(*path: str) -> Callable[[Case, Bodies], Any]:
    def read(case: Case, bodies: Bodies) -> Any:
        found: Any = _resource(case, bodies)
        for part in path:
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    return read


def _subnet(case: Case, bodies: Bodies) -> str:
    """Return the subnet of the private endpoint of the workspace's storage account, if it has one."""
    storage = bodies.get(str(_workspace(case, bodies).get("storageAccount")).lower()) or {"properties": {}}
    for each in storage["properties"].get("privateEndpointConnections") or []:
        endpoint = bodies.get(each["properties"]["privateEndpoint"]["id"].lower())
        if endpoint:
            return str(endpoint["properties"]["subnet"]["id"])
    return str(_network("virtualNetworks/vnet-proof/subnets/snet-proof")(case, bodies))


def _network(rest: str) -> Callable[[Case, Bodies], str]:
    return lambda case, _bodies: f"{_group(case)}{_NETWORK}/{rest}"


def _rules_of_perimeter(kind: str) -> Callable[[Case, Bodies], list[str]]:
    """Return the function that lists the inbound rules of the perimeter that are too wide, by what they admit."""

    def read(case: Case, bodies: Bodies) -> list[str]:
        prefix = f"{case.resource_id.lower()}/networksecurityperimeterconfigurations/"
        return [
            rule["name"]
            for key, body in bodies.items()
            if key.startswith(prefix)
            for rule in body["properties"]["profile"]["accessRules"]
            if rule["properties"].get(kind)
        ]

    return read


def _perimeter(part: int) -> Callable[[Case, Bodies], Any]:
    def read(case: Case, _bodies: Bodies) -> Any:
        segments = str(case.row.get("perimeter_id", "")).split("/")
        return segments[part] if len(segments) > part else None

    return read


def _tag(case: Case, bodies: Bodies) -> str | None:
    return next(iter(_tags(case, bodies)), None)


def _tags(case: Case, bodies: Bodies) -> list[str]:
    """Return the service tags that the reason names."""
    location = str(bodies[case.workspace_id.lower()]["location"])
    tags = re.findall(
        r"\b(?:Azure\w+(?:\.FirstParty)?|BatchNodeManagement|MicrosoftContainerRegistry)\b", case.reason
    )
    return [f"{tag}.{location}" if tag == "BatchNodeManagement" else tag for tag in dict.fromkeys(tags)]


def host_rules(case: Case, bodies: Bodies) -> list[str]:
    """Return the names of the workspace's host-name rules."""
    rules = f"{_owner(case)}/outboundrules/"
    return [
        _name(key) for key, body in bodies.items() if key.startswith(rules) and body.get("type") == "FQDN"
    ]


def hosts_of(case: Case) -> tuple[str, ...]:
    """Return the hosts of the scenario that the check asks about."""
    return {"SCN001": PACKAGE_HOSTS, "SCN002": VS_CODE_HOSTS, "SCN005": HUGGING_FACE_HOSTS}.get(
        case.check.id, ()
    )


def _dependency(case: Case, bodies: Bodies) -> str | None:
    """Return the dependency that the reason names by its role, as "leads to registry"."""
    members = {"registry": "containerRegistry", "vault": "keyVault", "storage": "storageAccount"}
    named = next(
        (member for word, member in members.items() if f"to {word}" in case.reason), "storageAccount"
    )
    found = _workspace(case, bodies).get(named)
    return str(found) if found else None


def _dependencies(case: Case, bodies: Bodies) -> list[dict[str, str]]:
    """Return the dependencies that the reason names by their roles."""
    parts = {
        "storage": ("storageAccount", "blob", "file"),
        "vault": ("keyVault", "vault"),
        "registry": ("containerRegistry", "registry"),
    }
    own = _workspace(case, bodies)
    return [
        {"id": str(own[member]), "subresource": part}
        for word, (member, *some) in parts.items()
        for part in some
        if word in case.reason
    ] + [
        {"id": case.workspace_id, "subresource": "amlworkspace"}
        for _ in re.findall("amlworkspace", case.reason)
    ]


def _supported(case: Case, bodies: Bodies) -> str:
    """Return a sub-resource of the rule's target, one that no rule opens if there is one."""
    target = str(case.row.get("service_resource_id"))
    destinations = [
        body["destination"]
        for key, body in bodies.items()
        if key.startswith(f"{_owner(case)}/outboundrules/") and isinstance(body.get("destination"), Mapping)
    ]
    opened = {
        each.get("subresourceTarget")
        for each in destinations
        if str(each.get("serviceResourceId")).lower() == target.lower()
    }
    parts = sorted(subresources_of(resource_type_of(target) or ""), key=opened.__contains__)
    return next(iter(parts), "blob")


_OF_CASE: Mapping[str, Callable[[Case, Bodies], Any]] = {
    "access_policies": lambda case, bodies: _property("properties", "accessPolicies")(case, bodies) or [],
    "address_rules": _rules_of_perimeter("addressPrefixes"),
    "subscription_rules": _rules_of_perimeter("subscriptions"),
    "ai_services_id": lambda case, _: (
        f"{_group(case)}/providers/Microsoft.CognitiveServices/accounts/ai-proof"
    ),
    "application_insights_id": lambda case, bodies: (
        _workspace(case, bodies).get("applicationInsights")
        or f"{_group(case)}/providers/Microsoft.Insights/components/{COMPONENT}"
    ),
    "auth_mode": _property("properties", "authMode"),
    "defaults": lambda case, bodies: _property("properties", "defaults")(case, bodies) or {},
    "dependencies": _dependencies,
    "dependency_id": _dependency,
    "encryption": lambda case, bodies: _workspace(case, bodies).get("encryption"),
    "hbi_workspace": lambda case, bodies: bool(_workspace(case, bodies).get("hbiWorkspace")),
    "isolation_mode": lambda case, bodies: (
        mode if (mode := isolation_mode(case, bodies)) != "Disabled" else "AllowOnlyApprovedOutbound"
    ),
    "model_settings": lambda case, bodies: _property("properties", "modelSettings")(case, bodies) or {},
    "needs_own_rule": _has_no_rule_to_itself,
    "open_endpoint_ids": lambda case, bodies: [each["id"] for each in _open_endpoints(case, bodies)],
    "open_endpoints": _open_endpoints,
    "resource_access_rules": lambda case, bodies: (
        _property("properties", "networkAcls", "resourceAccessRules")(case, bodies) or []
    ),
    "service_tags": lambda case, bodies: _tags(case, bodies),
    "endpoint": lambda case, _: case.row.get("endpoint"),
    "deployment": lambda case, _: case.row.get("deployment"),
    "old_rule": lambda case, bodies: next(iter(host_rules(case, bodies)), None),
    "identity": lambda case, bodies: _identity(_resource(case, bodies)),
    "identity_id": lambda case, _: (
        f"{_group(case)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"
    ),
    "ip_rules": lambda case, bodies: _property("properties", "networkAcls", "ipRules")(case, bodies) or [],
    "key_vault_id": lambda case, bodies: _workspace(case, bodies).get("keyVault"),
    "key_vault_of_key_id": lambda case, _: f"{_group(case)}/providers/Microsoft.KeyVault/vaults/kv-proof",
    "kind": lambda case, bodies: _property("kind")(case, bodies) or "Default",
    "location": lambda case, bodies: bodies[case.workspace_id.lower()]["location"],
    "log_analytics_id": lambda case, _: (
        f"{_group(case)}/providers/Microsoft.OperationalInsights/workspaces/log"
    ),
    "perimeter": _perimeter(8),
    "perimeter_group": _perimeter(4),
    "perimeter_subscription": _perimeter(2),
    "principal_id": lambda case, bodies: identity_of(bodies[case.workspace_id.lower()]),
    "registries": lambda case, bodies: [
        {"name": each["name"], "location": each["location"]} for each in _registries(case, bodies)
    ],
    "registry_ids": lambda case, bodies: [each["id"] for each in _registries(case, bodies)],
    "search_service_id": lambda case, _: (
        f"{_group(case)}/providers/Microsoft.Search/searchServices/search-proof"
    ),
    "service_tag": _tag,
    "storage_account_id": lambda case, bodies: _workspace(case, bodies).get("storageAccount"),
    "subresource": lambda case, bodies: (
        "registry" if "to registry" in case.reason else _supported(case, bodies)
    ),
    "subnet_id": _subnet,
    "target_id": lambda case, _: f"{_group(case)}/providers/Microsoft.Storage/storageAccounts/stproof",
    "target": lambda case, _: {"id": case.row.get("service_resource_id")},
    "tenant_id": _property("properties", "tenantId"),
    "tier": lambda case, bodies: (
        _property("sku", "name")(case, bodies) or _property("properties", "sku", "name")(case, bodies)
    ),
    "traffic": lambda case, bodies: _property("properties", "traffic")(case, bodies) or {},
    "virtual_network_id": _network("virtualNetworks/vnet-proof"),
    "virtual_network_rules": lambda case, bodies: (
        _property("properties", "networkAcls", "virtualNetworkRules")(case, bodies) or []
    ),
}
