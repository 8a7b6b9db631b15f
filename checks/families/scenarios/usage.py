"""SCN: whether computes in the managed network reach the hosts and endpoints of each scenario."""

from __future__ import annotations

from typing import Final

from checks.contract.isolation import INTERNET, effective_mode, is_mode
from checks.contract.tables import Tables
from checks.contract.three_valued import any_child, says
from checks.contract.words import ACCESS, ACTIONS
from checks.families import pages
from checks.families.dependencies.facts import ACCESS_READS, has_role, is_plainly_open
from checks.families.scenarios.asked import (
    NOT_BUILT,
    SCENARIOS,
    UNSETTLED,
    RequiredScenarios,
    may_be_built,
    seen,
    set_aside,
)
from checks.families.scenarios.facts import ENDPOINT_READS, Networks, summed
from checks.families.scenarios.hosts import (
    hugging_face_models_can_be_pulled,
    python_packages_can_be_installed,
    vs_code_works,
)
from checks.fixes.scenarios import (
    BATCH_ENDPOINTS_ADDED,
    PROMPT_FLOW_ENDPOINTS_ADDED,
    WORKSPACE_ENDPOINT_ADDED,
)
from checks.frames import pd
from checks.model import Answers, Check, Severity, answer, check
from checks.network.destinations import Endpoint

BATCH_PARTS: Final = ("queue", "table")

PROMPT_FLOW_ENDPOINTS: Final = {
    "AI services": Endpoint(resource_type="Microsoft.CognitiveServices/accounts", subresource="account"),
    "AI Search": Endpoint(resource_type="Microsoft.Search/searchServices", subresource="searchService"),
}


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
    references=(SCENARIOS,),
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
        return set_aside(workspaces)
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
        observed=seen(reached, missing),
        applies=may_be_built(workspaces),
        not_applicable=NOT_BUILT,
        expected="the default storage account's queue and table",
        failed="No active private-endpoint rule reaches the default storage account's " + missing + ".",
        unknown=f"{UNSETTLED} Or the default storage account was not read.",
    )


@check(
    id="SCN004",
    title="Prompt flow works",
    over="workspaces",
    severity=Severity.INFORMATIONAL,
    reads=ENDPOINT_READS,
    remediation=PROMPT_FLOW_ENDPOINTS_ADDED,
    references=(SCENARIOS,),
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
        return set_aside(tables.workspaces)
    workspaces, networks = tables.workspaces, Networks(tables)
    may_go_public = is_mode(effective_mode(workspaces), INTERNET).fillna(value=True)
    found = {name: networks.reach(endpoint) for name, endpoint in PROMPT_FLOW_ENDPOINTS.items()}
    reached, missing = summed(
        {name: claim.mask((~claim).fillna(value=False) & may_go_public) for name, claim in found.items()}
    )
    return answer(
        known=reached.notna(),
        passed=reached,
        observed=seen(reached, missing),
        applies=may_be_built(workspaces),
        not_applicable=NOT_BUILT,
        expected="private endpoints to " + " and ".join(PROMPT_FLOW_ENDPOINTS),
        failed="No active private-endpoint rule reaches " + missing + ".",
        unknown=f"{UNSETTLED} Or the internet is allowed and the services may be reached by it.",
    )


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
    references=(SCENARIOS, f"{pages.PRIVATE_LINK}#enable-public-access-only-from-internet-ip-ranges"),
    params=RequiredScenarios,
)
def selected_addresses_reach_the_computes(tables: Tables, params: RequiredScenarios) -> Answers:
    """With access from selected addresses the workspace's own computes are not among them.

    Asked where `publicNetworkAccess` is Enabled and `networkAcls.defaultAction` Deny: an active
    private-endpoint rule to the workspace itself has to exist. With isolation off the customer's network
    decides, which is unknown, as are access or rules that were not reported in full.
    """
    if "selected-addresses" not in params.required:
        return set_aside(tables.workspaces)
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
        applies=is_selected & may_be_built(workspaces),
        observed=reached.map({True: "a rule to the workspace", False: "no rule to the workspace"}),
        expected="an active private-endpoint rule to the workspace itself",
        failed="No active private-endpoint rule leads to the workspace itself, and the addresses of its "
        "computes are not selected.",
        unknown=f"{UNSETTLED} Or publicNetworkAccess or its default action was not reported.",
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
