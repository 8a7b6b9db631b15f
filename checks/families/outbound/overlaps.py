"""OBR: outbound rules that say again what another one says."""

from __future__ import annotations

import numpy as np
import pandas as pd

from checks.contract.tables import Tables
from checks.contract.three_valued import judged, judged_pairs, of_workspace, one_of_each, texts
from checks.families import frameworks, pages
from checks.families.outbound.facts import (
    ADDRESS_READS,
    CUSTOMER_READS,
    has_type,
    is_customers,
    leads_to,
    opens,
)
from checks.fixes.outbound import REPETITION_REMOVED
from checks.model import Answers, Params, Severity, answer, check
from checks.network.rules import is_wildcard, normal_host, normal_ports, swallows
from checks.vocabulary import coded, combined

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
)
_NAMELESS = "(no name reported)"


@check(
    id="OBR010",
    title="Rules do not repeat or swallow each other",
    over="outbound_rules",
    severity=Severity.LOW,
    reads=(
        *CUSTOMER_READS,
        *ADDRESS_READS,
        "outbound_rules.fqdn",
        "outbound_rules.protocol",
        "outbound_rules.port_ranges",
        "outbound_rules.service_resource_id",
        "outbound_rules.subresource_target",
        "workspaces.outbound_rules_known",
    ),
    remediation=REPETITION_REMOVED,
    controls=frameworks.OUTBOUND,
    references=(pages.MANAGED_NETWORK, pages.AZURE_FIREWALL),
)
def outbound_rules_do_not_overlap(tables: Tables, _params: Params) -> Answers:
    """A rule that adds nothing hides what is open: removing it changes nothing, and people believe it does.

    A customer's rule fails where another rule of the workspace, Azure's own included, leads to the same
    destination with the same protocol and ports, or where its host falls under a wildcard that is
    allowed already. Deny opens nothing and is left out. While any rule of the workspace has parts that
    were not reported, or not all were read, what would pass is unknown.
    """
    rules = tables.outbound_rules
    different, places = one_of_each(rules, *_DECIDING)
    lets_out, key = (
        pd.Series(column.array.take(places), index=rules.index)
        for column in (opens(different), _key(different))
    )
    workspace = texts(rules["workspace_id"], str.lower)
    shown = rules[["rule", "type", "fqdn"]].assign(key=key, at=workspace)
    allowed = shown[lets_out.fillna(value=False) & key.notna()]
    others = texts(_of(_repeated(allowed), rules) + _of(_swallowed(allowed), rules), str.strip)
    unsure = lets_out.isna() | (lets_out.fillna(value=True) & key.isna())
    unclear = workspace.isin(workspace[unsure].unique())
    complete = of_workspace(tables.workspaces["outbound_rules_known"], rules).fillna(value=False)
    overlaps = others.ne("")
    known = overlaps | (complete & ~unclear)
    return answer(
        known=known,
        passed=~overlaps,
        applies=is_customers(rules) & lets_out,
        observed=others.mask(~overlaps, "no other rule").where(known),
        expected="no other rule for the same destination",
        failed="The rule " + rules["rule"].fillna(_NAMELESS) + " adds nothing: " + others,
        unknown="The rule's category or action was not reported, or another rule of the workspace could "
        "be the same.",
        not_applicable="The rule is Azure's own, or denies.",
    )


def _of(sentences: pd.Series, rules: pd.DataFrame) -> pd.Series:
    return sentences.reindex(rules.index).fillna("")


def _key(rules: pd.DataFrame) -> pd.Series:
    """Per rule what it opens, as one comparable text; `<NA>` where a part of it was not reported."""
    host = "host " + texts(rules["fqdn"], normal_host)
    tag = (
        "tag "
        + texts(leads_to(rules), _in_order)
        + " "
        + rules["protocol"].str.lower()
        + " "
        + texts(rules["port_ranges"], normal_ports)
    )
    target = (
        "target " + rules["service_resource_id"].str.lower() + " " + rules["subresource_target"].str.lower()
    )
    key = pd.Series(pd.NA, index=rules.index, dtype="string")
    for type_, text in (("FQDN", host), ("ServiceTag", tag), ("PrivateEndpoint", target)):
        key = key.mask(has_type(rules, type_).fillna(value=False), text)
    return key


def _in_order(joined: str) -> str:
    return ", ".join(sorted(part.strip() for part in joined.lower().split(",")))


def _repeated(allowed: pd.DataFrame) -> pd.Series:
    """Per rule the sentence that names the rules with the same key, for those that have any."""
    same = combined([coded(allowed["at"]), coded(allowed["key"])], len(allowed))
    repeated = allowed[np.bincount(same.codes, minlength=1)[same.codes] > 1]
    return _named(_pairs(repeated, repeated, on=["at", "key"]), "It repeats ")


def _swallowed(allowed: pd.DataFrame) -> pd.Series:
    """Per host-name rule the sentence that names the wildcards it falls under, for those that have any."""
    hosts = allowed[has_type(allowed, "FQDN").fillna(value=False)]
    wildcards = hosts[judged(hosts["fqdn"], is_wildcard).fillna(value=False)]
    pairs = _pairs(hosts, wildcards, on=["at"])
    falls_under = judged_pairs(
        pairs["fqdn_other"],
        pairs["fqdn"],
        lambda wide, narrow: swallows(wide, narrow) and normal_host(wide) != normal_host(narrow),
    )
    return _named(pairs[falls_under.fillna(value=False).astype(bool)], "It falls under ")


def _pairs(rules: pd.DataFrame, others: pd.DataFrame, on: list[str]) -> pd.DataFrame:
    named = rules.dropna(subset=on).rename_axis("id").reset_index()
    pairs = named.merge(others.rename_axis("id").reset_index(), on=on, suffixes=("", "_other"))
    return pairs[pairs["id"] != pairs["id_other"]]


def _named(pairs: pd.DataFrame, lead: str) -> pd.Series:
    others = pairs["rule_other"].fillna(_NAMELESS).groupby(pairs["id"])
    names = others.agg(lambda found: ", ".join(sorted(found)))
    return (lead + names.astype("string") + ". ").astype("string")
