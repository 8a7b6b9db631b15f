"""OBR003: the service tags that Azure Machine Learning cannot work without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from checks.contract.isolation import APPROVED, MODE_READS, effective_mode, is_mode
from checks.contract.isolation import is_active as is_network_active
from checks.contract.tables import Tables
from checks.contract.three_valued import (
    any_child,
    judged,
    judged_pairs,
    names_where,
    of_workspace,
    says,
    texts,
)
from checks.contract.words import PROTOCOLS
from checks.families import frameworks, pages
from checks.families.outbound.facts import (
    ADDRESS_READS,
    has_type,
    is_active,
    opens,
)
from checks.fixes.outbound import (
    REQUIRED_TAGS_RESTORED,
)
from checks.frames import pd
from checks.model import Answers, Params, Severity, answer, check
from checks.network.ports import covers_ports, parsed_ports
from checks.network.service_tags import covers_tag, region_of, service_of

REQUIRED_TAGS: Final = (
    "AzureActiveDirectory",
    "AzureMachineLearning",
    "BatchNodeManagement",
    "AzureResourceManager",
    "AzureFrontDoor.FirstParty",
    "MicrosoftContainerRegistry",
    "AzureMonitor",
)
"""Service tags that Azure Machine Learning cannot work without, each over TCP 443.

From "Workspace managed virtual network isolation", List of required rules, read 2025-05 and 2026-11. The page also
lists `VirtualNetwork` for networks with private endpoints; Azure adds that rule itself, so it is recommended here and
not required.
"""

RECOMMENDED_TAG: Final = "VirtualNetwork"
_NEEDED_PORT: Final = ((443, 443),)


@check(
    id="OBR003",
    title="The required service tags are present",
    over="workspaces",
    severity=Severity.MEDIUM,
    reads=(
        *MODE_READS,
        "workspaces.managed_network_status",
        "workspaces.location",
        "workspaces.outbound_rules_known",
        "outbound_rules.type",
        "outbound_rules.status",
        "outbound_rules.protocol",
        "outbound_rules.port_ranges",
        *ADDRESS_READS,
    ),
    remediation=REQUIRED_TAGS_RESTORED,
    controls=frameworks.OUTBOUND,
    references=(f"{pages.MANAGED_NETWORK}#list-of-required-rules",),
    looks_at="workspace",
)
def required_service_tags_are_present(tables: Tables, _params: Params) -> Answers:
    """Computes in AllowOnlyApprovedOutbound cannot start without the service tags that Azure requires.

    Every required tag needs an active rule that allows TCP 443 to it, for the whole cloud or for the workspace's
    region. A rule with address prefixes does not count, because the prefixes override its tag. `VirtualNetwork` is
    recommended beside private endpoints; the reason names it if it is missing. A network that is not provisioned yet
    has no rules in force, so it is not judged. Mode, status or rules that were not all read are unknown, as is a tag
    for which a rule with parts not reported could count. A tag that one rule allows and another one denies, by its
    name or by Internet, is unknown too: Azure does not document which wins.
    """
    workspaces, rules = tables.workspaces, tables.outbound_rules
    known = workspaces["outbound_rules_known"]
    acts = _is_about_the_port(rules) & rules["address_prefixes"].eq("") & is_active(rules) & _is_near(tables)
    works, denies = acts & opens(rules), acts & ~opens(rules)
    allowed = {
        tag: any_child(works & _is_tag(rules["service_tag"], tag), rules, workspaces, known=known)
        for tag in REQUIRED_TAGS
    }
    denied = _denied(rules[denies.fillna(value=True)], denies, workspaces)
    present = {tag: each.where(~(each & denied[tag]).fillna(value=True)) for tag, each in allowed.items()}
    passed = pd.Series(data=True, index=workspaces.index, dtype="boolean")
    for each in present.values():
        passed &= each
    missing = names_where({tag: ~each for tag, each in present.items()})
    unsettled = names_where({tag: each.isna() for tag, each in present.items()})
    mode, is_built = effective_mode(workspaces), is_network_active(workspaces)
    return answer(
        known=known,
        passed=passed,
        applies=is_mode(mode, APPROVED) & is_built,
        observed=("missing: " + missing).mask(missing.eq(""), "none missing").where(passed.notna()),
        expected="an active rule over TCP 443 for " + ", ".join(REQUIRED_TAGS),
        failed="No active rule allows TCP 443 to " + missing + ".",
        passes=_recommended(tables),
        unknown=(
            "A part of a rule that could allow or deny "
            + unsettled
            + " was not reported or is an undocumented word, or one rule allows it and another one denies it."
        ).mask(
            unsettled.eq("") | ~known.fillna(value=False),
            "The isolation mode or the network's status was not reported or is an undocumented word, or the outbound "
            "rules were not all read.",
        ),
        not_applicable=pd.Series(
            "Only AllowOnlyApprovedOutbound needs rules for service tags.", index=mode.index, dtype="string"
        ).mask(
            (is_mode(mode, APPROVED) & ~is_built).fillna(value=False),
            "The managed network is not provisioned yet.",
        ),
    )


def _recommended(tables: Tables) -> pd.Series:
    """Return for each workspace the note that `VirtualNetwork` has no rule beside private endpoints, or ""."""
    workspaces, rules = tables.workspaces, tables.outbound_rules
    has_endpoint = any_child(has_type(rules, "PrivateEndpoint"), rules, workspaces).fillna(value=False)
    has_tag = any_child(_is_tag(rules["service_tag"], RECOMMENDED_TAG), rules, workspaces).fillna(value=False)
    note = f"Private endpoints exist and no rule allows {RECOMMENDED_TAG}, which Azure recommends."
    return pd.Series("", index=workspaces.index, dtype="string").mask(has_endpoint & ~has_tag, note)


def _is_tag(tags: pd.Series, tag: str) -> pd.Series:
    wanted = tag.lower()
    return judged(tags, lambda word: word.strip().lower() == wanted or service_of(word) == wanted)


def _denied(rules: pd.DataFrame, denies: pd.Series, workspaces: pd.DataFrame) -> Mapping[str, pd.Series]:
    """Return by required tag for each workspace whether one of these rules denies a part of it or all of it."""
    return {
        tag: any_child(denies[rules.index] & _covers_a_part(rules["service_tag"], tag), rules, workspaces)
        for tag in REQUIRED_TAGS
    }


def _covers_a_part(tags: pd.Series, required: str) -> pd.Series:
    return judged(tags, lambda tag: covers_tag(tag, required) is not False)


def _is_about_the_port(rules: pd.DataFrame) -> pd.Series:
    protocol = says(rules["protocol"], "TCP", "*", among=PROTOCOLS)
    return has_type(rules, "ServiceTag") & protocol & judged(rules["port_ranges"], _has_needed_port)


def _has_needed_port(ranges: str) -> bool | None:
    ports = parsed_ports(ranges)
    return None if ports is None else covers_ports(ports, _NEEDED_PORT)


def _is_near(tables: Tables) -> pd.Series:
    """Return for each rule whether its tag is of the whole cloud or of its workspace's region."""
    rules = tables.outbound_rules
    location = of_workspace(tables.workspaces["location"], rules)
    region = texts(rules["service_tag"], region_of)
    same = judged_pairs(region, location, lambda one, other: one == other.lower().replace(" ", ""))
    return region.eq("") | same
