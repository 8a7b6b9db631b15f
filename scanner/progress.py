"""How a scan tells of its progress: a Protocol, silent by default."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told of every step; must not raise and should return at once."""

    def subscriptions_found(self, count: int) -> None:
        """So many subscriptions will be read."""

    def subscription_read(self) -> None:
        """One more subscription is done, whether it could be read or not."""

    def workspaces_found(self, count: int) -> None:
        """So many more workspaces were listed."""

    def workspace_read(self) -> None:
        """One more workspace is done."""

    def request_answered(self) -> None:
        """One more request was answered or failed."""

    def throttled(self, scope: str, seconds: float) -> None:
        """Azure asked to wait so many seconds before asking again about `scope`."""


class Silent:
    """Says nothing."""

    def subscriptions_found(self, count: int) -> None:
        """Say nothing."""

    def subscription_read(self) -> None:
        """Say nothing."""

    def workspaces_found(self, count: int) -> None:
        """Say nothing."""

    def workspace_read(self) -> None:
        """Say nothing."""

    def request_answered(self) -> None:
        """Say nothing."""

    def throttled(self, scope: str, seconds: float) -> None:
        """Say nothing."""
