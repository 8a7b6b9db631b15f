"""Builds outbound rules: those a user makes and those Azure requires."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.emulator.tenants.builders import Site, guid
from scanner.emulator.versions import Document


def fqdn(host: str, **rest: object) -> Document:
    """A rule that opens a host name; `rest` overrides status, category or errorInformation."""
    return _rule("FQDN", host, **rest)


def service_tag(
    tag: str,
    *,
    protocol: str = "TCP",
    ports: str = "443",
    prefixes: tuple[str, ...] = (),
    action: str = "Allow",
    **rest: object,
) -> Document:
    """A rule about a service tag, or about `prefixes`, which override the tag."""
    destination: Document = {"serviceTag": tag, "protocol": protocol, "portRanges": ports}
    if prefixes:
        destination["addressPrefixes"] = list(prefixes)
    return _rule("ServiceTag", {**destination, "action": action}, **rest)


def private_endpoint(target: str, subresource: str, *, spark: bool = False, **rest: object) -> Document:
    """A rule that makes a private endpoint for a sub-resource of `target`."""
    destination = {
        "serviceResourceId": target,
        "subresourceTarget": subresource,
        "sparkEnabled": spark,
        "sparkStatus": "Active" if spark else "Inactive",
    }
    return {**_rule("PrivateEndpoint", destination, **rest), "fqdns": []}


def inactive(rules: Mapping[str, Document]) -> dict[str, Document]:
    """The same rules as they are before the network is provisioned."""
    return {name: {**rule, "status": "Inactive"} for name, rule in rules.items()}


def required_endpoints(site: Site, *, registry: bool = True) -> dict[str, Document]:
    """The private endpoints Azure requires for private dependencies and, last, the workspace itself."""
    targets = [(site.storage, "blob"), (site.storage, "file"), (site.vault, "vault")]
    targets += [(site.registry, "registry")] if registry else []
    targets += [(site.id, "amlworkspace")]
    return {
        f"__SYS_PE_{target.rpartition('/')[2]}_{subresource}_{guid(target)[:8]}": private_endpoint(
            target, subresource, category="Required"
        )
        for target, subresource in targets
    }


def required_rules(site: Site, *, without: tuple[str, ...] = ()) -> dict[str, Document]:
    """Every rule Azure requires where only approved outbound is allowed, less the tags in `without`."""
    tags = {
        name: rule
        for name, rule in _required_tags(site.place.location).items()
        if rule["destination"]["serviceTag"].partition(".")[0] not in without
    }
    return {**tags, **required_endpoints(site)}


def _required_tags(location: str) -> dict[str, Document]:
    tags = {
        "AzureActiveDirectory": ("AzureActiveDirectory", "TCP", "80, 443"),
        "AzureMachineLearning_TCP": ("AzureMachineLearning", "TCP", "443, 8787, 18881"),
        "AzureMachineLearning_UDP": ("AzureMachineLearning", "UDP", "5831"),
        f"BatchNodeManagement.{location}": (f"BatchNodeManagement.{location}", "TCP", "443"),
        "AzureResourceManager": ("AzureResourceManager", "TCP", "443"),
        "AzureFrontDoor.FirstParty": ("AzureFrontDoor.FirstParty", "TCP", "443"),
        f"MicrosoftContainerRegistry.{location}": (f"MicrosoftContainerRegistry.{location}", "TCP", "443"),
        "AzureMonitor": ("AzureMonitor", "TCP", "443"),
        "VirtualNetwork": ("VirtualNetwork", "*", "*"),
    }
    return {
        f"__SYS_ST_{name}": service_tag(tag, protocol=protocol, ports=ports, category="Required")
        for name, (tag, protocol, ports) in tags.items()
    }


def _rule(rule_type: str, destination: object, **rest: object) -> Document:
    return {
        "type": rule_type,
        "destination": destination,
        "status": "Active",
        "category": "UserDefined",
        "errorInformation": None,
        **rest,
    }
