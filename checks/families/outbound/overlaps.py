"""OBR010: outbound rules that repeat another rule, or that a wider rule already covers.

Rules are compared within their workspace. Instead of comparing every rule with every other one, each rule lists the
keys of everything that could cover it (the wildcards above its host, the networks above its prefixes), and a join
finds which of them exist; so the work grows with the number of rules and not with its square.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from checks.contract.tables import Tables
from checks.contract.three_valued import items, of_workspace, one_of_each, says, texts
from checks.contract.words import RULE_STATUSES
from checks.families import frameworks, pages
from checks.families.outbound.facts import ADDRESS_READS, CUSTOMER_READS, has_type, is_customers, opens
from checks.fixes.outbound import REPETITION_REMOVED
from checks.model import Answers, Params, Severity, answer, check
from checks.network.addresses import Network, union
from checks.network.hosts import covers_host, is_every_host, normal_host
from checks.network.ports import covers_ports, normal_ports, parsed_ports
from checks.network.service_tags import covers_tag, service_of
from checks.network.targets import same_id

_DECIDING = (
    "type",
    "action",
    "fqdn",
    "service_tag",
    "address_prefixes",
    "protocol",
    "port_ranges",
    "service_resource_id",
    "subresource_target",
    "spark_enabled",
)
_NAMELESS = "(no name reported)"
_MOST_NAMES = 10
"""How many rules a text names; it counts the others."""


@check(
    id="OBR010",
    title="Rules do not repeat or swallow each other",
    over="outbound_rules",
    severity=Severity.LOW,
    reads=(
        *CUSTOMER_READS,
        *ADDRESS_READS,
        "outbound_rules.status",
        "outbound_rules.fqdn",
        "outbound_rules.protocol",
        "outbound_rules.port_ranges",
        "outbound_rules.service_resource_id",
        "outbound_rules.subresource_target",
        "outbound_rules.spark_enabled",
        "workspaces.outbound_rules_known",
    ),
    remediation=REPETITION_REMOVED,
    controls=frameworks.OUTBOUND,
    references=(
        pages.MANAGED_NETWORK,
        pages.AZURE_FIREWALL,
        pages.OUTBOUND_RULE_API,
    ),
)
def outbound_rules_do_not_overlap(tables: Tables, _params: Params) -> Answers:
    """A redundant rule is misleading: its removal does not close the destination.

    A customer's rule fails if another rule of the workspace, Azure's own included, already allows all of it: the
    same destination, protocol and ports, a wildcard above its host, its tag without the region or the tag Internet,
    or prefixes and ports that hold its own. Of equal rules one is kept, Azure's own or else the first by name, and
    the others fail. A private endpoint for Spark adds to one without Spark. Rules that deny, failed or are being
    deleted are left out. While any rule of the workspace has parts that were not reported, or not all rules were
    read, what would pass is unknown.
    """
    rules = tables.outbound_rules
    counts = ~says(rules["status"].fillna("Active"), "Failed", "Deleting", among=RULE_STATUSES)
    lets_out = opens(rules)
    key = _keys(rules)
    workspace = texts(rules["workspace_id"], str.lower)
    own_name = rules["rule"].fillna(_NAMELESS)
    shown = pd.DataFrame(
        {
            "at": workspace,
            "key": key,
            "name": own_name,
            "is_customers": is_customers(rules).fillna(value=True),
        }
    )
    surely = (counts & lets_out).fillna(value=False)
    allowed = shown[surely & key.notna() & workspace.notna()]
    others = _repeated(allowed) + _swallowed(allowed, rules)
    others = texts(others.reindex(rules.index).fillna(""), str.strip)
    may_open = (counts & lets_out).fillna(value=True)
    unsure = may_open & (~surely | key.isna())
    unclear = workspace.isin(workspace[unsure].unique())
    complete = of_workspace(tables.workspaces["outbound_rules_known"], rules).fillna(value=False)
    overlaps = others.ne("")
    known = overlaps | (complete & ~unclear)
    return answer(
        known=known,
        passed=~overlaps,
        applies=is_customers(rules) & lets_out & counts,
        observed=others.mask(~overlaps, "no other rule").where(known),
        expected="no other rule for the same destination",
        failed="The rule " + own_name + " adds nothing: " + others,
        unknown="The rule's category, status or action was not reported, or another rule of the workspace could "
        "be the same.",
        not_applicable="Azure made the rule, or it denies, failed or is being deleted.",
    )


def _keys(rules: pd.DataFrame) -> pd.Series:
    """Return for each rule what it opens as one comparable text. `<NA>` if a part of it was not reported."""
    different, places = one_of_each(rules, *_DECIDING)
    return pd.Series(_key(different).array.take(places), index=rules.index)


def _key(rules: pd.DataFrame) -> pd.Series:
    host = "host " + texts(rules["fqdn"].replace("", pd.NA), normal_host)
    traffic = " " + rules["protocol"].str.lower() + " " + texts(rules["port_ranges"], normal_ports)
    prefixes = texts(rules["address_prefixes"], _joined)
    tag = texts(rules["service_tag"].replace("", pd.NA), lambda word: word.strip().lower())
    place = ("prefixes " + prefixes).mask(prefixes.eq("").fillna(value=False), "tag " + tag)
    target = (
        "target "
        + texts(rules["service_resource_id"], same_id)
        + " "
        + rules["subresource_target"].str.lower()
    )
    spark = rules["spark_enabled"].fillna(value=False)
    target = target + pd.Series("", index=rules.index, dtype="string").mask(spark, " spark")
    key = pd.Series(pd.NA, index=rules.index, dtype="string")
    for type_, text in (("FQDN", host), ("ServiceTag", place + traffic), ("PrivateEndpoint", target)):
        key = key.mask(has_type(rules, type_).fillna(value=False), text)
    return key


def _joined(prefixes: str) -> str:
    networks = union(items(prefixes))
    return ",".join(sorted(map(str, networks)) if networks is not None else sorted(items(prefixes.lower())))


def _repeated(allowed: pd.DataFrame) -> pd.Series:
    """Return for each rule that repeats one to keep the sentence that names it, "" for the others."""
    ordered = allowed.sort_values(["is_customers", "name"], kind="stable")
    first = ordered.groupby(["at", "key"], sort=False)["name"].transform("first")
    is_kept = ~ordered.duplicated(["at", "key"])
    sentence = ("It repeats " + first + ", so keep that one. ").astype("string").mask(is_kept, "")
    return sentence.reindex(allowed.index)


def _swallowed(allowed: pd.DataFrame, rules: pd.DataFrame) -> pd.Series:
    """Return for each rule that wider rules cover the sentence that names them, "" for the others."""
    columns = ["fqdn", "service_tag", "address_prefixes", "protocol", "port_ranges"]
    different = allowed.drop_duplicates(["at", "key"])[["at", "key"]].join(rules[columns])
    pairs = pd.concat([_above_hosts(different), _above_addresses(different), _above_targets(different)])
    named = pairs.merge(allowed[["at", "key", "name"]], left_on=["at", "wide"], right_on=["at", "key"])
    names = named.groupby(["at", "narrow"])["name"].agg(_listed)
    keys = pd.MultiIndex.from_frame(allowed[["at", "key"]])
    sentence = (
        "It falls under " + pd.Series(names.reindex(keys).to_numpy(), allowed.index, dtype="string") + ". "
    )
    return sentence.fillna("").astype("string")


def _listed(names: pd.Series) -> str:
    listed = sorted(set(names))
    rest = len(listed) - _MOST_NAMES
    return ", ".join(listed[:_MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _pairs(rows: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """Return a frame of workspace, key of the narrow rule and key of the wide one."""
    return pd.DataFrame(list(dict.fromkeys(rows)), columns=["at", "narrow", "wide"], dtype="string")


def _above_hosts(rules: pd.DataFrame) -> pd.DataFrame:
    hosts = rules[rules["key"].str.startswith("host ")]
    return _pairs(_host_pairs(zip(hosts["at"], hosts["key"].str.removeprefix("host "), strict=True)))


def _host_pairs(hosts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    by_workspace: dict[str, set[str]] = {}
    for at, host in hosts:
        by_workspace.setdefault(at, set()).add(host)
    for at, names in by_workspace.items():
        loose = [name for name in names if name.startswith("*") and name[1:2] != "." and name != "*"]
        for name in names:
            above = [wide for wide in _wildcards_above(name) if wide in names]
            above += [wide for wide in loose if wide != name and covers_host(wide, name)]
            yield from ((at, f"host {name}", f"host {wide}") for wide in above)


def _wildcards_above(host: str) -> list[str]:
    """Return every wildcard of the form `*.domain`, and `*`, that covers the host and is not the host itself."""
    if is_every_host(host):
        return []
    labels = host.removeprefix("*").removeprefix(".").split(".")
    own = 0 if host.startswith("*") and not host.startswith("*.") else 1
    return ["*." + ".".join(labels[number:]) for number in range(own, len(labels))] + ["*"]


def _above_addresses(rules: pd.DataFrame) -> pd.DataFrame:
    tags = rules[rules["key"].str.startswith(("tag ", "prefixes "))]
    columns = (
        tags[name] for name in ("at", "key", "service_tag", "address_prefixes", "protocol", "port_ranges")
    )
    opened: dict[str, list[_Opening]] = {}
    for at, *parts in zip(*columns, strict=True):
        opened.setdefault(at, []).append(_Opening(*parts))
    return _pairs(
        (at, narrow.key, wide.key) for at, openings in opened.items() for narrow, wide in _covered(openings)
    )


class _Opening:
    """A service-tag rule: its key, its tag or the networks of its prefixes, its protocol and its ports."""

    def __init__(self, key: str, tag: str, prefixes: str, protocol: str, ranges: str) -> None:
        """Parse the parts; `networks` is None for a rule that its tag decides."""
        self.key = key
        self.tag = tag if isinstance(tag, str) else ""
        self.networks = union(items(prefixes)) if prefixes else None
        self.protocol = protocol.lower()
        self.ports = parsed_ports(ranges)

    def allows_traffic_of(self, other: _Opening) -> bool:
        """Return whether protocol and ports of the other rule lie within this one's."""
        if self.protocol not in {"*", other.protocol} or self.ports is None or other.ports is None:
            return False
        return covers_ports(self.ports, other.ports)


def _covered(openings: list[_Opening]) -> Iterator[tuple[_Opening, _Opening]]:
    """Yield every pair of a narrow rule and a wider one of one workspace."""
    by_service: dict[str, list[_Opening]] = {}
    by_network: dict[Network, list[_Opening]] = {}
    for opening in openings:
        for network in opening.networks or ():
            by_network.setdefault(network, []).append(opening)
        if opening.networks is None:
            by_service.setdefault(service_of(opening.tag), []).append(opening)
    for narrow in openings:
        if narrow.networks is None:
            wide = [*by_service.get(service_of(narrow.tag), ()), *by_service.get("internet", ())]
            wide = [each for each in wide if covers_tag(each.tag, narrow.tag)]
        else:
            wide = _around(narrow.networks, by_network)
        yield from (
            (narrow, each) for each in wide if each.key != narrow.key and each.allows_traffic_of(narrow)
        )


def _around(networks: list[Network], by_network: dict[Network, list[_Opening]]) -> list[_Opening]:
    """Return the rules of which one alone holds all of the networks."""
    found: dict[str, _Opening] = {}
    for number, network in enumerate(networks):
        above = (network.supernet(new_prefix=length) for length in range(network.prefixlen + 1))
        here = {each.key: each for wide in above for each in by_network.get(wide, ())}
        found = here if number == 0 else {key: each for key, each in found.items() if key in here}
    return list(found.values())


def _above_targets(rules: pd.DataFrame) -> pd.DataFrame:
    """A private endpoint without Spark falls under the same one with Spark."""
    targets = rules[rules["key"].str.startswith("target ") & ~rules["key"].str.endswith(" spark")]
    return _pairs(zip(targets["at"], targets["key"], targets["key"] + " spark", strict=True))
