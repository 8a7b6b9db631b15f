"""Since when a violation is open, followed over lines of an index, against the whole story of every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from reports.history import Since
from scanner.archive.following import chained, followed
from scanner.archive.index import Run
from scanner.history.trend import history_of, trend
from tests.support.archived_runs import FIRST, IDS, LEFT_OUT, NONE, OPEN, UNDECIDED, UNREAD, archived, draft


def expected(states: Sequence[str]) -> Since | None:
    """Return since when it is open by the states of all runs, None if the last run does not find it."""
    if states[-1] != OPEN:
        return None
    since = len(states) - 1
    while since and states[since - 1] == OPEN:
        since -= 1
    first = place = since
    while place and states[place - 1] != NONE:
        place -= 1
        first = place if states[place] == OPEN else first
    return Since(
        first_seen=FIRST + timedelta(days=first),
        since=FIRST + timedelta(days=since),
        at_least=since == 0 or states[since - 1] != NONE,
    )


states = st.sampled_from([OPEN, NONE, UNDECIDED, UNREAD, LEFT_OUT])
stories = st.lists(st.fixed_dictionaries(dict.fromkeys(IDS, states)), min_size=1, max_size=9)


@given(stories)
def test_the_index_alone_knows_since_when_each_violation_is_open(story: list[dict[str, str]]) -> None:
    runs = archived([draft(number, states) for number, states in enumerate(story)])
    since = history_of(runs[:-1], runs[-1]).since
    for id in IDS:
        assert since.get(id) == expected([states[id] for states in story])


@given(st.lists(st.tuples(st.sets(st.sampled_from(IDS)), st.booleans()), min_size=1, max_size=9))
def test_a_destination_is_gone_only_if_a_run_without_gaps_lacks_it(
    story: list[tuple[set[str], bool]],
) -> None:
    drafts = [draft(number, {}, sorted(there), gaps=int(gap)) for number, (there, gap) in enumerate(story)]
    runs = archived(drafts)
    known = history_of(runs[:-1], runs[-1]).destinations
    for id in IDS:
        states = [OPEN if id in there else UNREAD if gap else NONE for there, gap in story]
        assert known.get(id) == expected(states)


def test_the_words_say_whether_it_may_be_older() -> None:
    story = [
        {"a": NONE, "b": OPEN, "c": OPEN},
        {"a": OPEN, "b": OPEN, "c": UNREAD},
        {"a": OPEN, "b": OPEN, "c": OPEN},
    ]
    runs = archived([draft(number, states) for number, states in enumerate(story)])
    since = history_of(runs[:-1], runs[-1]).since
    assert {id: each.text for id, each in since.items()} == {
        "a": "since 2026-03-03",
        "b": "at least since 2026-03-02",
        "c": "at least since 2026-03-04 (first seen 2026-03-02)",
    }


def test_a_line_names_only_what_changed() -> None:
    states = {"a": OPEN, "b": UNDECIDED, "c": UNREAD}
    runs = archived([draft(number, states) for number in range(3)])
    later = runs[2]
    assert (later.opened, later.closed, later.unseen, later.seen_again, later.read, later.unsure) == (
        (), (), (), (), {}, {},
    )  # fmt: skip
    assert followed(runs).read == {"a", "b"}


def test_runs_of_another_scope_or_policy_are_counted_and_not_mixed_in() -> None:
    made = [draft(number, {"a": OPEN}) for number in range(4)]
    made[1] = replace(made[1], fixed={**made[1].fixed, "scope": "other"})
    made[2] = replace(made[2], fixed={**made[2].fixed, "policies": {"p": "changed"}})
    runs = archived(made)
    history = history_of(runs[:-1], runs[-1])
    assert ([point.run for point in history.points], history.others) == (["run0", "run3"], 2)
    assert history.since["a"].text == "at least since 2026-03-02"


def test_lines_of_the_first_version_never_claim_more_than_they_have() -> None:
    runs = archived([draft(0, {"a": NONE}), draft(1, {"a": OPEN}), draft(2, {"a": OPEN})])
    lacking = {"unseen", "seen_again", "maybe_older", "read", "unsure", "destinations"}
    old = [
        Run.model_validate({**run.model_dump(exclude=lacking), "format_version": "1.0"}) for run in runs[:2]
    ]
    again = chained(draft(2, {"a": OPEN}), old)
    assert history_of(old, again).since["a"].text == "at least since 2026-03-03"
    incomplete = old[1].model_copy(update={"coverage": {**old[1].coverage, "gaps": 1}, "opened": ()})
    first = old[0].model_copy(update={"opened": old[1].opened})
    again = chained(draft(2, {"a": OPEN}), [first, incomplete])
    text = "at least since 2026-03-04 (first seen 2026-03-02)"
    assert history_of([first, incomplete], again).since["a"].text == text


def test_the_first_run_opens_nothing_in_any_view() -> None:
    runs = archived([draft(0, {"a": OPEN}), draft(1, {"a": OPEN, "b": OPEN})])
    assert [point.opened for point in trend(runs).points] == [0, 1]
