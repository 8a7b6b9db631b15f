"""OBR004, OBR006 and OBR014: the hosts that the customer's rules name."""

from __future__ import annotations

from pydantic import Field

from checks.contract.tables import Tables
from checks.contract.three_valued import judged, texts
from checks.families import frameworks, pages
from checks.families.outbound.facts import (
    CUSTOMER_READS,
    EFFECT_READS,
    Glob,
    has_effect,
    has_type,
    is_customers,
    not_judged,
)
from checks.fixes.openings import (
    HOST_CORRECTED,
    HOST_NARROWED,
    STORAGE_BY_ENDPOINT,
)
from checks.model import Answers, Params, Severity, answer, check
from checks.network.hosts import (
    SharedNames,
    built_in_names,
    host_defect,
    normal_host,
    reaches_storage,
    spelling_defect,
)
from checks.network.scenario_hosts import DOCUMENTED_HOSTS


class SharedDomains(Params):
    """More names behind which any customer can own a resource, and names that the policy admits."""

    shared_domains: tuple[Glob, ...] = Field(
        default=(), description="Domains under which anyone can register a name, beside those built in."
    )
    shared_hosts: tuple[Glob, ...] = Field(
        default=(),
        description="Hosts, or globs on them, that store data for every customer, beside those built in.",
    )
    admitted_hosts: tuple[Glob, ...] = Field(
        default=(), description="Hosts that the policy allows, and wildcards with every host under them."
    )


@check(
    id="OBR004",
    title="Storage is reached by private endpoint, not by name",
    over="outbound_rules",
    severity=Severity.HIGH,
    reads=(*CUSTOMER_READS, *EFFECT_READS, "outbound_rules.fqdn"),
    remediation=STORAGE_BY_ENDPOINT,
    controls=frameworks.OUTBOUND,
    references=(f"{pages.MANAGED_NETWORK}#limitations",),
    follows=("OBR002",),
    looks_at="row",
)
def storage_is_reached_by_private_endpoint(tables: Tables, _params: Params) -> Answers:
    """A host-name rule for storage can send data to an account of another customer.

    Microsoft does not support it either: storage has to be reached by private endpoint. A customer's host-name
    rule fails if it allows a request to a blob, dfs, file, queue, table or web host of any Azure cloud; a
    wildcard that covers such a host fails too. Hosts that Microsoft's scenario pages name exactly, such as
    vscode.blob.core.windows.net, pass. Only AllowOnlyApprovedOutbound honours host names, so rules in other
    modes are not judged. A host that was not reported, or that is no host name, is unknown.
    """
    rules = tables.outbound_rules
    host = rules["fqdn"]
    return answer(
        known=host.ne("") & judged(host, lambda name: reaches_storage(name) or not spelling_defect(name)),
        passed=~judged(host, lambda name: reaches_storage(name) and not _is_documented(name)),
        applies=is_customers(rules) & has_type(rules, "FQDN") & has_effect(tables),
        observed=host,
        expected="no host name of a storage account",
        failed="The rule {rule} reaches storage by name: {fqdn}.",
        passes=texts(host, lambda name: _DOCUMENTED if _is_documented(name) else ""),
        unknown=_HOST_UNKNOWN,
        not_applicable=not_judged(tables),
    )


_HOST_UNKNOWN = (
    "The rule's type, category or host was not reported, the host is no host name (OBR014), or the isolation mode is "
    "not known."
)
_DOCUMENTED = "Microsoft's list of scenario-specific outbound rules names this host exactly."


def _is_documented(host: str) -> bool:
    return normal_host(host) in DOCUMENTED_HOSTS


@check(
    id="OBR006",
    title="Host names are no wider than needed",
    over="outbound_rules",
    severity=Severity.HIGH,
    reads=(*CUSTOMER_READS, *EFFECT_READS, "outbound_rules.fqdn"),
    remediation=HOST_NARROWED,
    controls=frameworks.OUTBOUND,
    references=(pages.DATA_EXFILTRATION, pages.AZURE_FIREWALL, "https://publicsuffix.org/"),
    params=SharedDomains,
    follows=("OBR002", "OBR005"),
    looks_at="row",
)
def host_name_is_no_wider_than_needed(tables: Tables, params: SharedDomains) -> Answers:
    """A wildcard over a domain in which anyone can register a name allows every owner, not one partner.

    A customer's host-name rule fails for `*`, for a wildcard directly under a public suffix, for a shared domain
    or a wildcard over one (`*.azurecr.io`, `*.sharepoint.com`), and for a single host behind which everybody may
    keep data (`storage.googleapis.com`). A single name below a shared domain passes: it has one owner. So do
    hosts that Microsoft's scenario pages or the policy name, alone or by a wildcard. The built-in names are in
    checks/network/shared_domains.csv and shared_hosts.csv, with a source for each, beside the public suffix list.
    Only AllowOnlyApprovedOutbound honours host names, so rules in other modes are not judged. A host that was not
    reported, or that is no host name, is unknown.
    """
    rules = tables.outbound_rules
    host = rules["fqdn"]
    names = _names(params)
    defects = texts(host, lambda name: host_defect(name, names))
    return answer(
        known=host.ne("")
        & judged(host, lambda name: bool(host_defect(name, names)) or not spelling_defect(name)),
        passed=defects.eq(""),
        applies=is_customers(rules) & has_type(rules, "FQDN") & has_effect(tables),
        observed=host,
        expected="a host, or a wildcard below a domain of one owner",
        failed="The host {fqdn} of the rule {rule} {defects}.",
        values={"defects": defects},
        passes=texts(host, lambda name: _DOCUMENTED if _is_documented(name) else ""),
        unknown=_HOST_UNKNOWN,
        not_applicable=not_judged(tables),
    )


def _names(params: SharedDomains) -> SharedNames:
    built_in = built_in_names()
    return SharedNames(
        domains={**dict.fromkeys(map(_domain, params.shared_domains), 0), **built_in.domains},
        hosts=(*built_in.hosts, *params.shared_hosts),
        admitted=DOCUMENTED_HOSTS | {normal_host(host) for host in params.admitted_hosts},
    )


def _domain(glob: str) -> str:
    return normal_host(glob.removeprefix("*").strip("."))


@check(
    id="OBR014",
    title="The host name is well formed",
    over="outbound_rules",
    severity=Severity.MEDIUM,
    reads=(*CUSTOMER_READS, *EFFECT_READS, "outbound_rules.fqdn"),
    remediation=HOST_CORRECTED,
    controls=frameworks.OUTBOUND,
    references=(pages.AZURE_FIREWALL, pages.OUTBOUND_RULE_API),
    follows=("OBR002",),
    looks_at="row",
)
def host_name_is_well_formed(tables: Tables, _params: Params) -> Answers:
    """Azure Firewall cannot match a destination that is no host name, so the rule does not allow the intended host.

    A customer's host-name rule fails if its destination has a scheme, a port, a path, an empty label, a wildcard
    elsewhere than at its start or a character that no host name has, or if it is an address. Azure Firewall
    compares the destination with the name that a client asks for, and a client asks for a name alone. Names in
    Unicode are compared in Punycode. A host that was not reported is unknown.
    """
    rules = tables.outbound_rules
    host = rules["fqdn"]
    defects = texts(host, spelling_defect)
    return answer(
        known=host.ne(""),
        passed=defects.eq(""),
        applies=is_customers(rules) & has_type(rules, "FQDN") & has_effect(tables),
        observed=host,
        expected="a host name, or *. and a domain",
        failed="The destination {fqdn} of the rule {rule} {defects}.",
        values={"defects": defects},
        unknown="The rule's type, category or host, or the isolation mode, was not reported or is an undocumented "
        "word.",
        not_applicable=not_judged(tables),
    )
