"""A tenant that requests can change. Only the proof of the fixes uses it: the emulator itself changes nothing.

It accepts GET, PUT, PATCH, DELETE and the POST that provisions a managed network. It keeps Azure's documented
limits, so that a fix in the wrong order is refused. It is not Azure; docs/fixes.md lists what it cannot know.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace

from scanner.emulator.routes import target_of
from scanner.emulator.tenants.tenant import Document, Resource, Tenant
from tests.support.fixes.world.writes import Refused, merged, replaced
from tests.support.fixes.world.writes_to_computes import MANAGED_COMPUTES, written_compute
from tests.support.fixes.world.writes_to_workspaces import (
    created_workspace,
    is_unprovisioned,
    provisioned,
    written_workspace,
)

_RULES, _CONNECTIONS = "outboundRules", "privateEndpointConnections"
_PROVISION, _REGISTER = "/provisionmanagednetwork", "/register"


class ArmWorld:
    """The resources of a tenant, by lower-cased id. `requests` lists what arrived and was accepted."""

    def __init__(self, tenant: Tenant) -> None:
        """Copy the tenant's documents."""
        self._tenant = tenant
        self._resources = {each.id.lower(): _complete(copy.deepcopy(each)) for each in tenant.resources}
        self._others = _parts_of_perimeters(tenant)
        self.requests: list[tuple[str, str]] = []

    def tenant(self) -> Tenant:
        """Return the tenant as the requests left it."""
        return replace(self._tenant, resources=tuple(self._resources.values()))

    def written(self) -> set[str]:
        """Return the lower-cased ids of what the requests named."""
        return {path.lower() for _, path in self.requests}

    def bodies(self) -> dict[str, Document]:
        """Return every document by its lower-cased id, outbound rules and connections included."""
        found = {key: each.body for key, each in self._resources.items()}
        for key, each in self._resources.items():
            found |= {f"{key}/{_RULES}/{name}".lower(): rule for name, rule in _rules(each).items()}
            found |= {str(item["id"]).lower(): item for item in _connections(each)}
        return found

    def send(self, method: str, path: str, body: Document | None = None) -> Document:
        """Return the answer to a request. Raises Refused where Azure would refuse it."""
        path = "/" + path.strip("/")
        key = path.lower()
        if method == "GET":
            return self._read(path)
        if method == "POST":
            answer = self._post(key, body or {})
        elif f"/{_CONNECTIONS.lower()}/" in key:
            answer = self._connection(method, path, body)
        elif target_of(path).resource_type.endswith("/outboundrules"):
            answer = self._rule(method, path, body)
        elif method == "DELETE":
            answer = self._delete(key)
        else:
            answer = self._write(method, path, body or {})
        self.requests.append((method, path))
        return answer

    def _read(self, path: str) -> Document:
        key = path.lower()
        target = target_of(path)
        if target.is_list and key.endswith("/outboundrules"):
            owner = self._owner(path.rpartition("/")[0])
            return {"value": [_rule_body(path, name, rule) for name, rule in _rules(owner).items()]}
        if target.is_list:
            bodies = {**self._others, **self.bodies()}
            return {"value": [each for known, each in bodies.items() if known.rpartition("/")[0] == key]}
        if key in self._others:
            return copy.deepcopy(self._others[key])
        if target.resource_type.endswith("/outboundrules"):
            owner_id, _, name = path.rpartition(f"/{_RULES}/")
            rules = {known.lower(): (known, rule) for known, rule in _rules(self._owner(owner_id)).items()}
            if name.lower() in rules:
                known, rule = rules[name.lower()]
                return _rule_body(path.rpartition("/")[0], known, rule)
        found = self.bodies().get(key)
        if found is None or target.resource_type.endswith("/outboundrules"):
            raise Refused(404, "ResourceNotFound", f"{path} does not exist")
        return copy.deepcopy(found)

    def _post(self, key: str, body: Document) -> Document:
        if key.endswith(_REGISTER):
            scope, _, namespace = key.removesuffix(_REGISTER).rpartition("/providers/")
            states = {
                **self._tenant.registration_states,
                f"{scope.rpartition('/')[2]}/{namespace}": "Registered",
            }
            self._tenant = replace(self._tenant, registration_states=states)
            return {"registrationState": "Registered"}
        if not key.endswith(_PROVISION):
            raise Refused(405, "MethodNotAllowed", f"POST {key} is not known here")
        return self._provision(key.removesuffix(_PROVISION), body)

    def _provision(self, workspace_id: str, body: Document) -> Document:
        owner = self._owner(workspace_id)
        private = {
            known
            for known, each in self._resources.items()
            if (each.body.get("properties") or {}).get("publicNetworkAccess") == "Disabled"
        }
        self._put(replace(owner, **provisioned(owner, body, {*self._others, *self._resources}, private)))
        return {"status": "Active", "sparkReady": bool(body.get("includeSpark"))}

    def _delete(self, key: str) -> Document:
        if key not in self._resources and key not in self._others:
            raise Refused(404, "ResourceNotFound", f"{key} does not exist")
        if target_of(key).route in ("workspace", "associated"):
            raise Refused(409, "Forbidden", f"a fix never deletes {key}")
        if self._others.pop(key, None) and "/accessrules/" in key:
            self._forget_rule(key)
        for known in [each for each in self._resources if each == key or each.startswith(f"{key}/")]:
            del self._resources[known]
        return {}

    def _write(self, method: str, path: str, body: Document) -> Document:
        key, target = path.lower(), target_of(path)
        known = self._resources.get(key)
        if method == "PATCH" and known is None and key not in self._others:
            raise Refused(404, "ResourceNotFound", f"{path} does not exist")
        if target.route == "workspace":
            return self._workspace(method, path, known, body)
        if target.route == "computes":
            owner = self._owner(path.rpartition("/computes/")[0])
            answer = self._put(Resource(body=written_compute(owner.body, path, known, method, body)))
            if is_unprovisioned(owner.body) and answer["properties"]["computeType"] in MANAGED_COMPUTES:
                self._provision(owner.id, {})
            return answer
        if target.route:
            old = known.body if known else {"id": path, "name": path.rpartition("/")[2]}
            answer = self._put(Resource(body=_write_of(method)(old, body)))
            self._follow(path, old, body)
            return answer
        before = self._others.get(key, {"id": path})
        self._others[key] = _write_of(method)(before, body)
        self._follow(path, before, body)
        return self._others[key]

    def _workspace(self, method: str, path: str, known: Resource | None, body: Document) -> Document:
        if known is None:
            return self._put(Resource(body=created_workspace(path, body)))
        running = [key for key, each in self._resources.items() if _runs_in(key, each.body, path.lower())]
        return self._put(replace(known, **written_workspace(known, method, body, running)))

    def _rule(self, method: str, path: str, body: Document | None) -> Document:
        owner_id, _, name = path.rpartition(f"/{_RULES}/")
        owner = self._owner(owner_id)
        rules = dict(_rules(owner))
        spelled = next((known for known in rules if known.lower() == name.lower()), name)
        network = owner.body["properties"].get("managedNetwork") or {}
        if network.get("isolationMode", "Disabled") == "Disabled":
            raise Refused(400, "ValidationError", f"{owner_id} has no managed network")
        if method == "DELETE":
            if rules.pop(spelled, None) is None:
                raise Refused(404, "ResourceNotFound", f"{path} does not exist")
            answer: Document = {}
        else:
            rules = {known: _finished(rule) for known, rule in rules.items()}
            is_active = (network.get("status") or {}).get("status") == "Active"
            properties = copy.deepcopy((body or {})["properties"])
            rules[spelled] = {
                "category": "UserDefined",
                **properties,
                "status": "Active" if is_active else "Inactive",
                "errorInformation": None,
            }
            answer = {"id": path, "name": spelled, "properties": rules[spelled]}
        self._put(_with_rules(owner, rules))
        return answer

    def _connection(self, method: str, path: str, body: Document | None) -> Document:
        owner_id, _, _ = path.rpartition(f"/{_CONNECTIONS}/")
        owner = self._owner(owner_id)
        connections = list(_connections(owner))
        position = [str(each["id"]).lower() for each in connections].index(path.lower())
        if method == "DELETE":
            del connections[position]
        else:
            connections[position] = merged(connections[position], body or {})
        properties = {**owner.body["properties"], _CONNECTIONS: connections}
        self._put(replace(owner, body={**owner.body, "properties": properties}))
        return {} if method == "DELETE" else connections[position]

    def _follow(self, path: str, before: Document, body: Document) -> None:
        """Change what Azure changes at other resources when this one is written."""
        kind = target_of(path).resource_type
        if kind == "microsoft.network/privateendpoints":
            for each in body["properties"].get("privateLinkServiceConnections") or []:
                self._connect(path, each["properties"], body["properties"]["subnet"]["id"])
        if kind.startswith("microsoft.network/networksecurityperimeters/"):
            old = before.get("properties") or {}
            changed = {name: part for name, part in body["properties"].items() if old.get(name) != part}
            self._follow_perimeter(path, changed)

    def _connect(self, endpoint: str, connection: Mapping[str, object], subnet: str) -> None:
        owner = self._owner(str(connection["privateLinkServiceId"]))
        known = owner.body["properties"].get(_CONNECTIONS) or []
        name = endpoint.rpartition("/")[2]
        made = {
            "id": f"{owner.id}/{_CONNECTIONS}/{name}",
            "name": name,
            "properties": {
                "privateEndpoint": {"id": endpoint, "subnetArmId": subnet},
                "groupIds": connection["groupIds"],
                "privateLinkServiceConnectionState": {"status": "Approved", "description": "Auto-Approved"},
                "provisioningState": "Succeeded",
            },
            "systemData": {"createdAt": "2026-01-15T09:00:00Z"},
        }
        properties = {**owner.body["properties"], _CONNECTIONS: [*known, made]}
        self._put(replace(owner, body={**owner.body, "properties": properties}))

    def _follow_perimeter(self, path: str, changed: Document) -> None:
        """Write the change of an association or rule into the configuration of every associated resource.

        Writing an association again provisions it again.
        """
        perimeter, _, rest = path.partition("/networkSecurityPerimeters/")
        name, kind, *names = rest.split("/")
        perimeter_id = f"{perimeter}/networkSecurityPerimeters/{name}".lower()
        for each in list(self._resources.values()):
            properties = copy.deepcopy(each.body.get("properties") or {})
            if str((properties.get("networkSecurityPerimeter") or {}).get("id")).lower() != perimeter_id:
                continue
            if kind.lower() == "resourceassociations":
                properties["resourceAssociation"] |= changed
                properties |= {"provisioningState": "Succeeded", "provisioningIssues": []}
            rules = properties["profile"]["accessRules"]
            if kind.lower() == "profiles" and names[-1] not in {rule["name"] for rule in rules}:
                rules.append({"name": names[-1], "properties": {}})
            for rule in rules:
                if kind.lower() == "profiles" and rule["name"] == names[-1]:
                    rule["properties"] |= changed
            self._put(replace(each, body={**each.body, "properties": properties}))

    def _forget_rule(self, key: str) -> None:
        """Remove a deleted access rule from the configuration of every associated resource."""
        perimeter, name = key.partition("/profiles/")[0], key.rpartition("/")[2]
        for each in list(self._resources.values()):
            properties = each.body.get("properties") or {}
            if str((properties.get("networkSecurityPerimeter") or {}).get("id")).lower() == perimeter:
                rules = [rule for rule in properties["profile"]["accessRules"] if rule["name"] != name]
                profile = {**properties["profile"], "accessRules": rules}
                self._put(replace(each, body={**each.body, "properties": {**properties, "profile": profile}}))

    def _owner(self, resource_id: str) -> Resource:
        found = self._resources.get(resource_id.lower())
        if found is None:
            raise Refused(404, "ResourceNotFound", f"{resource_id} does not exist")
        return found

    def _put(self, resource: Resource) -> Document:
        self._resources[resource.id.lower()] = replace(resource, listed=None)
        return copy.deepcopy(resource.body)


def _finished(rule: Document) -> Document:
    """Return the rule as it is after Azure provisioned it: Azure takes the next change only then."""
    return {**rule, "status": "Active"} if rule.get("status") == "Provisioning" else rule


def _rule_body(collection: str, name: str, rule: Document) -> Document:
    kind = "Microsoft.MachineLearningServices/workspaces/outboundRules"
    return {"id": f"{collection}/{name}", "name": name, "type": kind, "properties": copy.deepcopy(rule)}


def _parts_of_perimeters(tenant: Tenant) -> dict[str, Document]:
    """Return the associations and access rules that the perimeters' configurations show, by lower-cased id."""
    found: dict[str, Document] = {}
    for properties in (each.body.get("properties") or {} for each in tenant.resources):
        perimeter = (properties.get("networkSecurityPerimeter") or {}).get("id")
        if not perimeter:
            continue
        association, profile = properties["resourceAssociation"], properties["profile"]
        path = f"{perimeter}/resourceAssociations/{association['name']}"
        found[path.lower()] = {"id": path, "properties": {"accessMode": association["accessMode"]}}
        for rule in profile["accessRules"]:
            path = f"{perimeter}/profiles/{profile['name']}/accessRules/{rule['name']}"
            found[path.lower()] = {"id": path, "properties": dict(rule["properties"])}
    return found


def _complete(resource: Resource) -> Resource:
    """Add what Azure reports of every deployment, and azure-ai-ml needs, but no check reads."""
    if target_of(resource.id).resource_type.endswith("/onlineendpoints/deployments"):
        resource.body["properties"].setdefault("scaleSettings", {"scaleType": "Default"})
        resource.body.setdefault("sku", {"name": "Default", "capacity": 1})
    return resource


def _write_of(method: str) -> Callable[[Document, Document], Document]:
    return merged if method == "PATCH" else replaced


def _rules(owner: Resource) -> Mapping[str, Document]:
    if owner.rules is not None:
        return owner.rules
    return ((owner.body.get("properties") or {}).get("managedNetwork") or {}).get(_RULES) or {}


def _with_rules(owner: Resource, rules: Mapping[str, Document]) -> Resource:
    network = {**owner.body["properties"]["managedNetwork"], _RULES: dict(rules)}
    body = {**owner.body, "properties": {**owner.body["properties"], "managedNetwork": network}}
    return replace(owner, body=body, rules=None if owner.rules is None else dict(rules))


def _connections(owner: Resource) -> list[Document]:
    return list((owner.body.get("properties") or {}).get(_CONNECTIONS) or [])


def _runs_in(key: str, body: Document, workspace: str) -> bool:
    """Whether this is a compute or endpoint that must not exist while isolation is switched on."""
    if not key.startswith(f"{workspace}/"):
        return False
    kind = key.removeprefix(f"{workspace}/").split("/")
    if kind[0] == "computes":
        return body["properties"].get("computeType") in ("AmlCompute", "ComputeInstance")
    return kind[0] == "onlineendpoints" and len(kind) == 2 and body.get("kind") == "Managed"
