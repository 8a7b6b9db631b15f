"""SCN: whether computes in the managed network reach the hosts and endpoints of each scenario.

The hosts and endpoints are those of the section "List of scenario specific outbound rules" of
"Workspace managed virtual network isolation", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import pandas as pd
from pydantic import Field

from checks.contract.isolation import INTERNET, effective_mode, is_active, is_mode, is_on
from checks.contract.tables import Tables
from checks.contract.three_valued import any_child, says
from checks.contract.words import ACCESS, ACTIONS
from checks.families import pages
from checks.families.dependencies.facts import ACCESS_READS, has_role, is_plainly_open
from checks.families.scenarios.facts import ENDPOINT_READS, HOST_READS, Networks, summed
from checks.fixes.scenarios import (
    BATCH_ENDPOINTS_ADDED,
    HUGGING_FACE_ALLOWED,
    PACKAGES_ALLOWED,
    PROMPT_FLOW_ENDPOINTS_ADDED,
    VS_CODE_ALLOWED,
    WORKSPACE_ENDPOINT_ADDED,
)
from checks.model import Answers, Check, Params, Severity, answer, check
from checks.network.reachability import Endpoint, Host
from checks.network.scenario_hosts import HUGGING_FACE_HOSTS, PACKAGE_HOSTS, VS_CODE_HOSTS

Scenario = Literal["python-packages", "vs-code", "batch", "prompt-flow", "hugging-face", "selected-addresses"]

_SCENARIOS = f"{pages.MANAGED_NETWORK}#list-of-scenario-specific-outbound-rules"
_UNSETTLED = (
    "Isolation is off and the customer's own network decides, a rule denies what another allows, or the "
    "isolation mode, the network's status or the outbound rules were not reported in full."
)

BATCH_PARTS: Final = ("queue", "table")

PROMPT_FLOW_ENDPOINTS: Final = {
    "AI services": Endpoint(resource_type="Microsoft.CognitiveServices/accounts", subresource="account"),
    "AI Search": Endpoint(resource_type="Microsoft.Search/searchServices", subresource="searchService"),
}


class RequiredScenarios(Params):
    """Which scenarios have to work."""

    required: tuple[Scenario, ...] = Field(
        default=(), description="Scenarios that have to work; a scenario that is not named is not judged."
    )


def _set_aside(workspaces: pd.DataFrame) -> Answers:
    """The answers where the policy does not require the scenario: nothing is looked at."""
    no = pd.Series(data=False, index=workspaces.index, dtype="boolean")
    return answer(
        known=no,
        passed=no,
        applies=no,
        observed="not asked",
        expected="",
        failed="",
        not_applicable="The policy does not require this scenario.",
    )


def _hosts_are_reached(
    tables: Tables, params: RequiredScenarios, scenario: Scenario, hosts: Iterable[str]
) -> Answers:
    if scenario not in params.required:
        return _set_aside(tables.workspaces)
    networks = Networks(tables)
    reached, missing = summed({host: networks.reach(Host(name=host)) for host in hosts})
    return answer(
        known=reached.notna(),
        passed=reached,
        applies=_may_be_built(tables.workspaces),
        observed=_seen(reached, missing),
        expected="reachable: " + ", ".join(hosts),
        failed="No active rule reaches " + missing + ".",
        unknown=_UNSETTLED,
        not_applicable=_NOT_BUILT,
    )


_NOT_BUILT = "The managed network is not provisioned yet, so no rule is in force."


def _may_be_built(workspaces: pd.DataFrame) -> pd.Series:
    """Return for each workspace False if its managed network is on and not provisioned. `<NA>` if that is not known."""
    return ~(is_on(effective_mode(workspaces)) & ~is_active(workspaces))


def _seen(reached: pd.Series, missing: pd.Series) -> pd.Series:
    return ("not reachable: " + missing).mask(missing.eq(""), "all reachable").where(reached.notna())


@check(
    id="SCN001",
    title="Python packages can be installed",
    over="workspaces",
    severity=Severity.INFORMATIONAL,
    reads=HOST_READS,
    remediation=PACKAGES_ALLOWED,
    references=(_SCENARIOS,),
    params=RequiredScenarios,
    looks_at="workspace",
)
def python_packages_can_be_installed(tables: Tables, params: RequiredScenarios) -> Answers:
    """Most environments cannot be built without the package indexes, and their jobs fail late.

    Every documented host has to be reachable; one written as a wildcard is, where a rule covers every
    name under it. Going to the internet is enough; where only approved outbound is allowed an active rule
    has to open port 443. A network that is not provisioned yet is not judged. With isolation off the
    customer's network decides, which is unknown, as are rules that were not all read.
    """
    return _hosts_are_reached(tables, params, "python-packages", PACKAGE_HOSTS)


@check(
    id="SCN002",
    title="VS Code works",
    over="workspaces",
    severity=Severity.INFORMATIONAL,
    reads=HOST_READS,
    remediation=VS_CODE_ALLOWED,
    references=(_SCENARIOS, "https://code.visualstudio.com/docs/setup/network"),
    params=RequiredScenarios,
    looks_at="workspace",
)
def vs_code_works(tables: Tables, params: RequiredScenarios) -> Answers:
    """VS Code installs its server and extensions on the compute instance, and hangs if it cannot download them.

    Every documented host has to be reachable; one written as a wildcard is, where a rule covers every
    name under it. Going to the internet is enough; where only approved outbound is allowed an active rule
    has to open port 443. A network that is not provisioned yet is not judged. With isolation off the
    customer's network decides, which is unknown, as are rules that were not all read.
    """
    return _hosts_are_reached(tables, params, "vs-code", VS_CODE_HOSTS)


@check(
    id="SCN003",
    title="Batch endpoints and parallel jobs work",
    over="workspaces",
    severity=Severity.INFORMATIONAL,
    reads=(
        *ENDPOINT_READS,
        "workspaces.storage_account",
        "workspaces.associated_resources_known",
        *ACCESS_READS,
    ),
    remediation=BATCH_ENDPOINTS_ADDED,
    references=(_SCENARIOS,),
    params=RequiredScenarios,
)
def batch_endpoints_and_parallel_jobs_work(tables: Tables, params: RequiredScenarios) -> Answers:
    """Batch endpoints and ParallelRunStep distribute work through queues and tables of the default storage.

    An active private-endpoint rule for `queue` and one for `table` of the default storage account pass. If
    the internet is allowed, an account that reports public access as Enabled passes too. Otherwise the check
    fails. The answer is unknown if isolation is off, because the customer's network decides then. It is also
    unknown if the reader could not read the rules or the account, or if the account reports no public access.
    """
    workspaces, resources = tables.workspaces, tables.associated_resources
    if "batch" not in params.required:
        return _set_aside(workspaces)
    networks = Networks(tables)
    is_open = any_child(
        has_role(resources, "storage") & is_plainly_open(resources),
        resources,
        workspaces,
        known=workspaces["associated_resources_known"],
    ) & is_mode(effective_mode(workspaces), INTERNET)
    stores = zip(workspaces["judged_by"], workspaces["storage_account"], strict=True)
    own = {id: store for id, store in stores if pd.notna(id) and pd.notna(store) and store}
    reached, missing = summed(
        {
            part: is_open
            | networks.reach_own(
                {id: Endpoint(resource_id=store, subresource=part) for id, store in own.items()}
            )
            for part in BATCH_PARTS
        }
    )
    return answer(
        known=reached.notna(),
        passed=reached,
        observed=_seen(reached, missing),
        applies=_may_be_built(workspaces),
        not_applicable=_NOT_BUILT,
        expected="the default storage account's queue and table",
        failed="No active private-endpoint rule reaches the default storage account's " + missing + ".",
        unknown=f"{_UNSETTLED} Or the default storage account was not read.",
    )


@check(
    id="SCN004",
    title="Prompt flow works",
    over="workspaces",
    severity=Severity.INFORMATIONAL,
    reads=ENDPOINT_READS,
    remediation=PROMPT_FLOW_ENDPOINTS_ADDED,
    references=(_SCENARIOS,),
    params=RequiredScenarios,
    looks_at="workspace",
)
def prompt_flow_works(tables: Tables, params: RequiredScenarios) -> Answers:
    """Prompt flow calls AI services and AI Search from the workspace's computes.

    An active private-endpoint rule for an AI services account and one for a search service pass. Without
    them the check fails if only approved outbound is allowed. If the internet is allowed, the answer is
    unknown, because no column reports the public endpoints of those services. It is also unknown if isolation
    is off or if the reader could not read all rules.
    """
    if "prompt-flow" not in params.required:
        return _set_aside(tables.workspaces)
    workspaces, networks = tables.workspaces, Networks(tables)
    may_go_public = is_mode(effective_mode(workspaces), INTERNET).fillna(value=True)
    found = {name: networks.reach(endpoint) for name, endpoint in PROMPT_FLOW_ENDPOINTS.items()}
    reached, missing = summed(
        {name: claim.mask((~claim).fillna(value=False) & may_go_public) for name, claim in found.items()}
    )
    return answer(
        known=reached.notna(),
        passed=reached,
        observed=_seen(reached, missing),
        applies=_may_be_built(workspaces),
        not_applicable=_NOT_BUILT,
        expected="private endpoints to " + " and ".join(PROMPT_FLOW_ENDPOINTS),
        failed="No active private-endpoint rule reaches " + missing + ".",
        unknown=f"{_UNSETTLED} Or the internet is allowed and the services may be reached by it.",
    )


@check(
    id="SCN005",
    title="Hugging Face models can be pulled",
    over="workspaces",
    severity=Severity.INFORMATIONAL,
    reads=HOST_READS,
    remediation=HUGGING_FACE_ALLOWED,
    references=(_SCENARIOS,),
    params=RequiredScenarios,
    looks_at="workspace",
)
def hugging_face_models_can_be_pulled(tables: Tables, params: RequiredScenarios) -> Answers:
    """A deployment of a Hugging Face model pulls its image and weights from hosts outside Azure.

    Every documented host has to be reachable; one written as a wildcard is, where a rule covers every
    name under it. Going to the internet is enough; where only approved outbound is allowed an active rule
    has to open port 443. A network that is not provisioned yet is not judged. With isolation off the
    customer's network decides, which is unknown, as are rules that were not all read.
    """
    return _hosts_are_reached(tables, params, "hugging-face", HUGGING_FACE_HOSTS)


@check(
    id="SCN006",
    title="Selected addresses reach the computes",
    over="workspaces",
    severity=Severity.INFORMATIONAL,
    reads=(
        *ENDPOINT_READS,
        "workspaces.public_network_access",
        "workspaces.network_acls_default_action",
    ),
    remediation=WORKSPACE_ENDPOINT_ADDED,
    references=(_SCENARIOS, f"{pages.PRIVATE_LINK}#enable-public-access-only-from-internet-ip-ranges"),
    params=RequiredScenarios,
)
def selected_addresses_reach_the_computes(tables: Tables, params: RequiredScenarios) -> Answers:
    """With access from selected addresses the workspace's own computes are not among them.

    Asked where `publicNetworkAccess` is Enabled and `networkAcls.defaultAction` Deny: an active
    private-endpoint rule to the workspace itself has to exist. With isolation off the customer's network
    decides, which is unknown, as are access or rules that were not reported in full.
    """
    if "selected-addresses" not in params.required:
        return _set_aside(tables.workspaces)
    workspaces, networks = tables.workspaces, Networks(tables)
    access, action = workspaces["public_network_access"], workspaces["network_acls_default_action"]
    is_selected = says(access, "Enabled", among=ACCESS) & says(action, "Deny", among=ACTIONS)
    deciding = workspaces["judged_by"].dropna().unique()
    reached = networks.reach_own(
        {id: Endpoint(resource_id=id, subresource="amlworkspace") for id in deciding}
    )
    return answer(
        known=reached.notna(),
        passed=reached,
        applies=is_selected & _may_be_built(workspaces),
        observed=reached.map({True: "a rule to the workspace", False: "no rule to the workspace"}),
        expected="an active private-endpoint rule to the workspace itself",
        failed="No active private-endpoint rule leads to the workspace itself, and the addresses of its "
        "computes are not selected.",
        unknown=f"{_UNSETTLED} Or publicNetworkAccess or its default action was not reported.",
        not_applicable="Public access is not from selected addresses, or the managed network is not provisioned yet.",
    )


CHECKS: tuple[Check, ...] = (
    python_packages_can_be_installed,
    vs_code_works,
    batch_endpoints_and_parallel_jobs_work,
    prompt_flow_works,
    hugging_face_models_can_be_pulled,
    selected_addresses_reach_the_computes,
)

DESCRIPTION = "work that the network settings must allow"
