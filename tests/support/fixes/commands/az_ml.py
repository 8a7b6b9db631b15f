"""`az ml` commands, run through azure-ai-ml with a transport that ends in an `ArmWorld`.

The bodies are those of azure-ai-ml. This module only does what the `ml` extension does between the command line
and that package (azure-cli-extensions 0801e2d, src/machinelearningservices/azext_mlv2/manual/custom).
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from tests.support.fixes.commands.command_lines import CommandLine
from tests.support.fixes.world.arm_world import ArmWorld
from tests.support.fixes.world.writes import Refused

_WORKSPACE_FIELDS = {
    "--display-name": "display_name",
    "--description": "description",
    "--image-build-compute": "image_build_compute",
    "--public-network-access": "public_network_access",
    "--application-insights": "application_insights",
    "--container-registry": "container_registry",
    "--primary-user-assigned-identity": "primary_user_assigned_identity",
    "--system-datastores-auth-mode": "system_datastores_auth_mode",
}

_COMPUTE_FIELDS = {
    "--vnet-name": "network_settings.vnet_name",
    "--subnet": "network_settings.subnet",
    "--admin-username": "ssh_settings.admin_username",
    "--ssh-key-value": "ssh_settings.ssh_key_value",
    "--size": "size",
    "--user-tenant-id": "create_on_behalf_of.user_tenant_id",
    "--user-object-id": "create_on_behalf_of.user_object_id",
    "--min-instances": "min_instances",
    "--max-instances": "max_instances",
    "--idle-time-before-scale-down": "idle_time_before_scale_down",
    "--description": "description",
    "--identity-type": "identity.type",
    "--enable-node-public-ip": "enable_node_public_ip",
    "--tier": "tier",
    "--ssh-public-access-enabled": "ssh_public_access_enabled",
    "--location": "location",
}


class AzMl:
    """Runs `az ml` commands against a world. `sent` lists the method, path and body of every write."""

    def __init__(self, world: ArmWorld) -> None:
        """Import azure-ai-ml, which takes a second, and prepare a transport that ends in `world`."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from azure.ai import ml

        logging.getLogger("azure.ai.ml").setLevel(logging.ERROR)

        self._ml = ml
        self.sent: list[tuple[str, str, Any]] = []
        self._session = requests.Session()
        self._session.mount("https://", _Adapter(world, self.sent))

    def run(self, line: CommandLine) -> Any:
        """Run one command and return what it prints, as JSON values. Raises KeyError for an unknown command."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _COMMANDS[line.name](self, line)

    def client(self, line: CommandLine) -> Any:
        """Return the client of the command's workspace."""
        return self._ml.MLClient(
            _Credential(),
            line.needed("--subscription"),
            line.needed("--resource-group", "-g"),
            line.value("--workspace-name", "-w"),
            transport=RequestsTransport(session=self._session, session_owner=False),
            enable_telemetry=False,
            show_progress=False,
        )

    def _workspace_show(self, line: CommandLine) -> Any:
        return self.client(line).workspaces.get(line.needed("--name", "-n"))._to_dict()

    def _workspace_update(self, line: CommandLine) -> Any:
        fields: list[dict[str, Any]] = [{"name": line.needed("--name", "-n")}]
        fields += _given(line, _WORKSPACE_FIELDS)
        mode = line.value("--managed-network", "-m")
        if mode:
            fields.append({"managed_network": {"isolation_mode": mode}})
        addresses = line.value("--network-acls")
        if addresses is not None:
            listed = [] if addresses.strip().lower() == "none" else addresses.split(",")
            acls = {
                "default_action": "Deny" if listed else "Allow",
                "ip_rules": [{"value": a} for a in listed],
            }
            fields.append({"network_acls": acls})
        workspace = self._ml.load_workspace(_file(line), params_override=fields)
        workspace.tags = workspace.tags or {}
        consent = line.value("--update-dependent-resources", "-u") is not None
        done = self.client(line).workspaces.begin_update(workspace, update_dependent_resources=consent)
        return done.result()._to_dict()

    def _provision(self, line: CommandLine) -> Any:
        spark = line.value("--include-spark")
        done = self.client(line).workspaces.begin_provision_network(
            workspace_name=line.needed("--name", "-n"), include_spark=spark not in (None, "false")
        )
        return str(done.result())

    def _rules(self, line: CommandLine) -> Any:
        found = self.client(line).workspace_outbound_rules.list(line.needed("--workspace-name", "-w"))
        return [rule._to_dict() for rule in found if rule is not None]

    def _rule(self, line: CommandLine) -> Any:
        rules = self.client(line).workspace_outbound_rules
        return rules.get(line.needed("--workspace-name", "-w"), line.needed("--rule"))._to_dict()

    def _rule_removed(self, line: CommandLine) -> Any:
        rules = self.client(line).workspace_outbound_rules
        rules.begin_remove(line.needed("--workspace-name", "-w"), line.needed("--rule")).result()

    def _rule_set(self, line: CommandLine) -> Any:
        name, made = line.needed("--rule"), None
        entities = self._ml.entities
        kind = line.needed("--type")
        if kind == "fqdn":
            made = entities.FqdnDestination(name=name, destination=line.needed("--destination"))
        elif kind == "service_tag":
            prefixes = line.value("--address-prefixes")
            made = entities.ServiceTagDestination(
                name=name,
                service_tag=line.needed("--service-tag"),
                protocol=line.needed("--protocol"),
                port_ranges=line.needed("--port-ranges"),
                address_prefixes=None if prefixes is None else [each.strip() for each in prefixes.split(",")],
            )
        elif kind == "private_endpoint":
            fqdns = line.value("--fqdns")
            made = entities.PrivateEndpointDestination(
                name=name,
                service_resource_id=line.needed("--service-resource-id"),
                subresource_target=line.needed("--subresource-target"),
                spark_enabled=line.value("--spark-enabled"),
                fqdns=None if fqdns is None else [each.strip() for each in fqdns.split(",")],
            )
        rules = self.client(line).workspace_outbound_rules
        return rules.begin_create(line.needed("--workspace-name", "-w"), made).result()._to_dict()

    def _computes(self, line: CommandLine) -> Any:
        return [each._to_dict() for each in self.client(line).compute.list()]

    def _compute_show(self, line: CommandLine) -> Any:
        return self.client(line).compute.get(line.needed("--name", "-n"))._to_dict()

    def _compute_created(self, line: CommandLine) -> Any:
        fields = [{path: value} for path, value in line.assignments("--set")]
        fields += _given(line, {"--name": "name", "-n": "name"})
        kind = line.value("--type", "-t")
        fields += [{"type": kind.lower()}] if kind else []
        fields += _given(line, _COMPUTE_FIELDS)
        identities = line.value("--user-assigned-identities", "-i")
        if identities:
            listed = [{"resource_id": each} for each in identities.split(",")]
            fields.append({"identity.user_assigned_identities": listed})
        compute = self._ml.load_compute(_file(line), params_override=fields)
        return self.client(line).begin_create_or_update(compute).result()._to_dict()

    def _compute_deleted(self, line: CommandLine) -> Any:
        self.client(line).compute.begin_delete(name=line.needed("--name", "-n")).result()

    def _compute_detached(self, line: CommandLine) -> Any:
        self.client(line).compute.begin_delete(name=line.needed("--name", "-n"), action="Detach").result()

    def _endpoints(self, line: CommandLine) -> Any:
        return [_plain(each._to_dict()) for each in self.client(line).online_endpoints.list()]

    def _endpoint_show(self, line: CommandLine) -> Any:
        return _plain(self.client(line).online_endpoints.get(line.needed("--name", "-n"))._to_dict())

    def _endpoint_updated(self, line: CommandLine) -> Any:
        client = self.client(line)
        file = _file(line)
        name = line.needed("--name", "-n")
        endpoint = self._ml.load_online_endpoint(file) if file else client.online_endpoints.get(name)
        for path, value in line.assignments("--set"):
            setattr(endpoint, path, value)
        traffic = line.value("--traffic", "-r")
        if traffic:
            endpoint.traffic = dict(pair.split("=") for pair in traffic.split())
        return _plain(client.begin_create_or_update(endpoint).result()._to_dict())

    def _endpoint_created(self, line: CommandLine) -> Any:
        fields = [{path: value} for path, value in line.assignments("--set")]
        fields += _given(line, {"--name": "name", "-n": "name", "--auth-mode": "auth_mode"})
        endpoint = self._ml.load_online_endpoint(_file(line), params_override=fields)
        return _plain(self.client(line).begin_create_or_update(endpoint).result()._to_dict())

    def _endpoint_deleted(self, line: CommandLine) -> Any:
        self.client(line).online_endpoints.begin_delete(name=line.needed("--name", "-n")).result()


_COMMANDS: Mapping[str, Callable[[AzMl, CommandLine], Any]] = {
    "ml workspace show": AzMl._workspace_show,
    "ml workspace update": AzMl._workspace_update,
    "ml workspace provision-network": AzMl._provision,
    "ml workspace outbound-rule list": AzMl._rules,
    "ml workspace outbound-rule show": AzMl._rule,
    "ml workspace outbound-rule set": AzMl._rule_set,
    "ml workspace outbound-rule remove": AzMl._rule_removed,
    "ml compute list": AzMl._computes,
    "ml online-endpoint list": AzMl._endpoints,
    "ml compute show": AzMl._compute_show,
    "ml compute create": AzMl._compute_created,
    "ml compute delete": AzMl._compute_deleted,
    "ml compute detach": AzMl._compute_detached,
    "ml online-endpoint show": AzMl._endpoint_show,
    "ml online-endpoint update": AzMl._endpoint_updated,
    "ml online-endpoint create": AzMl._endpoint_created,
    "ml online-endpoint delete": AzMl._endpoint_deleted,
}


def _given(line: CommandLine, fields: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the fields whose option is given and not empty, as the extension passes them on."""
    values = {path: line.value(option) for option, path in fields.items()}
    return [{path: value} for path, value in values.items() if value]


def _file(line: CommandLine) -> Any:
    """Return the path of the file; None without one, which the load functions take, although their types do not."""
    name = line.value("--file", "-f")
    return line.folder / name if name else None


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


class _Credential:
    """A credential whose token nobody checks."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken("proof", 4102444800)


class _Adapter(HTTPAdapter):
    """Answers the requests of a session from a world."""

    def __init__(self, world: ArmWorld, sent: list[tuple[str, str, Any]]) -> None:
        super().__init__()
        self._world, self._sent = world, sent

    def send(self, request: requests.PreparedRequest, *_args: Any, **_options: Any) -> requests.Response:
        path, method = unquote(urlsplit(str(request.url)).path), str(request.method)
        body = json.loads(request.body) if request.body else None
        try:
            answer: Any = self._world.send(method, path, body)
            status = 200
        except Refused as refused:
            status, answer = refused.status, {"error": {"code": refused.code, "message": refused.message}}
        if method != "GET":
            self._sent.append((method, path, body))
        raw = HTTPResponse(
            body=BytesIO(json.dumps(answer).encode()),
            headers={"Content-Type": "application/json"},
            status=status,
            preload_content=False,
        )
        return self.build_response(request, raw)
