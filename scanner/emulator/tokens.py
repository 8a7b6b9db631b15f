"""The tokens that the emulator accepts, and their lifetime."""

from __future__ import annotations

from math import inf

from scanner.emulator.envelopes import ArmError, expired_token, invalid_token
from scanner.emulator.tenants.identity import access_token
from scanner.emulator.tenants.tenant import Tenant

_SKEW = 2.0
"""Seconds for which a token is good after its end, since clocks and networks differ."""


class Tokens:
    """Grants tokens of one tenant: the fixed token that never expires, or new ones that last `token_seconds`."""

    def __init__(self, tenant: Tenant) -> None:
        """Start without granted tokens. The fixed token is valid without a grant."""
        self._tenant_id = tenant.tenant_id
        self._seconds = tenant.token_seconds
        self._granted = 0
        fixed = {access_token(tenant.tenant_id): inf}
        self._good_until = fixed if self._seconds is None else {}

    def grant(self, now: float) -> tuple[str, int]:
        """Return a token and the lifetime in the answer, in seconds; `now` is in seconds of any clock."""
        if self._seconds is None:
            return access_token(self._tenant_id), 3599
        self._granted += 1
        token = access_token(self._tenant_id, number=self._granted)
        self._good_until[token] = now + self._seconds + _SKEW
        return token, self._seconds

    def refusal(self, authorization: str | None, now: float) -> ArmError | None:
        """Why an Authorization header opens nothing, by the clock of `grant`; None where it does."""
        good_until = self._good_until.get((authorization or "").removeprefix("Bearer "))
        if good_until is None:
            return invalid_token()
        return expired_token() if now > good_until else None
