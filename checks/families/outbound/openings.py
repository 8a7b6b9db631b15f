"""OBR: whether the openings of the customer's outbound rules are narrow and approved."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field, StringConstraints

from checks.contract.tables import Tables
from checks.contract.three_valued import items, judged, says, texts
from checks.contract.words import PROTOCOLS
from checks.families import frameworks, pages
from checks.families.outbound.facts import (
    ADDRESS_READS,
    AZURES_OWN,
    CUSTOMER_READS,
    EFFECT_READS,
    has_effect,
    has_type,
    is_customers,
    leads_to,
    not_judged,
    opens,
)
from checks.fixes.openings import (
    HOST_CORRECTED,
    HOST_NARROWED,
    OPENING_CLOSED,
    PORTS_NARROWED,
    RULE_APPROVED,
    STORAGE_BY_ENDPOINT,
)
from checks.frames import pd
from checks.model import Answers, Params, Severity, answer, check
from checks.network.hosts import (
    SharedNames,
    built_in_names,
    host_defect,
    is_every_host,
    normal_host,
    reaches_storage,
    spelling_defect,
)
from checks.network.ip_ranges import MAX_ADDRESSES, MIN_PREFIX, opening_defect
from checks.network.ports import number_of_ports, parsed_ports
from checks.network.scenario_hosts import DOCUMENTED_HOSTS
from checks.network.service_tags import SHARED_TAGS, SINGLE_SERVICE_TAGS, is_no_tag, is_shared

Glob = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1)]


class Openings(Params):
    """The widest opening that a rule may make, and the service tags that cover endpoints of every customer."""

    min_prefix: int = Field(
        default=MIN_PREFIX,
        ge=0,
        le=32,
        description="The widest IPv4 network a rule may open, as a prefix length.",
    )
    max_addresses: int = Field(
        default=MAX_ADDRESSES,
        ge=1,
        description="The most addresses that the prefixes of a rule may open together.",
    )
    shared_tags: tuple[Glob, ...] = Field(
        default=tuple(tag.lower() for tag in SHARED_TAGS),
        description="Service tags, or globs on them, behind which any customer may own an endpoint that takes data. "
        "Source: Virtual network service tags, https://learn.microsoft.com/azure/virtual-network/"
        "service-tags-overview.",
    )
    single_tags: tuple[Glob, ...] = Field(
        default=tuple(tag.lower() for tag in SINGLE_SERVICE_TAGS),
        description="Service tags of one service that Microsoft runs, or of the customer's own network.",
    )


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
        default=(), description="Hosts or wildcards, spelled as in the rule, that the policy allows."
    )


class PortWidth(Params):
    """The most ports that a rule may open."""

    max_ports: int = Field(
        default=100, ge=1, le=65536, description="The most ports that all ranges of a rule may open together."
    )


class Approvals(Params):
    """The destinations that the policy approves."""

    approved: tuple[Glob, ...] = Field(
        default=(),
        description="Globs on host names, service tags, address prefixes and target resource ids; while "
        "empty the check does not apply.",
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
    id="OBR005",
    title="No outbound rule allows data exfiltration",
    over="outbound_rules",
    severity=Severity.CRITICAL,
    reads=(*CUSTOMER_READS, *ADDRESS_READS, *EFFECT_READS, "outbound_rules.fqdn"),
    remediation=OPENING_CLOSED,
    controls=frameworks.OUTBOUND,
    references=(
        pages.DATA_EXFILTRATION,
        pages.SERVICE_TAGS,
        pages.OUTBOUND_RULE_API,
    ),
    params=Openings,
    follows=("OBR002",),
    looks_at="row",
)
def outbound_rule_does_not_allow_data_exfiltration(tables: Tables, params: Openings) -> Answers:
    """Some rules allow traffic to endpoints that any customer of Azure can own, or to the whole internet.

    A customer's service-tag rule fails for a tag of the parameter *shared_tags*, such as Storage, AppService,
    EventHub, AzureFrontDoor or Internet, regional or not. Address prefixes override the tag: the rule then fails if
    their union holds a network wider than *min_prefix* or more than *max_addresses* addresses. The host-name rule
    `*` is the same opening as the tag Internet and fails too. Deny opens nothing. Only AllowOnlyApprovedOutbound
    honours these rules, so rules in other modes are not judged. A value that is no tag, a tag that neither list
    has, a prefix that cannot be read and anything that was not reported is unknown.
    """
    rules = tables.outbound_rules
    prefixes, tag = rules["address_prefixes"], rules["service_tag"].replace("", pd.NA)
    is_host = has_type(rules, "FQDN")
    is_everything = judged(rules["fqdn"].replace("", pd.NA), is_every_host)
    by_prefix = judged(prefixes.replace("", pd.NA), lambda joined: _opens_too_much(joined, params))
    by_tag = judged(tag, lambda word: _leads_to_everybody(word, params))
    by_address = by_prefix.mask(prefixes.eq("").fillna(value=False), by_tag)
    opened = by_address.mask(is_host.fillna(value=False), is_everything)
    applies = is_customers(rules) & has_effect(tables) & opens(rules)
    destination = leads_to(rules).mask(is_host.fillna(value=False), rules["fqdn"])
    return answer(
        known=opened.notna(),
        passed=~opened,
        applies=applies & (has_type(rules, "ServiceTag") | (is_host & is_everything)),
        observed=destination,
        expected=f"one service, or prefixes no wider than /{params.min_prefix}",
        failed="The rule {rule} allows data to leave to {destination}{width}.",
        values={"destination": destination, "width": _whose(rules, params)},
        unknown=_why_unknown(rules, params),
        not_applicable=not_judged(tables),
    )


def _opens_too_much(joined: str, params: Openings) -> bool | None:
    defect = opening_defect(items(joined), min_prefix=params.min_prefix, max_addresses=params.max_addresses)
    return None if defect is None else defect != ""


def _leads_to_everybody(tag: str, params: Openings) -> bool | None:
    return is_shared(tag, shared=params.shared_tags, single=params.single_tags)


def _whose(rules: pd.DataFrame, params: Openings) -> pd.Series:
    """Return for each rule, in brackets, how much its prefixes open; "" for a tag or a host."""

    def opened(joined: str) -> str:
        defect = opening_defect(
            items(joined), min_prefix=params.min_prefix, max_addresses=params.max_addresses
        )
        return f" ({defect})" if defect else ""

    return texts(rules["address_prefixes"], opened).fillna("")


def _why_unknown(rules: pd.DataFrame, params: Openings) -> pd.Series:
    reason = pd.Series(
        "The rule's category, action, tag or address prefixes, or the isolation mode, was not reported or cannot be "
        "read.",
        index=rules.index,
        dtype="string",
    )
    tag = rules["service_tag"].where(rules["address_prefixes"].eq("").fillna(value=False)).replace("", pd.NA)
    is_unlisted = judged(tag, lambda word: _leads_to_everybody(word, params) is None).fillna(value=False)
    reason = reason.mask(is_unlisted, "No list of this check has the service tag " + tag.fillna("") + ".")
    return reason.mask(
        judged(tag, is_no_tag).fillna(value=False),
        tag.fillna("") + " is no service tag, so its reach is not known.",
    )


@check(
    id="OBR006",
    title="Host names are no wider than needed",
    over="outbound_rules",
    severity=Severity.HIGH,
    reads=(*CUSTOMER_READS, *EFFECT_READS, "outbound_rules.fqdn"),
    remediation=HOST_NARROWED,
    controls=frameworks.OUTBOUND,
    references=(pages.AZURE_FIREWALL, "https://publicsuffix.org/"),
    params=SharedDomains,
    follows=("OBR002", "OBR005"),
    looks_at="row",
)
def host_name_is_no_wider_than_needed(tables: Tables, params: SharedDomains) -> Answers:
    """A wildcard over a domain in which anyone can register a name allows every owner, not one partner.

    A customer's host-name rule fails for `*`, for a wildcard directly under a public suffix, for a shared domain
    or a wildcard over one (`*.azurecr.io`, `*.sharepoint.com`), and for a single host behind which everybody may
    keep data (`storage.googleapis.com`). A single name below a shared domain passes: it has one owner. So do
    hosts that Microsoft's scenario pages name exactly and those the policy admits. The built-in names are in
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
        unknown="The rule's type, category or host, or the isolation mode, was not reported.",
        not_applicable=not_judged(tables),
    )


@check(
    id="OBR007",
    title="Ports and protocol are narrow",
    over="outbound_rules",
    severity=Severity.MEDIUM,
    reads=(
        *CUSTOMER_READS,
        *EFFECT_READS,
        "outbound_rules.action",
        "outbound_rules.protocol",
        "outbound_rules.port_ranges",
    ),
    remediation=PORTS_NARROWED,
    controls=frameworks.OUTBOUND,
    references=(pages.OUTBOUND_RULE_API,),
    params=PortWidth,
    follows=("OBR002",),
    looks_at="row",
)
def ports_and_protocol_are_narrow(tables: Tables, params: PortWidth) -> Answers:
    """Every port that is open without need is one more way for data to leave.

    A customer's service-tag rule fails for the protocol `*`, the ports `*`, or ranges that open more ports together
    than the policy allows, in however many ranges they are written. Azure limits host-name rules to 80 and 443, and
    Deny opens nothing. Only AllowOnlyApprovedOutbound honours these rules, so rules in other modes are not judged.
    A protocol or ports that were not reported, or that cannot be read, are unknown.
    """
    rules = tables.outbound_rules
    protocol, ports = rules["protocol"], rules["port_ranges"]
    any_protocol = says(protocol, "*", among=PROTOCOLS)
    too_many = judged(ports, lambda ranges: _opens_more_than(ranges, params.max_ports))
    shown = "protocol " + protocol.fillna("not reported") + ", ports " + ports.fillna("not reported")
    return answer(
        known=any_protocol.notna() | too_many.notna(),
        passed=~(any_protocol | too_many),
        applies=is_customers(rules) & has_type(rules, "ServiceTag") & opens(rules) & has_effect(tables),
        observed=shown,
        expected=f"one protocol, at most {params.max_ports} ports in all",
        failed="The rule {rule} opens {shown}.",
        values={"shown": shown},
        unknown="The rule's category, action, protocol or ports, or the isolation mode, was not reported or cannot be "
        "read.",
        not_applicable=not_judged(tables),
    )


def _opens_more_than(ranges: str, most: int) -> bool | None:
    ports = parsed_ports(ranges)
    return None if ports is None else number_of_ports(ports) > most


@check(
    id="OBR008",
    title="Every user-defined rule is approved",
    over="outbound_rules",
    severity=Severity.HIGH,
    reads=(*CUSTOMER_READS, *ADDRESS_READS, "outbound_rules.fqdn", "outbound_rules.service_resource_id"),
    remediation=RULE_APPROVED,
    controls=frameworks.OUTBOUND,
    references=(
        pages.MANAGED_NETWORK,
        pages.OUTBOUND_RULE_API,
    ),
    params=Approvals,
    looks_at="row",
)
def outbound_rule_is_approved(tables: Tables, params: Approvals) -> Answers:
    """A destination without an approval has no owner who reviews it.

    The host, service tag or target resource id of a customer's rule has to match a glob that the policy
    approves; case does not matter. Address prefixes override the tag, and each has to match. The check does
    not apply if the policy approves nothing. The answer is unknown if Azure did not report the destination.
    """
    rules = tables.outbound_rules
    destination = _destination(rules)
    return answer(
        known=destination.ne(""),
        passed=judged(destination, lambda joined: _all_match(joined, params.approved)),
        applies=bool(params.approved) & is_customers(rules) & opens(rules),
        observed=destination,
        expected="a destination that matches {approved}",
        failed="The policy does not approve the destination {destination} of the rule {rule}.",
        values={"approved": " or ".join(params.approved) or "anything", "destination": destination},
        unknown="The rule's type, category, action or destination was not reported.",
        not_applicable=AZURES_OWN if params.approved else "The policy approves no destinations.",
    )


def _destination(rules: pd.DataFrame) -> pd.Series:
    destination = pd.Series(pd.NA, index=rules.index, dtype="string")
    for type_, column in (
        ("FQDN", rules["fqdn"]),
        ("ServiceTag", leads_to(rules)),
        ("PrivateEndpoint", rules["service_resource_id"]),
    ):
        destination = destination.mask(has_type(rules, type_).fillna(value=False), column)
    return destination


def _all_match(joined: str, globs: tuple[str, ...]) -> bool:
    return all(any(fnmatchcase(item.lower(), glob) for glob in globs) for item in items(joined))
