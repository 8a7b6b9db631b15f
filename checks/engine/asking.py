"""Asks each chosen check once for equal rows, and makes findings of the answers. The audit calls `findings`.

Of rows that agree in every column that a check reads, the check sees the first one. Its answer counts for all of
them, and the names of each row are filled into the texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from checks.contract.tables import SCHEMAS, Tables
from checks.engine.equal_rows import EqualRows, Subjects
from checks.frames import np, pd
from checks.model import ANSWER_COLUMNS, Answers, ChosenCheck, Status
from checks.severity import SEVERITIES
from checks.texts import filled, names_in
from checks.vocabulary import Codes, Vocabulary, ordered

FINDING_COLUMNS = (
    "check_id",
    "title",
    "family",
    "severity",
    "status",
    "resource_id",
    "workspace_id",
    "judged_by",
    "observed",
    "expected",
    "reason",
)
"""The columns of `findings`, all categorical strings: ids as Azure spells them, `judged_by` in lower case."""

STATUSES = tuple(sorted(status.value for status in Status))
"""The categories of the column `status`, whether they occur or not."""

_WORDS = {"status": STATUSES, "severity": SEVERITIES}


@dataclass(frozen=True, kw_only=True)
class ScopedCheck:
    """A check whose answers count for some workspaces only.

    `workspaces` holds their lower-cased ids. "" among them means resources outside every workspace that was
    read. None means all resources.
    """

    chosen: ChosenCheck
    workspaces: pd.Index | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class _Block:
    """Answers of one check: the texts and the resource of each row, and the place of its owner."""

    chosen: ChosenCheck
    columns: Mapping[str, Vocabulary]
    owner: Codes

    def take(self, rows: Codes) -> _Block:
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        return replace(self, columns=columns, owner=self.owner[rows])


def findings(tables: Tables, chosen: Iterable[ChosenCheck | ScopedCheck]) -> pd.DataFrame:
    """Return one row for each check and resource, with `FINDING_COLUMNS`, sorted by workspace, check and resource.

    A Project is judged by its hub. If the rows that a check is about were not all read for a workspace, one more row
    with the status unknown is about the workspace. If a check raises, or its answers have a wrong shape, all its rows
    have the status error; a table without rows then gets one row about no resource.
    """
    asking = _Asking(tables.effective)
    blocks = [block for each in chosen for block in asking.blocks(each) if len(block.owner)]
    if not blocks:
        nothing = Vocabulary.repeated("", 0)
        return pd.DataFrame(
            {name: nothing.compacted().categorical(_WORDS.get(name)) for name in FINDING_COLUMNS}
        )
    return _put_together(blocks, asking.subjects)


class _Asking:
    """One audit. It keeps the answers to a check and its parameters while only the scopes differ."""

    def __init__(self, tables: Tables) -> None:
        self.subjects = Subjects(tables)
        self._tables = tables
        self._rows = EqualRows(tables, self.subjects)
        self._asked: dict[tuple[str, str], list[_Block]] = {}

    def blocks(self, each: ChosenCheck | ScopedCheck) -> list[_Block]:
        """Return the answers that count."""
        chosen, workspaces = (each, None) if isinstance(each, ChosenCheck) else (each.chosen, each.workspaces)
        key = (chosen.check.id, repr(chosen.params))
        if workspaces is None:
            return self._all_of(chosen)
        if key not in self._asked:
            self._asked[key] = self._all_of(chosen)
        counts = self.subjects.among(workspaces)
        found = [replace(block, chosen=chosen) for block in self._asked[key]]
        return [
            block if _is_nameless(block) else block.take(np.flatnonzero(counts[block.owner]))
            for block in found
        ]

    def _all_of(self, chosen: ChosenCheck) -> list[_Block]:
        """Return the answers to every row, and unknown for each workspace whose rows were not all read."""
        subjects, over = self.subjects, chosen.check.over
        owner = subjects.owner[over]
        try:
            answers = self._answered(chosen)
        except Exception as error:  # noqa: BLE001 - a check that crashes, perhaps a plug-in's, must not stop the audit
            reason = f"The check could not be run: {type(error).__name__}: {error}"
            answers = _same(max(len(owner), 1), Status.ERROR, observed="", reason=reason)
            if not len(owner):
                answers["resource_id"] = Vocabulary.repeated("", 1)
                return [self._block(chosen, answers, np.array([subjects.nobody]))]
        answers["resource_id"] = subjects.resource(over)
        answered = self._block(chosen, answers, owner)
        incomplete = np.flatnonzero(~subjects.were_read(chosen.check.rows_known_by))
        if not len(incomplete):
            return [answered]
        reason = f"The {over.replace('_', ' ')} of this workspace were not read completely."
        missing = _same(len(incomplete), Status.UNKNOWN, observed="not read", reason=reason)
        missing["resource_id"] = subjects.resource("workspaces").take(incomplete)
        return [answered, self._block(chosen, missing, incomplete)]

    def _block(self, chosen: ChosenCheck, columns: dict[str, Vocabulary], owner: Codes) -> _Block:
        """Return the answers with what they are about. If a hub decided, the reason names it."""
        notes = Vocabulary(codes=owner, pool=self.subjects.notes)
        noted = np.flatnonzero((notes.pool != "")[owner])
        if chosen.check.follows_hub and len(noted):
            columns["reason"] = columns["reason"].combined(
                noted, [notes.take(noted)], lambda reason, note: f"{reason} {note}".strip()
            )
        packed = {name: column.packed() for name, column in columns.items()}
        return _Block(chosen=chosen, columns=packed, owner=owner)

    def _answered(self, chosen: ChosenCheck) -> dict[str, Vocabulary]:
        """Return the texts for every row of the check's table. Raise what the check raises, or `_verified`."""
        check = chosen.check
        shown, kinds = self._rows.shown_to(check)
        answers = _verified(check.function(shown, chosen.params), shown[check.over].index)
        if kinds is not None:
            answers = {name: texts.take(kinds) for name, texts in answers.items()}
        read = {name.removeprefix(f"{check.over}.") for name in check.reads}
        names = read | set(SCHEMAS[check.over].identity)
        for name in ("observed", "expected", "reason"):
            answers[name] = self._filled(answers[name], check.over, names & set(SCHEMAS[check.over].dtypes))
        answers["reason"] = answers["reason"].changed(str.strip)
        return answers

    def _filled(self, templates: Vocabulary, table: str, allowed: set[str]) -> Vocabulary:
        """Return the texts of the templates, made once for rows that agree in the columns they name."""
        named = [names_in(template) for template in templates.pool]
        names = sorted(set().union(*named))
        if not allowed.issuperset(names):
            raise ValueError(f"a text names what the check does not read: {', '.join(set(names) - allowed)}")
        texts = templates.changed(lambda text: text if names_in(text) else filled(text, {}))
        rows = np.flatnonzero(np.array([bool(each) for each in named], dtype=bool)[templates.codes])
        if not len(rows):
            return texts
        columns = [self._rows.column(table, name).take(rows).changed(_shown) for name in names]
        return texts.combined(
            rows, columns, lambda text, *words: filled(text, dict(zip(names, words, strict=True)))
        )


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, (bool, np.bool_)) else str(value)


def _is_nameless(block: _Block) -> bool:
    """Return whether the block is about no resource: a check crashed over a table without rows."""
    return len(block.owner) == 1 and not block.columns["resource_id"].expanded[0]


def _verified(answers: Answers, index: pd.Index) -> dict[str, Vocabulary]:
    """Return the answers in the order of `index`. Raise TypeError or ValueError for a wrong shape."""
    if not isinstance(answers, pd.DataFrame):
        raise TypeError(f"the check returned {type(answers).__name__}, not a frame")
    missing = [name for name in ANSWER_COLUMNS if name not in answers.columns]
    if missing:
        raise ValueError(f"the answers lack the column {', '.join(missing)}")
    if not answers.index.equals(index):
        if not answers.index.is_unique or set(answers.index) != set(index):
            raise ValueError("the answers are not on the index of the table the check is over")
        answers = answers.loc[index]
    strange = sorted({str(status) for status in answers["status"].unique()} - set(STATUSES))
    if strange:
        raise ValueError(f"there is no status {', '.join(strange)}; there are {', '.join(Status)}")
    return {name: Vocabulary.of(_words(answers[name])) for name in ANSWER_COLUMNS}


def _words(column: pd.Series) -> pd.Series:
    """Return a column of `answer` as it is, and another one, perhaps of a plug-in, as strings."""
    return column if isinstance(column.dtype, pd.CategoricalDtype) else column.astype("string")


def _same(length: int, status: Status, *, observed: str, reason: str) -> dict[str, Vocabulary]:
    words = {"status": status.value, "observed": observed, "expected": "", "reason": reason.strip()}
    return {name: Vocabulary.repeated(word, length) for name, word in words.items()}


def _put_together(blocks: list[_Block], subjects: Subjects) -> pd.DataFrame:
    """Return the findings of all blocks. A finding about no resource is there once for each check."""
    nameless: dict[str, _Block] = {}
    blocks = [
        block
        for block in blocks
        if not _is_nameless(block) or nameless.setdefault(block.chosen.check.id, block) is block
    ]
    owner = np.concatenate([block.owner for block in blocks])
    number = np.repeat(np.arange(len(blocks), dtype=np.int32), [len(block.owner) for block in blocks])
    columns = {
        name: Vocabulary.concatenated([block.columns[name] for block in blocks])
        for name in ("resource_id", *ANSWER_COLUMNS)
    }
    ids = np.array([block.chosen.check.id for block in blocks], dtype=object)
    keys = (
        Vocabulary(codes=owner, pool=subjects.spelled),
        Vocabulary(codes=number, pool=ids),
        columns["resource_id"],
    )
    order = ordered(key.ranked(str.lower) for key in keys)
    columns = {name: column.take(order).compacted() for name, column in columns.items()}
    places = (
        Vocabulary(codes=codes[order], pool=np.arange(size)).compacted()
        for codes, size in ((number, len(blocks)), (owner, len(subjects.spelled)))
    )
    asked, owners = places
    chosen = [blocks[place].chosen for place in asked.pool]
    for name, words in (
        ("check_id", [each.check.id for each in chosen]),
        ("title", [each.check.title for each in chosen]),
        ("family", [each.check.family for each in chosen]),
        ("severity", [each.severity.value for each in chosen]),
    ):
        columns[name] = Vocabulary(codes=asked.codes, pool=np.array(words, dtype=object))
    for name, texts in (("workspace_id", subjects.spelled), ("judged_by", subjects.judged_by)):
        columns[name] = Vocabulary(codes=owners.codes, pool=texts[owners.pool])
    made = {name: columns[name].categorical(_WORDS.get(name)) for name in FINDING_COLUMNS}
    return pd.DataFrame(made, copy=False)
