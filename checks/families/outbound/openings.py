"""OBR005, OBR007 and OBR008: whether the openings of the customer's rules are narrow and approved."""

from __future__ import annotations

from fnmatch import fnmatchcase

from pydantic import Field

from checks.contract.tables import Tables
from checks.contract.three_valued import items, judged, says, texts
from checks.contract.words import PROTOCOLS
from checks.families import frameworks, pages
from checks.families.outbound.facts import (
    ADDRESS_READS,
    AZURES_OWN,
    CUSTOMER_READS,
    EFFECT_READS,
    Glob,
    has_effect,
    has_type,
    is_customers,
    leads_to,
    not_judged,
    opens,
)
from checks.fixes.openings import (
    OPENING_CLOSED,
    PORTS_NARROWED,
    RULE_APPROVED,
)
from checks.frames import pd
from checks.model import Answers, Params, Severity, answer, check
from checks.network.hosts import (
    is_every_host,
)
from checks.network.ip_ranges import MAX_ADDRESSES, MIN_PREFIX, opening_defect
from checks.network.ports import number_of_ports, parsed_ports
from checks.network.service_tags import SHARED_TAGS, SINGLE_SERVICE_TAGS, is_no_tag, is_shared


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
    references=(pages.NETWORK_PRACTICES, pages.OUTBOUND_RULE_API),
    params=PortWidth,
    follows=("OBR002",),
    looks_at="row",
)
def ports_and_protocol_are_narrow(tables: Tables, params: PortWidth) -> Answers:
    """Every port that is open without need is one more way for data to leave.

    A customer's service-tag rule fails for the protocol `*`, the ports `*`, or ranges that open more ports together
    than the policy allows, in however many ranges they are written. ICMP has no ports (RFC 792), so those of its rules
    do not count. Azure limits host-name rules to 80 and 443, and Deny opens nothing. Only AllowOnlyApprovedOutbound
    honours these rules, so rules in other modes are not judged.
    A protocol or ports that were not reported, or that cannot be read, are unknown.
    """
    rules = tables.outbound_rules
    protocol, ports = rules["protocol"], rules["port_ranges"]
    any_protocol = says(protocol, "*", among=PROTOCOLS)
    has_no_ports = says(protocol, "ICMP", among=PROTOCOLS)
    too_many = ~has_no_ports & judged(ports, lambda ranges: _opens_more_than(ranges, params.max_ports))
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
        pages.APPROVED_OUTBOUND,
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
        unknown="The rule's type, category, action or destination was not reported, or is an undocumented word.",
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
