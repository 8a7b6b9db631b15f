"""What an address, host name, port list or target of a rule opens: pure functions, no tables.

Wildcards follow Azure Firewall, which carries out host-name rules: an asterisk counts only as the
first character, `*.contoso.com` stands for everything below the domain, `*contoso.com` also for names
that merely end so (https://learn.microsoft.com/azure/firewall/firewall-faq, read 2026-11).
"""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from publicsuffixlist import PublicSuffixList

RESERVED_IPV4: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
"""Special-purpose IPv4 blocks, from https://www.iana.org/assignments/iana-ipv4-special-registry."""

STORAGE_SUFFIXES: Final = tuple(
    f"{service}.{suffix}"
    for suffix in (
        "core.windows.net",
        "core.usgovcloudapi.net",
        "core.chinacloudapi.cn",
        "core.cloudapi.de",
        "storage.azure.net",
    )
    for service in ("blob", "dfs", "file", "queue", "table", "web")
)
"""Host suffixes of storage in every Azure cloud, with the zoned names of `storage.azure.net`."""

SHARED_DOMAINS: Final = frozenset(
    {
        "amazonaws.com",
        "azure-api.net",
        "azurecontainer.io",
        "azurecontainerapps.io",
        "azureedge.net",
        "azurefd.net",
        "azurestaticapps.net",
        "azurewebsites.net",
        "cloudapp.azure.com",
        "cloudapp.net",
        "cloudfront.net",
        "core.windows.net",
        "firebaseapp.com",
        "github.io",
        "githubusercontent.com",
        "gitlab.io",
        "googleapis.com",
        "herokuapp.com",
        "netlify.app",
        "ngrok.io",
        "pages.dev",
        "r2.dev",
        "run.app",
        "servicebus.windows.net",
        "trafficmanager.net",
        "vercel.app",
        "web.app",
        "windows.net",
        "workers.dev",
    }
)
"""Domains under which anyone may get a name, kept here also where the public suffix list has them."""

DEEPLY_SHARED_DOMAINS: Final = ("amazonaws.com", "cloudapp.azure.com", "googleapis.com", "windows.net")
"""Shared domains with regions and services between the domain and the names of its customers."""

Ports = tuple[tuple[int, int], ...]
"""Port ranges, both ends included, sorted and with nothing between any two that touch."""


def address_defect(rule: str, min_prefix: int) -> str:
    """What is wrong with an address rule for the public side, "" for nothing.

    Azure takes single IPv4 addresses and CIDR ranges of public addresses only.
    """
    network = _network(rule)
    if network is None:
        return "is not an address or a CIDR range"
    if isinstance(network, IPv6Network):
        return "is IPv6, and only IPv4 is supported"
    if network.prefixlen == 0:
        return "is every address there is"
    if network.prefixlen < min_prefix:
        return f"is wider than /{min_prefix}"
    if any(network.overlaps(reserved) for reserved in RESERVED_IPV4):
        return "is private or reserved"
    return ""


def is_wide(prefix: str, min_prefix: int) -> bool | None:
    """Whether a prefix holds more addresses than an IPv4 /`min_prefix`; None where it is no prefix.

    An IPv6 prefix is measured by the same number of addresses.
    """
    network = _network(prefix)
    if network is None:
        return None
    return network.prefixlen == 0 or network.num_addresses > 2 ** (32 - min_prefix)


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def parsed_ports(ranges: str) -> Ports | None:
    """The ports a comma list opens (`80, 8080-8089`), `*` being all; None where it is no port list."""
    found: list[tuple[int, int]] = []
    for part in ranges.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        low, high = ("0", "65535") if part.strip() == "*" else (first, last if dash else first)
        if not (_is_port(low) and _is_port(high) and int(low) <= int(high)):
            return None
        found.append((int(low), int(high)))
    return _merged(found)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= 65535


def _merged(ranges: list[tuple[int, int]]) -> Ports:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def normal_ports(ranges: str) -> str:
    """The port list as it is compared: ordered, merged; text that is no port list comes back as it is."""
    ports = parsed_ports(ranges)
    if ports is None:
        return ranges.strip()
    return ",".join(f"{low}-{high}" for low, high in ports)


def widest_range(ports: Ports) -> int:
    """How many ports the widest range opens."""
    return max((high - low + 1 for low, high in ports), default=0)


def normal_host(host: str) -> str:
    """The host as it is compared: lower-case, without blanks around it or a dot at its end."""
    return host.strip().lower().rstrip(".")


def is_wildcard(host: str) -> bool:
    """Whether the host stands for more than one name."""
    return normal_host(host).startswith("*")


def swallows(wide: str, narrow: str) -> bool:
    """Whether everything `narrow` lets through is let through by `wide` already; either may be a wildcard.

    Reflexive and transitive.
    """
    wide, narrow = normal_host(wide), normal_host(narrow)
    if not wide.startswith("*"):
        return wide == narrow
    return narrow.removeprefix("*").endswith(wide[1:])


def reaches_storage(host: str) -> bool:
    """Whether a rule for this host lets a request to some storage account through."""
    host = normal_host(host)
    return any(
        host == suffix
        or swallows(f"*.{suffix}", host)
        or (is_wildcard(host) and f".{suffix}".endswith(host[1:]))
        for suffix in STORAGE_SUFFIXES
    )


def host_defect(host: str, shared_domains: frozenset[str]) -> str:
    """Why the host is wider than any one owner, "" where it is not.

    `shared_domains` are domains under which anyone may get a name, beside those of the public suffix
    list. A single name below such a domain has one owner and is narrow.
    """
    host = normal_host(host)
    base = host.removeprefix("*").removeprefix(".")
    if not base:
        return "is every host there is"
    if "*" in base:
        return "has a wildcard elsewhere than at its start, which Azure Firewall does not support"
    if host.startswith("*") and not host.startswith("*."):
        return "also stands for every name that merely ends so, and anyone may register one"
    if base in shared_domains or _public_suffixes().is_public(base):
        return "is a domain under which anyone may get a name"
    if not is_wildcard(host):
        return ""
    if any(shared.endswith(f".{base}") for shared in shared_domains):
        return "covers a domain under which anyone may get a name"
    if any(base.endswith(f".{shared}") for shared in DEEPLY_SHARED_DOMAINS):
        return "covers names of many owners"
    return ""


@cache
def _public_suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def resource_type_of(resource_id: str) -> str | None:
    """The lower-cased `provider/type` of a resource id, None where it has none; nested types are joined."""
    _, separator, tail = resource_id.strip().lower().rstrip("/").rpartition("/providers/")
    provider, *rest = tail.split("/")
    if not separator or len(rest) < 2 or len(rest) % 2:
        return None
    return "/".join((provider, *rest[::2]))


_SUPPORTED_TARGETS: Final = {
    "microsoft.apimanagement/service": ("gateway",),
    "microsoft.cache/redis": ("rediscache",),
    "microsoft.cache/redisenterprise": ("redisenterprise",),
    "microsoft.cognitiveservices/accounts": ("account",),
    "microsoft.containerregistry/registries": ("registry",),
    "microsoft.databricks/workspaces": ("databricks_ui_api", "browser_authentication"),
    "microsoft.datafactory/factories": ("datafactory", "portal"),
    "microsoft.dbformariadb/servers": ("mariadbserver",),
    "microsoft.dbformysql/flexibleservers": ("mysqlserver",),
    "microsoft.dbformysql/servers": ("mysqlserver",),
    "microsoft.dbforpostgresql/flexibleservers": ("postgresqlserver",),
    "microsoft.dbforpostgresql/servers": ("postgresqlserver",),
    "microsoft.documentdb/databaseaccounts": (
        "sql",
        "mongodb",
        "cassandra",
        "gremlin",
        "table",
        "analytical",
    ),
    "microsoft.eventhub/namespaces": ("namespace",),
    "microsoft.insights/privatelinkscopes": ("azuremonitor",),
    "microsoft.keyvault/vaults": ("vault",),
    "microsoft.machinelearningservices/registries": ("amlregistry",),
    "microsoft.machinelearningservices/workspaces": ("amlworkspace",),
    "microsoft.search/searchservices": ("searchservice",),
    "microsoft.sql/servers": ("sqlserver",),
    "microsoft.storage/storageaccounts": tuple(
        f"{service}{secondary}"
        for service in ("blob", "dfs", "file", "queue", "table", "web")
        for secondary in ("", "_secondary")
    ),
    "microsoft.web/sites": ("sites",),
}
"""Resource type to sub-resources: the services of "Workspace managed virtual network isolation" with the
sub-resources of "What is a private endpoint?", both read 2026-11."""

_ANY_SUBRESOURCE: Final = ("microsoft.network/applicationgateways",)
"""Types whose sub-resource is a name their owner chose."""


def supports_private_endpoint(resource_id: str, subresource: str) -> bool | None:
    """Whether a managed network can make a private endpoint to this; None where an argument says nothing."""
    resource_type = resource_type_of(resource_id)
    if resource_type is None or not subresource.strip():
        return None
    if resource_type in _ANY_SUBRESOURCE:
        return True
    return subresource.strip().lower() in _SUPPORTED_TARGETS.get(resource_type, ())
