"""The progress of a scan: the interface, and the silent default."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receive every step of a scan. No method may raise or block."""

    def subscriptions_found(self, count: int) -> None:
        """Add the number of subscriptions to read."""

    def subscription_read(self) -> None:
        """Count one subscription as done, whether it could be read or not."""

    def workspaces_found(self, count: int) -> None:
        """Add the number of workspaces that a page listed."""

    def workspace_read(self) -> None:
        """Count one workspace as done."""

    def request_answered(self) -> None:
        """Count one request that was answered or failed."""

    def throttled(self, scope: str, seconds: float) -> None:
        """Report that Azure throttles, and asked to wait before the next request about `scope`."""

    def unavailable(self, scope: str, seconds: float) -> None:
        """Report that Azure asked to wait before the next request about `scope`, and does not throttle."""

    def paced(self, scope: str, seconds: float) -> None:
        """Report that a request about `scope` waits for its turn, to keep to Azure's rate."""


class Silent:
    """Ignore every step."""

    def subscriptions_found(self, count: int) -> None:
        """Ignore it."""

    def subscription_read(self) -> None:
        """Ignore it."""

    def workspaces_found(self, count: int) -> None:
        """Ignore it."""

    def workspace_read(self) -> None:
        """Ignore it."""

    def request_answered(self) -> None:
        """Ignore it."""

    def throttled(self, scope: str, seconds: float) -> None:
        """Ignore it."""

    def unavailable(self, scope: str, seconds: float) -> None:
        """Ignore it."""

    def paced(self, scope: str, seconds: float) -> None:
        """Ignore it."""
