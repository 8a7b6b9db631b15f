"""What every place of an archive promises: nothing is overwritten, and two writers of the index lose nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scanner.archive.blob import parsed
from scanner.archive.credential import StorageCredential
from scanner.archive.keeping import store_at
from scanner.archive.stores import POINTER, ArchiveStore, ChangedMeanwhileError, FolderStore
from scanner.errors import ArchiveError, UsageError
from tests.support.azurite import FakeCredential, azurite, program

Opener = Callable[[], ArchiveStore]


@pytest.fixture(scope="module", params=["a folder", "a container"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opener]:
    """Opens new stores, each in an empty prefix or folder."""
    folder = tmp_path_factory.mktemp("archive")
    numbers = iter(range(1000))
    if request.param == "a folder":
        yield lambda: FolderStore(folder / str(next(numbers)))
        return
    if program() is None:
        pytest.skip("Azurite is not installed: npm install --prefix .azurite azurite")
    from azure.storage.blob import ContainerClient

    with azurite(folder) as storage:
        credential = StorageCredential(FakeCredential)
        client = ContainerClient(
            storage.url, "audits", credential=credential, connection_verify=str(storage.ca_bundle)
        )
        client.create_container()
        yield lambda: store_at(
            f"{storage.url}/audits/{next(numbers)}", lambda: credential, ca_bundle=storage.ca_bundle
        )


def test_a_file_is_written_once(place: Opener) -> None:
    store = place()
    assert store.read("2026/a/file") is None
    store.create("2026/a/file", b"one")
    with pytest.raises(ArchiveError, match="never overwrites"):
        store.create("2026/a/file", b"two")
    assert store.read("2026/a/file") == b"one"
    assert store.names("") == ["2026/a/file"]


def test_the_index_grows_under_its_etag_only(place: Opener) -> None:
    store = place()
    empty = store.index()
    assert (empty.content, empty.etag) == (b"", "")
    store.append(b"one\n", "")
    first = store.index()
    with pytest.raises(ChangedMeanwhileError):
        store.append(b"lost\n", "")
    store.append(b"two\n", first.etag)
    with pytest.raises(ChangedMeanwhileError):
        store.append(b"lost\n", first.etag)
    assert store.index().content == b"one\ntwo\n"


def test_writers_that_retry_lose_nothing(place: Opener) -> None:
    store = place()

    def write(number: int) -> None:
        while True:
            try:
                store.append(b"%d\n" % number, store.index().etag)
            except ChangedMeanwhileError:
                continue
            return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(12)))
    assert sorted(map(int, store.index().content.split())) == list(range(12))


def test_the_pointer_moves(place: Opener) -> None:
    store = place()
    store.point(b"one")
    store.point(b"two")
    assert store.read(POINTER) == b"two"


def test_a_folder_is_its_owners_alone(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "archive")
    store.create("2026/file", b"")
    store.append(b"line\n", "")
    store.point(b"{}")
    made = [tmp_path / "archive", *(tmp_path / "archive").rglob("*")]
    assert {path.stat().st_mode & 0o077 for path in made} == {0}


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ArchiveError, match="Could not write a to"):
        FolderStore(tmp_path / "file").create("a", b"")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://acct.blob.core.windows.net/c", ("https://acct.blob.core.windows.net", "c", "")),
        ("https://acct.blob.core.windows.net/c/a/b/", ("https://acct.blob.core.windows.net", "c", "a/b")),
        ("https://acct.blob.core.chinacloudapi.cn/c", ("https://acct.blob.core.chinacloudapi.cn", "c", "")),
        ("https://127.0.0.1:10000/acct/c/a", ("https://127.0.0.1:10000/acct", "c", "a")),
    ],
)
def test_a_url_names_account_container_and_prefix(url: str, expected: tuple[str, str, str]) -> None:
    assert parsed(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://acct.blob.core.windows.net/c",
        "https://acct.blob.core.windows.net",
        "https://acct.blob.core.windows.net/c?sv=1&sig=secret",
        "https://acct.blob.core.windows.net.evil.example/c",
        "https://user:password@acct.blob.core.windows.net/c",
        "https://acct.blob.core.windows.net/c/../d",
        "https://evil.example/c",
        "https://acct.blob.core.windows.net:port/c",
        "ftp://acct/c",
    ],
)
def test_no_token_goes_to_another_host(url: str) -> None:
    with pytest.raises(UsageError) as raised:
        store_at(url, lambda: StorageCredential(FakeCredential))
    assert "secret" not in str(raised.value)
    assert "password" not in str(raised.value)


def test_the_token_is_for_storage_alone(tmp_path: Path) -> None:
    if program() is None:
        pytest.skip("Azurite is not installed: npm install --prefix .azurite azurite")
    made: list[FakeCredential] = []

    def make() -> FakeCredential:
        made.append(FakeCredential())
        return made[-1]

    with azurite(tmp_path) as storage:
        store = store_at(
            f"{storage.url}/audits", lambda: StorageCredential(make), ca_bundle=storage.ca_bundle
        )
        with pytest.raises(ArchiveError, match="ContainerNotFound"):
            store.index()
    assert {scope for each in made for scope in each.scopes} == {"https://storage.azure.com/.default"}
