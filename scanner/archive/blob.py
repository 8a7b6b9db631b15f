"""An archive in a container of Azure Blob Storage (extra `archive`).

The index is an append blob, so that it can grow in a container with an immutability policy that allows protected
append writes. All other files are block blobs, which are created under the condition that they do not exist. The
token is for the storage service alone and goes to the host of the account only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scanner.archive.stores import INDEX, POINTER, ChangedMeanwhileError, Version
from scanner.errors import ArchiveError, UsageError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_HOST = re.compile(r"[a-z0-9]{3,24}\.blob\.core\.(windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)")
_LOOPBACK = ("127.0.0.1", "localhost")
_FORM = "https://ACCOUNT.blob.core.windows.net/CONTAINER[/PREFIX]"


class BlobStore:
    """An archive in a container, below an optional prefix."""

    def __init__(self, url: str, credential: TokenCredential, *, ca_bundle: Path | None = None) -> None:
        """Parse the URL. Raises UsageError for another form, or without the extra `archive`."""
        account, container, self._prefix = parsed(url)
        try:
            from azure.storage.blob import ContainerClient
        except ImportError as error:
            raise UsageError(
                f"An archive at {url} needs the extra archive: pip install 'azml-audit[archive]'."
            ) from error
        settings: dict[str, Any] = {"connection_verify": str(ca_bundle)} if ca_bundle else {}
        self._container = ContainerClient(account, container, credential=credential, **settings)
        self._name = "/".join(part for part in (account, container, self._prefix) if part)

    @property
    def name(self) -> str:
        """The URL."""
        return self._name

    def create(self, path: str, content: bytes) -> None:
        """Write a new blob."""
        with self._refusals(path):
            self._container.upload_blob(self._path(path), content, overwrite=False)

    def read(self, path: str) -> bytes | None:
        """Return a blob, None if it does not exist."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            with self._refusals(path):
                return self._container.download_blob(self._path(path)).readall()
        except ResourceNotFoundError:
            return None

    def names(self, prefix: str) -> list[str]:
        """Return the paths below a folder, sorted."""
        with self._refusals(prefix):
            found = self._container.list_blob_names(name_starts_with=self._path(prefix))
            return sorted(str(name).removeprefix(self._path("")) for name in found)

    def index(self) -> Version:
        """Return the index and its ETag."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            with self._refusals(INDEX):
                downloaded = self._container.download_blob(self._path(INDEX))
                return Version(content=downloaded.readall(), etag=str(downloaded.properties.etag))
        except ResourceNotFoundError:
            return Version()

    def append(self, line: bytes, etag: str) -> None:
        """Append a block under the condition that the ETag is still that of the index."""
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceExistsError, ResourceModifiedError

        blob = self._container.get_blob_client(self._path(INDEX))
        try:
            with self._refusals(INDEX):
                if not etag:
                    created = blob.create_append_blob(match_condition=MatchConditions.IfMissing)
                    etag = str(created["etag"])
                blob.append_block(line, etag=etag, match_condition=MatchConditions.IfNotModified)
        except (ResourceExistsError, ResourceModifiedError) as error:
            raise ChangedMeanwhileError from error

    def point(self, content: bytes) -> None:
        """Write the pointer. An immutability policy may refuse it; the index has the same run last."""
        with self._refusals(POINTER):
            self._container.upload_blob(self._path(POINTER), content, overwrite=True)

    def _path(self, path: str) -> str:
        return f"{self._prefix}/{path}" if self._prefix else path

    @contextmanager
    def _refusals(self, path: str) -> Iterator[None]:
        from azure.core.exceptions import (
            AzureError,
            ResourceExistsError,
            ResourceModifiedError,
            ResourceNotFoundError,
        )

        try:
            yield
        except ResourceExistsError as error:
            if path == INDEX:
                raise
            raise ArchiveError(
                f"{path} exists in {self.name}. An archive never overwrites a file."
            ) from error
        except (ResourceModifiedError, ResourceNotFoundError) as error:
            code = getattr(error, "error_code", "")
            if code == "BlobNotFound" or (path == INDEX and code == "ConditionNotMet"):
                raise
            raise ArchiveError(self._refused(path, error)) from error
        except AzureError as error:
            raise ArchiveError(self._refused(path, error)) from error

    def _refused(self, path: str, error: Exception) -> str:
        code = getattr(error, "error_code", None) or type(error).__name__
        return (
            f"{self.name} refused {path}: {code}. The identity needs the role Storage Blob Data Contributor on the "
            "container, which has to exist."
        )


def parsed(url: str) -> tuple[str, str, str]:
    """Return the URL of the account, the container and the prefix. Raises UsageError for another form.

    The token for storage goes to this host, so it has to be a blob endpoint of Azure, or this machine, where an
    emulator of storage has the name of the account in its path.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise UsageError(f"{url!r} is no archive: {error}. Write {_FORM}.") from error
    steps = [step for step in parts.path.split("/") if step]
    has_more = parts.query or parts.fragment or parts.username or parts.password or {".", ".."} & set(steps)
    if parts.scheme != "https" or has_more or not (_HOST.fullmatch(host) or host in _LOOPBACK):
        raise UsageError(
            f"{parts.scheme}://{host}{parts.path} is no archive. Write {_FORM}, without a query or token."
        )
    account = f"https://{host}:{port}" if port else f"https://{host}"
    if host in _LOOPBACK and steps:
        account = f"{account}/{steps.pop(0)}"
    if not steps:
        raise UsageError(f"{url} names no container. Write {_FORM}.")
    return account, steps[0], "/".join(steps[1:])
