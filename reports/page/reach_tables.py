"""What the script of the page needs to answer as `checks.network.reachability` does: the tables of the engine."""

from __future__ import annotations

from ipaddress import ip_network

from checks.network.hosts import STORAGE_SUFFIXES
from checks.network.scenario_hosts import DOCUMENTED_HOSTS
from checks.network.service_names import (
    ANY_NAME,
    DOMAINS_OF_TARGET,
    NAME_OF_TARGET,
    OF_MICROSOFT,
    TAGS_OF_SUFFIX,
    TAGS_WITH_CUSTOM_DOMAINS,
)
from checks.network.service_tags import SHARED_TAGS, SINGLE_SERVICE_TAGS
from checks.network.targets import SUPPORTED_TARGETS

NOT_PUBLIC = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.0.0/29", "192.0.0.170/31", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "240.0.0.0/4", "::1/128", "::/128", "::ffff:0:0/96", "64:ff9b:1::/48", "100::/64", "2001::/23",
    "2001:db8::/32", "2002::/16", "3fff::/20", "fc00::/7", "fe80::/10",
)  # fmt: skip
"""Blocks that are not public, from IANA's registries of special-purpose addresses, read 2026-11."""


def reach_tables() -> dict[str, object]:
    """Return the tables by their names in the script. Blocks that the engine takes for public are left out."""
    return {
        "storage": STORAGE_SUFFIXES,
        "documented": sorted(DOCUMENTED_HOSTS),
        "tagsOfSuffix": list(TAGS_OF_SUFFIX.items()),
        "ofMicrosoft": OF_MICROSOFT,
        "customDomains": TAGS_WITH_CUSTOM_DOMAINS,
        "nameOfTarget": NAME_OF_TARGET,
        "domainsOfTarget": DOMAINS_OF_TARGET,
        "anyName": ANY_NAME,
        "subresources": SUPPORTED_TARGETS,
        "tags": sorted({tag.rstrip("*") for tag in (*SHARED_TAGS, *SINGLE_SERVICE_TAGS)}),
        "notPublic": [block for block in NOT_PUBLIC if not ip_network(block).is_global],
    }
