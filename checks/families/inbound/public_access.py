"""NET: who may reach the workspace."""

from __future__ import annotations

from pydantic import Field

from checks.contract.connections import is_approved
from checks.contract.tables import Tables
from checks.contract.three_valued import any_child, items, says, texts
from checks.contract.words import ACCESS
from checks.families import frameworks, pages
from checks.families.inbound import vendor_rule
from checks.fixes.access.inbound import (
    ADDRESSES_NARROWED,
    ADDRESSES_REMOVED,
    ADDRESSES_SELECTED,
    LEGACY_FLAG_CLEARED,
    PUBLIC_ACCESS_DISABLED,
)
from checks.frames import pd
from checks.model import Answers, Check, Params, Severity, answer, check
from checks.network.ip_ranges import MAX_ADDRESSES, MIN_PREFIX, address_defect, opening_defect

MOST_RULES = 200
"""The most address rules of a workspace; from "Configure a private endpoint", read 2026-11."""


class AddressWidth(Params):
    """The most that all address rules may open together."""

    min_prefix: int = Field(
        default=MIN_PREFIX,
        ge=0,
        le=32,
        description="The widest IPv4 network that the rules may hold, as a prefix length.",
    )
    max_addresses: int = Field(
        default=MAX_ADDRESSES, ge=1, description="The most addresses that all rules may open together."
    )


@check(
    id="NET001",
    title="Public network access is disabled",
    over="workspaces",
    severity=Severity.HIGH,
    reads=("workspaces.public_network_access", "workspaces.allow_public_access_when_behind_vnet"),
    remediation=PUBLIC_ACCESS_DISABLED,
    controls=frameworks.PUBLIC_NETWORK_ACCESS,
    references=(f"{pages.PRIVATE_LINK}#enable-public-access",),
    looks_at="row",
)
def public_network_access_is_disabled(tables: Tables, _params: Params) -> Answers:
    """Only credentials protect a workspace with a public endpoint, so a stolen token is enough to enter.

    `publicNetworkAccess` decides. Disabled passes and Enabled fails, also if it is limited to selected addresses.
    If Azure did not report it, or reported a word that is not documented, the answer is unknown; the reason then
    quotes the legacy flag `allowPublicAccessWhenBehindVnet`, which decides nothing.
    """
    access = tables.workspaces["public_network_access"]
    flag = tables.workspaces["allow_public_access_when_behind_vnet"]
    legacy = flag.map({True: "true", False: "false"}).astype("string")
    return answer(
        known=says(access, "Enabled", "Disabled"),
        passed=says(access, "Disabled"),
        observed=access,
        expected="Disabled",
        failed="publicNetworkAccess is " + access.fillna("") + ", so the workspace has a public endpoint.",
        unknown=(
            "publicNetworkAccess was not reported; the legacy flag allowPublicAccessWhenBehindVnet is "
            + legacy
            + ", which alone does not decide."
        )
        .fillna("publicNetworkAccess was not reported.")
        .mask(
            access.notna(),
            "publicNetworkAccess is " + access.fillna("") + ", which Azure has not documented.",
        ),
        passes="Clients come in through private endpoints only.",
    )


@check(
    id="NET002",
    title="Public access is limited to selected addresses",
    over="workspaces",
    severity=Severity.MEDIUM,
    reads=("workspaces.public_network_access", "workspaces.network_acls_default_action"),
    remediation=ADDRESSES_SELECTED,
    controls=frameworks.INBOUND,
    references=(
        f"{pages.PRIVATE_LINK}#enable-public-access-only-from-internet-ip-ranges",
        pages.WORKSPACE_TEMPLATE,
    ),
    follows=("NET001",),
    looks_at="row",
)
def public_access_is_limited_to_selected_addresses(tables: Tables, _params: Params) -> Answers:
    """A public endpoint should answer only to the addresses of known clients, and not to the whole internet.

    With `publicNetworkAccess` Enabled, `networkAcls.defaultAction` Deny passes and Allow fails. If public access is
    Disabled, the check does not apply. Stable api-versions may leave `networkAcls` out. The answer is then unknown,
    not "unrestricted". A word that Azure has not documented is unknown too.
    """
    access = tables.workspaces["public_network_access"]
    action = tables.workspaces["network_acls_default_action"]
    understood = says(access, "Enabled", "Disabled") & says(action, "Allow", "Deny")
    return answer(
        known=understood,
        passed=says(action, "Deny"),
        applies=~says(access, "Disabled"),
        observed="publicNetworkAccess "
        + access.fillna("not reported")
        + ", defaultAction "
        + action.fillna("not reported"),
        expected="defaultAction Deny",
        failed="The workspace answers to every address on the internet.",
        unknown="publicNetworkAccess or networkAcls.defaultAction was not reported, or is an unknown word.",
        passes="Only the selected addresses are answered.",
        not_applicable="Public network access is disabled.",
    )


@check(
    id="NET003",
    title="Selected addresses are valid and narrow",
    over="workspaces",
    severity=Severity.MEDIUM,
    reads=("workspaces.ip_rules",),
    remediation=ADDRESSES_NARROWED,
    controls=frameworks.INBOUND,
    references=(f"{pages.PRIVATE_LINK}#restrictions-for-ip-network-rules",),
    params=AddressWidth,
    looks_at="row",
)
def selected_addresses_are_valid_and_narrow(tables: Tables, params: AddressWidth) -> Answers:
    """A wide address list does not limit access, and Azure does not support private ranges in it.

    Every `networkAcls.ipRules` entry has to be a public IPv4 address or range, and there may be 200 at most, Azure's
    own limit. The union of all entries may hold no network wider than *min_prefix* and no more than *max_addresses*
    addresses: 1,024 times a /24 opens as much as a /14. No rules: not applicable. Rules that were not reported are
    unknown. Rules count also if public access is off, because managed online endpoints still honour them.
    """
    rules = tables.workspaces["ip_rules"]
    defects = texts(rules, lambda joined: _address_defects(joined, params))
    return answer(
        known=rules.notna(),
        passed=defects.eq(""),
        applies=rules.ne(""),
        observed=rules,
        expected=f"at most {MOST_RULES} public IPv4 ranges, together no wider than /{params.min_prefix} and at most "
        f"{params.max_addresses:,} addresses",
        failed=defects.fillna(""),
        unknown="networkAcls.ipRules was not reported, or cannot be read as a whole.",
        passes="Every rule is a public IPv4 range that is narrow enough.",
        not_applicable="There are no address rules.",
    )


def _address_defects(joined: str, params: AddressWidth) -> str:
    rules = items(joined)
    defects = [f"{rule} {defect}." for rule in rules if (defect := address_defect(rule))]
    opened = opening_defect(rules, min_prefix=params.min_prefix, max_addresses=params.max_addresses)
    if opened:
        defects.append(f"The rules open {opened}.")
    if len(rules) > MOST_RULES:
        defects.append(f"There are {len(rules)} rules, and Azure takes {MOST_RULES}.")
    return " ".join(defects)


@check(
    id="NET004",
    title="The legacy public-access flag does not contradict",
    over="workspaces",
    severity=Severity.MEDIUM,
    reads=(
        "workspaces.allow_public_access_when_behind_vnet",
        "workspaces.public_network_access",
        "workspaces.private_endpoint_connections_known",
        "private_endpoint_connections.status",
    ),
    remediation=LEGACY_FLAG_CLEARED,
    controls=frameworks.INBOUND,
    references=(
        f"{pages.PRIVATE_LINK}#enable-public-access",
        pages.WORKSPACE_TEMPLATE,
    ),
    looks_at="workspace",
)
def legacy_public_access_flag_does_not_contradict(tables: Tables, _params: Params) -> Answers:
    """Two properties control public access, and a write to either overrides the other.

    `allowPublicAccessWhenBehindVnet` true contradicts where `publicNetworkAccess` is Disabled or an
    approved private endpoint exists: the next write by an old client may open the workspace. A flag
    that was not reported is unknown, as is a true flag whose counterpart was not read.
    """
    workspaces, connections = tables.workspaces, tables.private_endpoint_connections
    flag = workspaces["allow_public_access_when_behind_vnet"]
    access = workspaces["public_network_access"]
    has_endpoint = any_child(
        is_approved(connections),
        connections,
        workspaces,
        known=workspaces["private_endpoint_connections_known"],
    )
    is_disabled = says(access, "Disabled", among=ACCESS)
    because = pd.Series("an approved private endpoint exists", index=workspaces.index, dtype="string").mask(
        is_disabled.fillna(value=False), "publicNetworkAccess is Disabled"
    )
    return answer(
        known=flag.notna(),
        passed=~(flag & (is_disabled | has_endpoint)),
        observed="allowPublicAccessWhenBehindVnet " + flag.astype("string").str.lower(),
        expected="allowPublicAccessWhenBehindVnet false",
        failed="allowPublicAccessWhenBehindVnet is true although " + because + ".",
        unknown="The legacy flag was not reported, or it is true and what it may contradict was not read or is an "
        "undocumented word.",
    )


@check(
    id="NET005",
    title="No address rules linger behind a disabled public endpoint",
    over="workspaces",
    severity=Severity.LOW,
    reads=("workspaces.public_network_access", "workspaces.ip_rules"),
    remediation=ADDRESSES_REMOVED,
    controls=frameworks.INBOUND,
    references=(
        f"{pages.PRIVATE_LINK}#scenario-managed-online-endpoints-with-access-from-selected-ip-addresses",
    ),
    looks_at="row",
)
def no_address_rules_linger(tables: Tables, _params: Params) -> Answers:
    """Managed online endpoints still accept the addresses of the rules after public access is disabled.

    Decided by `networkAcls.ipRules` where `publicNetworkAccess` is Disabled; not applicable otherwise.
    Rules or access that were not reported are unknown.
    """
    access, rules = tables.workspaces["public_network_access"], tables.workspaces["ip_rules"]
    return answer(
        known=rules.notna(),
        passed=rules.eq(""),
        applies=says(access, "Disabled", among=ACCESS),
        observed=rules.replace("", "no address rules"),
        expected="no address rules",
        failed="Managed online endpoints go on honouring " + rules.fillna("") + ".",
        unknown="publicNetworkAccess or networkAcls.ipRules was not reported, or the rules cannot be read as a whole.",
        not_applicable="Public network access is not disabled.",
    )


CHECKS: tuple[Check, ...] = (
    public_network_access_is_disabled,
    public_access_is_limited_to_selected_addresses,
    selected_addresses_are_valid_and_narrow,
    legacy_public_access_flag_does_not_contradict,
    no_address_rules_linger,
    vendor_rule.inbound_is_private_and_managed_outbound_is_on,
)

DESCRIPTION = "inbound access to the workspace"
