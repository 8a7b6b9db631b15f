"""OBR010: outbound rules that repeat another rule, or that a wider rule already covers.

Rules are compared within their workspace. The work grows with the number of rules and not with its square, because
`checks.network.coverage` looks up what lies above the parts of each rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter

from checks.contract.names import MOST_NAMED, named
from checks.contract.tables import Tables
from checks.contract.three_valued import items, of_workspace, one_of_each, says, texts
from checks.contract.words import RULE_STATUSES
from checks.families import frameworks, pages
from checks.families.outbound.facts import ADDRESS_READS, CUSTOMER_READS, is_active, is_customers, opens
from checks.fixes.outbound import REPETITION_REMOVED
from checks.frames import np, pd
from checks.model import Answers, Params, Severity, answer, check
from checks.network.coverage import (
    Coverage,
    Part,
    host_part,
    members,
    network_parts,
    port_parts,
    protocol_part,
    tag_part,
    target_part,
)
from checks.network.scenario_hosts import DOCUMENTED_HOSTS
from checks.network.targets import same_id
from checks.vocabulary import Vocabulary, ordered

_DECIDING = (
    "type",
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
_DOCUMENTED = frozenset(frozenset({host_part(host)}) for host in DOCUMENTED_HOSTS)
"""The parts that a rule for a host of Microsoft's list of scenario-specific outbound rules opens."""


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
        pages.APPROVED_OUTBOUND,
        pages.AZURE_FIREWALL,
        pages.OUTBOUND_RULE_API,
    ),
)
def outbound_rules_do_not_overlap(tables: Tables, _params: Params) -> Answers:
    """A redundant rule is misleading: its removal does not close the destination.

    A customer's rule fails if another rule of the workspace, Azure's own included, already allows all of it: the
    same destination, protocol and ports, a wildcard above its host, a tag that includes its tag, such as the tag
    without the region or Internet, or prefixes and ports that hold its own. Of equal rules one is kept, Azure's own
    or else one in force or else the first by name, and the others fail. A private endpoint for Spark adds to one
    without Spark. Microsoft's scenario pages name `production.cloudflare.docker.com` beside `*.docker.com`, so a host
    of these pages passes beside their wildcard. Rules that deny, failed or are being deleted are left out. While any
    rule of the workspace has parts that were not reported, or not all rules were read, what would pass is unknown.
    """
    rules = tables.outbound_rules
    counts = ~says(rules["status"].fillna("Active"), "Failed", "Deleting", among=RULE_STATUSES)
    lets_out = opens(rules)
    opened = _opened(rules)
    workspace = texts(rules["workspace_id"], str.lower)
    own_name = rules["rule"].fillna(_NAMELESS)
    shown = pd.DataFrame(
        {
            "at": workspace,
            "opened": opened,
            "name": own_name,
            "rank": 2 * is_customers(rules).fillna(value=True).astype(int)
            + (~is_active(rules)).fillna(value=False).astype(int),
        }
    )
    surely = (counts & lets_out).fillna(value=False)
    others = _overlapping(shown[surely & opened.notna() & workspace.notna()]).reindex(rules.index).fillna("")
    may_open = (counts & lets_out).fillna(value=True)
    unsure = may_open & (~surely | opened.isna())
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
        failed="The rule {own} adds nothing: {others}",
        values={"own": own_name, "others": others},
        unknown="The rule's category, status or action was not reported, or another rule of the workspace could "
        "be the same.",
        not_applicable="Azure made the rule, or it denies, failed or is being deleted.",
    )


def _opened(rules: pd.DataFrame) -> pd.Series:
    """Return for each rule the parts that it opens. None if one of them was not reported."""
    different, places = one_of_each(rules, *_DECIDING)
    columns = (
        different[name].to_numpy(dtype=object, na_value=None)  # type: ignore[call-overload]
        for name in _DECIDING
    )
    parts = np.empty(len(different), dtype=object)
    parts[:] = [_parts(*row) for row in zip(*columns, strict=True)]
    return pd.Series(parts[places], index=rules.index)


def _parts(
    type_: str | None,
    fqdn: str | None,
    tag: str | None,
    prefixes: str | None,
    protocol: str | None,
    ports: str | None,
    target: str | None,
    subresource: str | None,
    spark: bool | None,
) -> frozenset[Part] | None:
    kind = (type_ or "").lower()
    if kind == "fqdn" and fqdn:
        return frozenset({host_part(fqdn)})
    if kind == "privateendpoint" and target is not None and subresource is not None:
        return frozenset({target_part(f"{same_id(target)} {subresource.lower()}", with_spark=bool(spark))})
    if kind != "servicetag" or prefixes is None or protocol is None or ports is None:
        return None
    destination = network_parts(items(prefixes)) or ((tag_part(tag),) if tag else ())
    return frozenset({*destination, protocol_part(protocol), *port_parts(ports)}) if destination else None


def _overlapping(allowed: pd.DataFrame) -> pd.Series:
    """Return for each rule the sentences that name the rules to keep instead, "" if there are none."""
    order = ordered(Vocabulary.of(allowed[name]).ranked() for name in ("at", "name"))
    columns = [allowed[name].to_numpy(dtype=object)[order] for name in ("at", "opened", "name", "rank")]
    sentences: list[str] = []
    for _, rows in groupby(zip(*columns, strict=True), key=itemgetter(0)):
        sentences += _of_one_workspace(tuple(row[1:] for row in rows))
    return pd.Series(sentences, index=allowed.index.take(order), dtype="string")


@lru_cache(maxsize=256)
def _of_one_workspace(rules: tuple[tuple[frozenset[Part], str, int], ...]) -> tuple[str, ...]:
    """Return the sentences of each rule of a workspace. The rules are sorted by name; the lowest rank is kept.

    Many workspaces have the same rules, so the last answers are kept.
    """
    return tuple(_sentences(rules))


def _sentences(rules: Sequence[tuple[frozenset[Part], str, int]]) -> Iterator[str]:
    equal: dict[frozenset[Part], list[int]] = {}
    for number, (opened, _, _) in enumerate(rules):
        equal.setdefault(opened, []).append(number)
    coverage = Coverage(opened for opened, _, _ in rules)
    documented = sum(1 << number for number, rule in enumerate(rules) if rule[0] in _DOCUMENTED)
    kept: dict[frozenset[Part], int] = {}
    falls: dict[frozenset[Part], str] = {}
    for opened, numbers in equal.items():
        kept[opened] = min(numbers, key=lambda number: rules[number][2])
        wider = coverage.around(opened) & ~sum(1 << number for number in numbers)
        if opened in _DOCUMENTED:
            wider &= ~documented
        if wider:
            names = [rules[number][1] for number in members(wider, MOST_NAMED)]
            falls[opened] = f"It falls under {named(names, wider.bit_count())}."
    for number, (opened, _, _) in enumerate(rules):
        keep = kept[opened]
        repeats = "" if keep == number else f"It repeats {rules[keep][1]}, so keep that one."
        yield f"{repeats} {falls.get(opened, '')}".strip()
