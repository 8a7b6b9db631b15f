"""OBR: what the customer's outbound rules open, and whether that is narrow and approved."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated

import pandas as pd
from pydantic import Field, StringConstraints

from checks.contract.tables import Tables
from checks.contract.three_valued import items, judged, says, texts
from checks.families import frameworks, pages
from checks.families.outbound.facts import (
    ADDRESS_READS,
    AZURES_OWN,
    CUSTOMER_READS,
    has_type,
    is_customers,
    leads_to,
    opens,
)
from checks.fixes.outbound import (
    HOST_NARROWED,
    OPENING_CLOSED,
    PORTS_NARROWED,
    RULE_APPROVED,
    STORAGE_BY_ENDPOINT,
)
from checks.model import Answers, Params, Severity, answer, check
from checks.network.rules import (
    SHARED_DOMAINS,
    host_defect,
    is_wide,
    parsed_ports,
    reaches_storage,
    widest_range,
)

Glob = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1)]


class PrefixWidth(Params):
    """How wide the address prefixes of an opening may be."""

    min_prefix: int = Field(
        default=24, ge=0, le=32, description="The shortest IPv4 prefix a rule's addressPrefixes may have."
    )


class SharedDomains(Params):
    """More domains under which anyone may get a name."""

    shared_domains: tuple[Glob, ...] = Field(
        default=(), description="Domains under which anyone may get a name, beside those built in."
    )


class PortWidth(Params):
    """How many ports a range may span."""

    max_ports: int = Field(
        default=100, ge=1, le=65536, description="The most ports that one range of a rule may span."
    )


class Approvals(Params):
    """Which destinations somebody approved."""

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
    reads=(*CUSTOMER_READS, "outbound_rules.fqdn"),
    remediation=STORAGE_BY_ENDPOINT,
    controls=frameworks.OUTBOUND,
    references=(f"{pages.MANAGED_NETWORK}#limitations",),
    looks_at="row",
)
def storage_is_reached_by_private_endpoint(tables: Tables, _params: Params) -> Answers:
    """A host-name rule to a storage account can carry data into an account that is not one's own.

    It is not supported either: storage has to be reached by private endpoint. A customer's host-name
    rule fails where it lets a request to a blob, dfs, file, queue, table or web host of any Azure
    cloud through, a wildcard that covers one included. A host that was not reported is unknown.
    """
    rules = tables.outbound_rules
    host = rules["fqdn"]
    return answer(
        known=host.ne(""),
        passed=~judged(host, reaches_storage),
        applies=is_customers(rules) & has_type(rules, "FQDN"),
        observed=host,
        expected="no host name of a storage account",
        failed="The rule " + rules["rule"] + " reaches storage by name: " + host + ".",
        unknown="The rule's type, category or host was not reported.",
        not_applicable=AZURES_OWN,
    )


@check(
    id="OBR005",
    title="No outbound opening can carry data out at will",
    over="outbound_rules",
    severity=Severity.CRITICAL,
    reads=(*CUSTOMER_READS, *ADDRESS_READS),
    remediation=OPENING_CLOSED,
    controls=frameworks.OUTBOUND,
    references=(pages.DATA_EXFILTRATION, pages.SERVICE_TAGS),
    params=PrefixWidth,
    looks_at="row",
)
def outbound_opening_cannot_carry_data_out_at_will(tables: Tables, params: PrefixWidth) -> Answers:
    """Some tags stand for accounts of every customer of Azure: whoever has one can receive the data.

    A customer's rule fails for the tags Storage, AzureFrontDoor.Frontend, AzureCloud and Internet,
    regional or not, or for an address prefix wider than the policy allows. Address prefixes override
    the tag, so with prefixes only they count. Deny opens nothing. Where tag, prefixes, action or
    category were not reported, or a prefix cannot be read, the answer is unknown.
    """
    rules = tables.outbound_rules
    prefixes = rules["address_prefixes"]
    too_wide = judged(prefixes, lambda joined: _any_wide(joined, params.min_prefix))
    by_tag = prefixes.eq("") & judged(rules["service_tag"].replace("", pd.NA), _is_anyones)
    return answer(
        known=prefixes.notna(),
        passed=~(by_tag | too_wide),
        applies=is_customers(rules) & has_type(rules, "ServiceTag") & opens(rules),
        observed=leads_to(rules),
        expected=f"one service, or prefixes no wider than /{params.min_prefix}",
        failed="The rule " + rules["rule"] + " lets data out to " + leads_to(rules) + ".",
        unknown="The rule's category, action, tag or address prefixes were not reported or cannot be read.",
        not_applicable=AZURES_OWN,
    )


def _is_anyones(tag: str) -> bool:
    tag = tag.strip().lower()
    return tag.startswith(("storage", "azurecloud", "azurefrontdoor.frontend")) or tag == "internet"


def _any_wide(joined: str, min_prefix: int) -> bool | None:
    found = [is_wide(prefix, min_prefix) for prefix in items(joined)]
    return True if True in found else None if None in found else False


@check(
    id="OBR006",
    title="Host names are no wider than needed",
    over="outbound_rules",
    severity=Severity.HIGH,
    reads=(*CUSTOMER_READS, "outbound_rules.fqdn"),
    remediation=HOST_NARROWED,
    controls=frameworks.OUTBOUND,
    references=(pages.AZURE_FIREWALL, "https://publicsuffix.org/"),
    params=SharedDomains,
    looks_at="row",
)
def host_name_is_no_wider_than_needed(tables: Tables, params: SharedDomains) -> Answers:
    """A wildcard over a domain in which anyone may get a name allows everyone, not one partner.

    A customer's host-name rule fails for `*`, for a wildcard directly under a public suffix, and for a
    shared hosting domain or a wildcard over one; a single name below such a domain passes. The public
    suffixes are those of the bundled list, the shared domains a documented constant and the
    parameter. A host that was not reported is unknown.
    """
    rules = tables.outbound_rules
    host = rules["fqdn"]
    shared = SHARED_DOMAINS | {domain.removeprefix("*").strip(".") for domain in params.shared_domains}
    defects = texts(host, lambda name: host_defect(name, shared))
    return answer(
        known=host.ne(""),
        passed=defects.eq(""),
        applies=is_customers(rules) & has_type(rules, "FQDN"),
        observed=host,
        expected="a host, or a wildcard below a domain of one owner",
        failed="The host " + host + " of the rule " + rules["rule"] + " " + defects + ".",
        unknown="The rule's type, category or host was not reported.",
        not_applicable=AZURES_OWN,
    )


@check(
    id="OBR007",
    title="Ports and protocol are narrow",
    over="outbound_rules",
    severity=Severity.MEDIUM,
    reads=(
        *CUSTOMER_READS,
        "outbound_rules.action",
        "outbound_rules.protocol",
        "outbound_rules.port_ranges",
    ),
    remediation=PORTS_NARROWED,
    controls=frameworks.OUTBOUND,
    references=(pages.OUTBOUND_RULE_API,),
    params=PortWidth,
    looks_at="row",
)
def ports_and_protocol_are_narrow(tables: Tables, params: PortWidth) -> Answers:
    """Every port that is open without need is one more tunnel.

    A customer's service-tag rule fails for the protocol `*`, the ports `*`, or a range that spans more
    ports than the policy allows; ranges that touch count as one. Host-name rules are limited to 80 and
    443 by Azure, and Deny opens nothing. A protocol or ports not reported or not readable are unknown.
    """
    rules = tables.outbound_rules
    protocol, ports = rules["protocol"], rules["port_ranges"]
    any_protocol = says(protocol, "*").where(says(protocol, "*", "TCP", "UDP", "ICMP"))
    too_many = judged(ports, lambda ranges: _spans_more_than(ranges, params.max_ports))
    shown = "protocol " + protocol.fillna("not reported") + ", ports " + ports.fillna("not reported")
    return answer(
        known=any_protocol.notna() | too_many.notna(),
        passed=~(any_protocol | too_many),
        applies=is_customers(rules) & has_type(rules, "ServiceTag") & opens(rules),
        observed=shown,
        expected=f"one protocol, ranges of at most {params.max_ports} ports",
        failed="The rule " + rules["rule"] + " opens " + shown + ".",
        unknown="The rule's category, action, protocol or ports were not reported or cannot be read.",
        not_applicable=AZURES_OWN,
    )


def _spans_more_than(ranges: str, most: int) -> bool | None:
    ports = parsed_ports(ranges)
    return None if ports is None else widest_range(ports) > most


@check(
    id="OBR008",
    title="Every user-defined rule is approved",
    over="outbound_rules",
    severity=Severity.HIGH,
    reads=(*CUSTOMER_READS, *ADDRESS_READS, "outbound_rules.fqdn", "outbound_rules.service_resource_id"),
    remediation=RULE_APPROVED,
    controls=frameworks.OUTBOUND,
    references=(pages.MANAGED_NETWORK,),
    params=Approvals,
    looks_at="row",
)
def outbound_rule_is_approved(tables: Tables, params: Approvals) -> Answers:
    """An opening nobody decided on is one nobody watches.

    Host, service tag or target resource id of a customer's rule has to match a glob the policy
    approves, whatever its case; address prefixes override the tag, and each has to match. While the
    policy approves nothing the check does not apply. A destination that was not reported is unknown.
    """
    rules = tables.outbound_rules
    destination = _destination(rules)
    return answer(
        known=destination.ne(""),
        passed=judged(destination, lambda joined: _all_match(joined, params.approved)),
        applies=bool(params.approved) & is_customers(rules) & opens(rules),
        observed=destination,
        expected="a destination that matches " + (" or ".join(params.approved) or "anything"),
        failed="Nothing in the policy approves " + destination + " of the rule " + rules["rule"] + ".",
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
