"""The questions that the scanner asks Azure. The reader builds them, the pipeline sends them."""

from __future__ import annotations

from dataclasses import dataclass

Question = tuple[str, str, str, str, str]
"""What makes two questions the same: kind, scope, method, URL and body."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One question: what kind, about which resource id, at which URL and api-version.

    `body` is the body of a POST, such as a Resource Graph query. If the resource `may_be_missing`, a 404 is
    an answer and no gap.
    """

    kind: str
    scope: str
    url: str
    api_version: str
    subscription_id: str | None = None
    may_be_missing: bool = False
    method: str = "GET"
    body: str = ""

    @property
    def request(self) -> str:
        """The method and the URL, for people."""
        return f"{self.method} {self.url}"

    @property
    def question(self) -> Question:
        """What identifies the question."""
        return self.kind, self.scope, self.method, self.url, self.body
