"""A word that Azure has not documented is unknown to every check: it never makes one fail or pass."""

from __future__ import annotations

import os
import re

from hypothesis import HealthCheck, Phase, given, settings

from checks.contract.tables import SCHEMAS, STRING, Tables
from checks.engine.asking import findings
from checks.model import Status
from checks.registry import registry
from tests.support.side_by_side import beside, verdicts
from tests.support.tables.drawn import chosen, tables
from tests.support.worlds import dependencies, networks, workloads

EXAMPLES = int(os.environ.get("AZML_AUDIT_EXAMPLES", "8"))
CHECKS = list(registry().values())
WORLDS = networks.WORLDS | dependencies.WORLDS | workloads.WORLDS

_NAMES_A_WORD = (
    r"undocumented|unknown word|a word this check does not know|not documented|cannot be read|does not decide"
    r"|No list of this check|not known|could be the same|may or may not|not settled"
    r"|may have a replica|were not read completely"
)
"""What a reason has that covers a word which Azure reported and nobody documented."""

_LISTED = re.compile(r": (?:[A-Z]\w+, )+[A-Z]\w+")
"""A source that lists the documented words of its column: `properties.status: Inactive, Active`."""

WORDS = sorted(
    {
        f"{schema.name}.{column.name}"
        for schema in SCHEMAS.values()
        for column in schema.columns
        if column.dtype == STRING and _LISTED.search(column.source)
    }
    & ({read for check in CHECKS for read in check.reads} | {"workspaces.kind"})
)


SOURCES = {
    f"{schema.name}.{column.name}": column.source for schema in SCHEMAS.values() for column in schema.columns
}


def documented(read: str) -> list[str]:
    """The documented words of a column."""
    listed = _LISTED.search(SOURCES[read])
    return listed.group().removeprefix(": ").split(", ") if listed else []


def unheard(tables: Tables, read: str, word: str = "Unheard") -> Tables:
    """The tables with an undocumented word in every row of one column that reported a word."""
    table, _, column = read.partition(".")
    words = tables[table][column]
    return tables.replaced(
        **{table: tables[table].assign(**{column: words.mask(words.fillna("").ne(""), word)})}
    )


def settled(tables: Tables, read: str) -> set[str]:
    """The checks that the documented words of a column answer differently, and an undocumented word not as unknown."""
    words = documented(read)
    asked = [check for check in CHECKS if read in check.reads]
    found = verdicts({word: unheard(tables, read, word) for word in (*words, "Unheard")}, asked)
    if not {*words, "Unheard"} <= set(found.columns):
        return set()
    found = found.fillna("no finding")
    differs = found[words].nunique(axis=1).gt(1)
    return set(found[differs & found["Unheard"].ne(Status.UNKNOWN)].index.get_level_values("check_id"))


def wrong(tables: Tables) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Check and column to the changes of status that the word caused, other than to unknown."""
    found = verdicts({"": tables, **{read: unheard(tables, read) for read in WORDS}}, CHECKS)
    before = found[""].fillna("no finding")
    changes: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for read in WORDS:
        after = found[read].dropna()
        was = before.reindex(after.index)
        changed = after[after.ne(was) & after.ne(Status.UNKNOWN)]
        for id, old, new in zip(
            changed.index.get_level_values("check_id"), was[changed.index], changed, strict=True
        ):
            changes.setdefault((id, read), set()).add((old, new))
    return changes


def test_no_reason_claims_that_an_undocumented_word_was_not_reported() -> None:
    world = beside(WORLDS)
    for read in WORDS:
        world = unheard(world, read)
    asked = [check for check in CHECKS if not {*WORDS}.isdisjoint(check.reads)]
    found = findings(world, map(chosen, asked))
    reasons = found[found["status"].eq(Status.UNKNOWN)].drop_duplicates(["check_id", "reason"])
    claims = reasons[~reasons["reason"].str.contains(_NAMES_A_WORD)]
    assert claims.groupby("check_id")["reason"].apply(list).to_dict() == {}


def test_the_contract_lists_the_words_of_the_columns_that_decide() -> None:
    assert {"workspaces.isolation_mode", "outbound_rules.action", "associated_resources.sku"} - {
        *WORDS
    } == set()


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(tables=tables())
def test_an_undocumented_word_never_makes_a_check_fail_or_pass(tables: Tables) -> None:
    assert wrong(tables) == {}


@settings(
    max_examples=max(EXAMPLES // 6, 1),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(tables=tables())
def test_where_the_documented_words_decide_an_undocumented_word_is_unknown(tables: Tables) -> None:
    assert {read: found for read in WORDS if (found := settled(tables, read))} == {}
