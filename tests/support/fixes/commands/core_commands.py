"""What the core az commands in the fixes send, command by command.

The bodies follow azure-cli 2.91.0 (src/azure-cli/azure/cli/command_modules and aaz). The comment above each function
names the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.support.fixes.commands.command_lines import CommandLine
from tests.support.fixes.templates.terraform import ROLES
from tests.support.fixes.world.arm_world import ArmWorld
from tests.support.fixes.world.writes import Refused


def _group(line: CommandLine) -> str:
    subscription, group = line.needed("--subscription"), line.needed("--resource-group", "-g")
    return f"/subscriptions/{subscription}/resourceGroups/{group}"


# command_modules/resource/custom.py: show_resource is a GET of the id.
def _resource_show(world: ArmWorld, line: CommandLine) -> Any:
    return world.send("GET", line.needed("--ids"))


# command_modules/network/aaz/latest/network/private_endpoint/_create.py
def _endpoint(world: ArmWorld, line: CommandLine) -> Any:
    subnet = line.needed("--subnet")
    if not subnet.startswith("/"):
        network = line.needed("--vnet-name")
        subnet = f"{_group(line)}/providers/Microsoft.Network/virtualNetworks/{network}/subnets/{subnet}"
    connection = {
        "name": line.needed("--connection-name"),
        "properties": {
            "privateLinkServiceId": line.needed("--private-connection-resource-id"),
            "groupIds": line.needed("--group-id", "--group-ids").split(),
        },
    }
    name = line.needed("--name", "-n")
    path = f"{_group(line)}/providers/Microsoft.Network/privateEndpoints/{name}"
    body = {
        "location": line.value("--location", "-l"),
        "properties": {"subnet": {"id": subnet}, "privateLinkServiceConnections": [connection]},
    }
    return world.send("PUT", path, body)


# command_modules/network/private_link_resource_and_endpoint_connections/custom.py: PUT of the connection's state.
def _connection_state(status: str) -> Callable[[ArmWorld, CommandLine], Any]:
    def changed(world: ArmWorld, line: CommandLine) -> Any:
        state = {"status": status, "description": line.value("--description") or ""}
        body = {"properties": {"privateLinkServiceConnectionState": state}}
        return world.send("PUT", line.needed("--id"), body)

    return changed


# The same file: DELETE of the connection.
def _connection_deleted(world: ArmWorld, line: CommandLine) -> Any:
    return world.send("DELETE", line.needed("--id"))


# command_modules/monitor/aaz/latest/monitor/diagnostic_settings/_create.py
def _diagnostics(world: ArmWorld, line: CommandLine) -> Any:
    resource, name = line.needed("--resource"), line.needed("--name", "-n")
    body = {"properties": {"workspaceId": line.value("--workspace"), "logs": line.json("--logs") or []}}
    return world.send("PUT", f"{resource}/providers/microsoft.insights/diagnosticSettings/{name}", body)


# command_modules/keyvault/_params.py and custom.py: recovery is a PUT with createMode recover.
def _vault_recovered(world: ArmWorld, line: CommandLine) -> Any:
    raise Refused(
        404, "ResourceNotFound", f"the emulator keeps no deleted vault {line.needed('--name', '-n')}"
    )


def _zone_path(line: CommandLine, *names: str) -> str:
    return f"{_group(line)}/providers/Microsoft.Network/privateDnsZones/{line.needed(*names)}"


# command_modules/network/aaz/latest/network/private_dns/zone/_create.py
def _zone(world: ArmWorld, line: CommandLine) -> Any:
    return world.send("PUT", _zone_path(line, "--name", "-n"), {"location": "global"})


# command_modules/network/aaz/latest/network/private_dns/link/vnet/_create.py
def _zone_link(world: ArmWorld, line: CommandLine) -> Any:
    path = f"{_zone_path(line, '--zone-name', '-z')}/virtualNetworkLinks/{line.needed('--name', '-n')}"
    network = line.needed("--virtual-network", "-v")
    registers = line.needed("--registration-enabled", "-e") == "true"
    body = {"virtualNetwork": {"id": network}, "registrationEnabled": registers}
    return world.send("PUT", path, {"location": "global", "properties": body})


# command_modules/network/aaz/latest/network/private_endpoint/dns_zone_group/_create.py and _add.py
def _zone_group(world: ArmWorld, line: CommandLine) -> Any:
    endpoint, name = line.needed("--endpoint-name"), line.needed("--name", "-n")
    path = f"{_group(line)}/providers/Microsoft.Network/privateEndpoints/{endpoint}"
    world.send("GET", path)
    zone = {
        "name": line.needed("--zone-name"),
        "properties": {"privateDnsZoneId": line.needed("--private-dns-zone")},
    }
    body = {"properties": {"privateDnsZoneConfigs": [zone]}}
    return world.send("PUT", f"{path}/privateDnsZoneGroups/{name}", body)


# command_modules/network/private_link_resource_and_endpoint_connections/custom.py: GET of the list.
def _connections(world: ArmWorld, line: CommandLine) -> Any:
    return world.send("GET", f"{line.needed('--id')}/privateEndpointConnections")["value"]


# command_modules/resource/custom.py: register_provider is a POST, and a GET until it is done.
def _registered(world: ArmWorld, line: CommandLine) -> Any:
    subscription, namespace = line.needed("--subscription"), line.needed("--namespace", "-n")
    return world.send("POST", f"/subscriptions/{subscription}/providers/{namespace}/register")


# command_modules/resource/custom.py: delete_resource is a DELETE of each id, wait polls a GET.
def _resource_deleted(world: ArmWorld, line: CommandLine) -> Any:
    return world.send("DELETE", line.needed("--ids"))


# command_modules/role/custom.py: a PUT below the scope, under a new name.
def _role(world: ArmWorld, line: CommandLine) -> Any:
    scope = line.needed("--scope")
    name = "00000000-0000-4000-8000-000000000001"
    definition = f"/providers/Microsoft.Authorization/roleDefinitions/{ROLES[line.needed('--role')]}"
    body = {"properties": {"roleDefinitionId": definition, "principalId": line.value("--assignee-object-id")}}
    return world.send("PUT", f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}", body)


CORE: Mapping[str, Callable[[ArmWorld, CommandLine], Any]] = {
    "resource show": _resource_show,
    "network private-endpoint create": _endpoint,
    "network private-endpoint-connection approve": _connection_state("Approved"),
    "network private-endpoint-connection reject": _connection_state("Rejected"),
    "network private-endpoint-connection delete": _connection_deleted,
    "monitor diagnostic-settings create": _diagnostics,
    "role assignment create": _role,
    "network private-endpoint-connection list": _connections,
    "network private-dns zone create": _zone,
    "network private-dns link vnet create": _zone_link,
    "network private-endpoint dns-zone-group create": _zone_group,
    "network private-endpoint dns-zone-group add": _zone_group,
    "provider register": _registered,
    "keyvault recover": _vault_recovered,
    "resource delete": _resource_deleted,
    "resource wait": _resource_show,
}
