"""NET006: a cloud posture vendor's rule about both directions of a workspace's network."""

from __future__ import annotations

from pydantic import Field

from checks.contract.isolation import (
    APPROVED,
    DISABLED,
    INTERNET,
    MODE_READS,
    IsolationMode,
    effective_mode,
    is_mode,
)
from checks.contract.tables import Tables
from checks.contract.three_valued import says
from checks.contract.words import ACCESS
from checks.families import frameworks, pages
from checks.fixes.managed_network import PRIVATE_IN_MANAGED_OUT
from checks.frames import pd
from checks.model import Answers, Params, Severity, answer, check


class VendorModes(Params):
    """The isolation modes that satisfy the vendor rule."""

    allowed_modes: tuple[IsolationMode, ...] = Field(
        default=(INTERNET,),
        min_length=1,
        description="Isolation modes that satisfy the rule. The vendor's wording asks for "
        "AllowInternetOutbound alone, so that the stricter AllowOnlyApprovedOutbound fails.",
    )


@check(
    id="NET006",
    title="Inbound is private and managed outbound is on (vendor rule)",
    over="workspaces",
    severity=Severity.HIGH,
    reads=("workspaces.public_network_access", *MODE_READS),
    remediation=PRIVATE_IN_MANAGED_OUT,
    controls={**frameworks.PUBLIC_NETWORK_ACCESS, **frameworks.MANAGED_NETWORK},
    references=(pages.VENDOR_RULE, pages.MANAGED_MODES),
    params=VendorModes,
    looks_at="row",
)
def inbound_is_private_and_managed_outbound_is_on(tables: Tables, params: VendorModes) -> Answers:
    """A cloud posture vendor's rule requires private inbound and internet outbound, and this check asks it literally.

    `publicNetworkAccess` has to be Disabled and the managed network's isolation mode one of the modes
    allowed. By default that is AllowInternetOutbound alone, so a workspace that allows only approved
    outbound fails although it is stricter; the reason names this case. If Azure did not report one of the
    values, or reported a word that is not documented, the answer is unknown unless the other value fails.
    """
    access = tables.workspaces["public_network_access"]
    mode = effective_mode(tables.workspaces)
    is_private = says(access, "Disabled", among=ACCESS)
    is_allowed = is_mode(mode, *params.allowed_modes)
    modes = " or ".join(params.allowed_modes)
    return answer(
        known=is_private.notna() | is_allowed.notna(),
        passed=is_private & is_allowed,
        observed="publicNetworkAccess "
        + access.fillna("not reported")
        + ", isolationMode "
        + mode.fillna("not reported"),
        expected=f"publicNetworkAccess Disabled, isolationMode {modes}",
        failed=_why_not(access, is_private) + _wrong_mode(mode, is_allowed, params),
        unknown="publicNetworkAccess or the managed network's isolation mode was not reported, "
        "or is a word that Azure has not documented.",
    )


def _why_not(access: pd.Series, is_private: pd.Series) -> pd.Series:
    reason = "publicNetworkAccess is " + access.fillna("") + ", not Disabled. "
    return reason.where(~is_private.fillna(value=True), "")


def _wrong_mode(mode: pd.Series, is_allowed: pd.Series, params: VendorModes) -> pd.Series:
    reason = "isolationMode is " + mode.fillna("") + f", not {' or '.join(params.allowed_modes)}."
    is_stricter = (says(mode, APPROVED) & (INTERNET in params.allowed_modes)).fillna(value=False)
    reason = reason.mask(
        is_stricter,
        "isolationMode " + mode + " is stricter, not weaker, than the rule asks: it fails by the wording of "
        "the rule only. The parameter allowed_modes can admit it.",
    )
    return reason.mask(says(mode, DISABLED).fillna(value=False), "The managed network is off.").where(
        ~is_allowed.fillna(value=True), ""
    )
