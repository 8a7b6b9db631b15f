"""The file of an interrupted scan: which answers are reused, which are not, and who may read it."""

from __future__ import annotations

import json
import resource
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reports.errors import UnwritableReportError
from scanner.azure.clouds import KNOWN
from scanner.azure.identity import Identity
from scanner.choices import CloudName
from scanner.commands.gathering import scan_key
from scanner.errors import ScopeError, UsageError
from scanner.payloads.payload import Payload
from scanner.payloads.questions import Ask
from scanner.payloads.spool import Spool
from scanner.reading.collection import EVERYTHING, Collection
from scanner.scope.wanted import Wanted
from tests.support.scanning import NOON

KEY = "a key"


def payload(name: str, *, next_page: str = "", status: int = 200, age: int = 0) -> Payload:
    document = {"value": [{"name": name}]} | ({"nextLink": f"https://arm/{next_page}"} if next_page else {})
    return Payload(
        kind="things",
        scope="/s",
        subscription_id="s",
        url=f"https://arm/{name}",
        api_version="1",
        status=status,
        retrieved_at=NOON - timedelta(seconds=age),
        body=json.dumps(document).encode(),
        document=document,
    )


def spool(folder: Path, *, resume: bool = True, max_age: int = 60) -> Spool:
    return Spool(folder / "report", clock=lambda: NOON, max_age=timedelta(seconds=max_age), resume=resume)


def file_of(folder: Path) -> Path:
    return folder / ".report.payloads"


def interrupted(folder: Path, payloads: Iterable[Payload]) -> None:
    """Run a scan that keeps these payloads and ends without a report."""
    with spool(folder, resume=False) as store:
        store.begin(KEY)
        for each in payloads:
            store.append(each)


def recalled(folder: Path, names: str, *, key: str = KEY) -> str:
    """Return the answers that a resumed scan reuses. It keeps them and is interrupted too."""
    with spool(folder) as store:
        store.begin(key)
        found = [store.recalled(payload(name).ask) for name in names]
        for each in found:
            if each is not None:
                store.append(each)
        return "".join(each.document["value"][0]["name"] for each in found if each is not None)


def test_a_resumed_scan_has_the_key_of_pseudonyms_of_the_interrupted_one(tmp_path: Path) -> None:
    def begun(key: str, *, resume: bool = True) -> bytes:
        with spool(tmp_path, resume=resume) as store:
            found = store.begin(key)
            store.append(payload("a"))
            return found

    first = begun(KEY, resume=False)
    assert (len(first), begun(KEY), begun(KEY)) == (32, first, first)
    assert begun("of another scan") != first
    assert begun(KEY, resume=False) != first


def test_answers_are_used_again_once_and_again(tmp_path: Path) -> None:
    interrupted(tmp_path, [payload("a"), payload("b")])
    size = file_of(tmp_path).stat().st_size
    assert recalled(tmp_path, "abc") == "ab"
    assert recalled(tmp_path, "cba") == "ba"
    assert file_of(tmp_path).stat().st_size == size


def test_a_resumed_scan_holds_what_it_used_and_what_it_asked_and_nothing_else(tmp_path: Path) -> None:
    interrupted(tmp_path, [payload("a", age=30), payload("unused")])
    with spool(tmp_path) as store:
        store.begin(KEY)
        fresh, again = payload("b"), store.recalled(payload("a").ask)
        assert again == payload("a", age=30)
        for each in (fresh, again):
            store.append(each)
        assert list(store) == [fresh, again]
        assert len(store) == 2
        store.finish()
    assert list(tmp_path.iterdir()) == []


def test_refusals_and_what_is_too_old_are_asked_for_again(tmp_path: Path) -> None:
    interrupted(
        tmp_path,
        [payload("a", status=403), payload("b", status=404), payload("c", age=61), payload("d", age=60)],
    )
    assert recalled(tmp_path, "abcd") == "d"


def test_the_newest_of_several_answers_counts(tmp_path: Path) -> None:
    interrupted(tmp_path, [payload("a", age=50), payload("a", age=10)])
    with spool(tmp_path) as store:
        store.begin(KEY)
        again = store.recalled(payload("a").ask)
    assert again == payload("a", age=10)


def test_a_list_is_used_again_whole_or_not_at_all(tmp_path: Path) -> None:
    whole = [payload("a", next_page="b"), payload("b", next_page="c"), payload("c")]
    interrupted(tmp_path, whole)
    assert recalled(tmp_path, "abc") == "abc"
    interrupted(tmp_path, whole[:2])
    assert recalled(tmp_path, "abc") == ""
    interrupted(tmp_path, [payload("a", next_page="b", age=61), *whole[1:]])
    assert recalled(tmp_path, "abc") == ""


def test_a_list_that_never_ends_does_not_hang(tmp_path: Path) -> None:
    interrupted(tmp_path, [payload("a", next_page="b"), payload("b", next_page="a")])
    assert recalled(tmp_path, "ab") == ""


def test_half_a_record_at_the_end_is_cut_off_wherever_it_was_torn(tmp_path: Path) -> None:
    interrupted(tmp_path, [payload("a")])
    size = file_of(tmp_path).stat().st_size
    interrupted(tmp_path, [payload("a"), payload("b")])
    both = file_of(tmp_path).read_bytes()
    whole = both[:size]
    for torn in range(len(whole), len(both)):
        file_of(tmp_path).write_bytes(both[:torn])
        assert recalled(tmp_path, "ab") == "a"
        assert file_of(tmp_path).read_bytes() == whole
    file_of(tmp_path).write_bytes(both)
    assert recalled(tmp_path, "ab") == "ab"


@pytest.mark.parametrize("key", ["another key", ""])
def test_a_scan_that_asks_for_something_else_starts_anew(key: str, tmp_path: Path) -> None:
    interrupted(tmp_path, [payload("a")])
    assert recalled(tmp_path, "a", key=key) == ""
    assert not file_of(tmp_path).exists()


def test_without_resume_a_scan_starts_anew(tmp_path: Path) -> None:
    interrupted(tmp_path, [payload("a")])
    interrupted(tmp_path, [payload("b")])
    assert recalled(tmp_path, "ab") == "b"


def test_nothing_is_left_of_a_scan_that_kept_nothing_or_was_asked_for_wrongly(tmp_path: Path) -> None:
    interrupted(tmp_path, [])
    assert list(tmp_path.iterdir()) == []

    def asked_wrongly() -> None:
        with spool(tmp_path) as store:
            store.begin(KEY)
            store.append(payload("a"))
            raise ScopeError("no such subscription")

    with pytest.raises(ScopeError):
        asked_wrongly()
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    interrupted(tmp_path, [payload("a")])
    assert stat.S_IMODE(file_of(tmp_path).stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o604, 0o620])
def test_a_file_that_others_could_touch_is_not_believed(mode: int, tmp_path: Path) -> None:
    interrupted(tmp_path, [payload("a")])
    file_of(tmp_path).chmod(mode)
    assert recalled(tmp_path, "a") == ""


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    interrupted(tmp_path, [payload("a")])
    elsewhere = file_of(tmp_path).rename(tmp_path / "elsewhere")
    before = elsewhere.read_bytes()
    file_of(tmp_path).symlink_to(elsewhere)
    assert recalled(tmp_path, "a") == ""
    interrupted(tmp_path, [payload("b")])
    assert elsewhere.read_bytes() == before


def test_one_report_has_one_scan_at_a_time(tmp_path: Path) -> None:
    with spool(tmp_path), pytest.raises(UsageError, match="Another scan"), spool(tmp_path):
        pass
    with spool(tmp_path):
        pass


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let the operating system refuse any file of this process beyond a size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_is_full_is_told_and_leaves_whole_records(tmp_path: Path) -> None:
    interrupted(tmp_path, [payload("a")])
    size = file_of(tmp_path).stat().st_size
    with pytest.raises(UnwritableReportError, match="could not be written"), largest_file(size + 5):
        interrupted(tmp_path, [payload("a"), payload("b")])
    assert file_of(tmp_path).stat().st_size == size
    assert recalled(tmp_path, "ab") == "a"


IDENTITY = Identity(kind="user", tenant_id="t", object_id="o", client_id="c")
CLOUD = KNOWN[CloudName.AZURE]


def test_scans_are_the_same_by_cloud_identity_scope_and_what_is_collected() -> None:
    wanted, collection = (
        Wanted(subscriptions=("b", "a")),
        Collection(kinds=frozenset("xy"), members=frozenset("m")),
    )
    key = scan_key(CLOUD, (IDENTITY,), wanted, collection)
    assert key == scan_key(CLOUD, (IDENTITY,), Wanted(subscriptions=["a", "b"]), collection)
    others = [
        scan_key(KNOWN[CloudName.CHINA], (IDENTITY,), wanted, collection),
        scan_key(CLOUD, (replace(IDENTITY, object_id="another"),), wanted, collection),
        scan_key(CLOUD, (replace(IDENTITY, tenant_id="another"),), wanted, collection),
        scan_key(CLOUD, (IDENTITY,), Wanted(), collection),
        scan_key(CLOUD, (IDENTITY,), replace(wanted, excluded=("c",)), collection),
        scan_key(CLOUD, (IDENTITY,), replace(wanted, management_groups=("c",)), collection),
        scan_key(CLOUD, (IDENTITY,), replace(wanted, known_groups=("c",)), collection),
        scan_key(CLOUD, (IDENTITY,), wanted, EVERYTHING),
    ]
    assert len({key, *others}) == len(others) + 1
    assert scan_key(CLOUD, (Identity(kind="a token without an identity"),), wanted, collection) == ""


def test_another_question_at_the_same_address_has_no_answer(tmp_path: Path) -> None:
    interrupted(tmp_path, [payload("a")])
    known = payload("a").ask
    with spool(tmp_path) as store:
        store.begin(KEY)
        others: list[Ask] = [
            replace(known, kind="x"),
            replace(known, method="POST"),
            replace(known, body="{}"),
        ]
        assert [store.recalled(each) for each in others] == [None, None, None]
