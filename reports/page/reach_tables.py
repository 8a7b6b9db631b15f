"""The engine's tables for the script of the page, which answers as `checks.network.reachability` does."""

from __future__ import annotations

from checks.fixes.managed_network import APPROVED_NEEDS, STRICTER
from checks.fixes.rules import LIST_RULES, REMOVAL
from checks.fixes.templates import get
from checks.network.hosts import STORAGE_SUFFIXES
from checks.network.ip_ranges import NOT_PUBLIC
from checks.network.scenario_hosts import DOCUMENTED_HOSTS
from checks.network.service_names import (
    ANY_NAME,
    DOMAINS_OF_TARGET,
    NAME_OF_TARGET,
    OF_MICROSOFT,
    TAGS_OF_SUFFIX,
    TAGS_WITH_CUSTOM_DOMAINS,
)
from checks.network.service_tags import OVERLAPPING_TAGS, SHARED_TAGS, SINGLE_SERVICE_TAGS, WHOLE_TAGS
from checks.network.targets import SUPPORTED_TARGETS


def reach_tables() -> dict[str, object]:
    """Return the tables by their names in the script."""
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
        "wholeTags": sorted(WHOLE_TAGS),
        "overlappingTags": sorted(sorted(pair) for pair in OVERLAPPING_TAGS),
        "notPublic": list(map(str, NOT_PUBLIC)),
        "fixes": {
            "mode": STRICTER,
            "needs": APPROVED_NEEDS,
            "rule": REMOVAL,
            "network": get("{{workspace_id}}", query="properties.managedNetwork"),
            "rules": LIST_RULES,
            "shown": get("{{rule_id}}"),
        },
    }
