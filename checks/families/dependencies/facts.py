"""Facts about a dependency that several RES checks share: its role, whether it was read, who may reach it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from checks.contract.names import named
from checks.contract.three_valued import items, says
from checks.contract.words import DEPENDENCY_ACCESS
from checks.frames import pd
from checks.model import Params
from checks.network.ip_ranges import MAX_ADDRESSES, MIN_PREFIX, opening_defect
from checks.network.perimeters import ENFORCED, LEARNING, Inbound
from checks.network.perimeters import judged as judged_together
from checks.network.targets import same_id
from checks.vocabulary import Vocabulary, grouped

READ = ("associated_resources.read_status", "associated_resources.unread_reason")
"""The columns behind `is_read` and `why_unknown`."""

ACCESS_READS = (
    "associated_resources.read_status",
    "associated_resources.public_network_access",
    "associated_resources.default_action",
)
"""The columns that decide whether a dependency's own firewall is closed."""

CLOSED_READS = (*ACCESS_READS, "associated_resources.unread_reason")
"""The same, and why the dependency was not read."""

PERIMETER_READS = (
    "associated_resources.perimeter_status",
    "associated_resources.perimeter_access_mode",
    "associated_resources.perimeter_prefixes",
    "associated_resources.perimeter_subscriptions",
)
"""The columns that describe the network security perimeter of a dependency."""

PUBLIC_READS = (*CLOSED_READS, "associated_resources.ip_rules")
"""The columns that decide who may reach a dependency from public addresses, its perimeter aside."""

SubscriptionId = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, min_length=1),
    AfterValidator(lambda id: same_id(id).removeprefix("/subscriptions/")),
]
"""The id of a subscription in a policy, alone or as Azure writes it, with `/subscriptions/` in front."""

_ANSWERS = ("public_network_access", "default_action", "ip_rules")
_PERIMETER = tuple(name.partition(".")[2] for name in PERIMETER_READS)


class PublicSide(Params):
    """The most that may be open of the public side of a dependency."""

    min_prefix: int = Field(
        default=MIN_PREFIX,
        ge=0,
        le=32,
        description="The widest IPv4 network that may be admitted, as a prefix length.",
    )
    max_addresses: int = Field(
        default=MAX_ADDRESSES, ge=1, description="The most addresses that may be admitted together."
    )
    allowed_subscriptions: tuple[SubscriptionId, ...] = Field(
        default=(), description="Subscription ids that a perimeter's inbound rule may admit as a whole."
    )


def has_role(resources: pd.DataFrame, *roles: str) -> pd.Series:
    """Return for each row whether the resource has one of these roles for its workspace."""
    return says(resources["role"], *roles)


def is_read(resources: pd.DataFrame) -> pd.Series:
    """Return for each row whether Azure returned the resource. `<NA>` if even that is not known."""
    return says(resources["read_status"], "read")


def is_closed(resources: pd.DataFrame) -> pd.Series:
    """Return for each row whether the resource's own firewall refuses the public. `<NA>` if it was not read.

    Disabled and SecuredByPerimeter close it whatever the firewall is. Otherwise the firewall's default action
    decides, and an absent firewall allows: Azure creates these resources so (storage, key vault and registry
    contracts, 2026-08). An undocumented word settles nothing.
    """
    access, action = resources["public_network_access"], resources["default_action"]
    is_shut = says(access, "Disabled", "SecuredByPerimeter")
    is_understood = access.isna() | says(access, *DEPENDENCY_ACCESS)
    closed = is_shut.fillna(value=False) | _denies(action)
    return closed.where(is_understood).where(is_read(resources).fillna(value=False)).astype("boolean")


def is_plainly_open(resources: pd.DataFrame) -> pd.Series:
    """Return for each row whether the body states that anybody may come. `<NA>` if only an absence suggests it."""
    states_it = says(resources["public_network_access"], "Enabled") & says(
        resources["default_action"], "Allow", ""
    )
    plainly = states_it.fillna(value=False) & is_read(resources).fillna(value=False)
    return plainly.where(plainly | is_closed(resources).fillna(value=False))


def denies_by_default(resources: pd.DataFrame) -> pd.Series:
    """Return for each row whether the firewall refuses everybody it does not name. `<NA>` if it was not read."""
    return _denies(resources["default_action"]).where(is_read(resources).fillna(value=False))


def _denies(action: pd.Series) -> pd.Series:
    """Return whether the default action is Deny; "" is an absent firewall, which allows.

    `<NA>` for an undocumented word, or if Azure's answer could not be read.
    """
    is_documented = says(action, "Allow", "Deny", "").fillna(value=False)
    return says(action, "Deny").fillna(value=False).where(is_documented)


def public_opening(resources: pd.DataFrame, params: PublicSide) -> pd.DataFrame:
    """Return for each row whether the public side is too open (`is_open`, nullable) and how (`what`).

    The resource's own rules and those of its network security perimeter decide together, by the table in
    `checks.network.perimeters`. Rows that agree are judged once.
    """
    columns = [name for name in (*_ANSWERS, *_PERIMETER) if name in resources.columns]
    alike = grouped([Vocabulary.of(resources[name]) for name in columns])
    different = resources[columns].iloc[alike.pool].reindex(columns=[*_ANSWERS, *_PERIMETER])
    values = different.astype(object).where(different.notna(), None)
    found = [_opening(*row, params=params) for row in values.itertuples(index=False, name=None)]
    openings = pd.DataFrame(
        {
            "is_open": pd.array([each.is_open for each in found], dtype="boolean").take(alike.codes),
            "what": pd.array([each.what for each in found], dtype="string").take(alike.codes),
        },
        index=resources.index,
    )
    was_read = is_read(resources).fillna(value=False).astype(bool)
    return openings.assign(is_open=openings["is_open"].where(was_read))


def _opening(
    access: str | None,
    action: str | None,
    ip_rules: str | None,
    status: str | None,
    mode: str | None,
    prefixes: str | None,
    subscriptions: str | None,
    *,
    params: PublicSide,
) -> Inbound:
    own = _own_opening(action, ip_rules, params)
    around = Inbound(is_open=None)
    if prefixes is not None and subscriptions is not None:
        around = _perimeter_opening(items(prefixes), items(subscriptions), params)
    return judged_together(access, _mode(access, status, mode), own, around)


def _mode(access: str | None, status: str | None, mode: str | None) -> str | None:
    """Return the access mode, "" for no association and None if it is not known.

    A list that does not exist, or that nobody asked for, counts as no association, except behind
    SecuredByPerimeter: that word is only set for a perimeter.
    """
    if status == "read":
        return mode
    if status == "unreadable" or (access or "").lower() == "securedbyperimeter":
        return None
    return ""


def _own_opening(action: str | None, ip_rules: str | None, params: PublicSide) -> Inbound:
    word = None if action is None else action.lower()
    if word not in {"allow", "deny", ""}:
        return Inbound(is_open=None)
    if word != "deny":
        return Inbound(is_open=True, what="answers to every address on the internet")
    if ip_rules is None:
        return Inbound(is_open=None)
    return _admitted(items(ip_rules), params, "its address rules")


def _perimeter_opening(prefixes: list[str], subscriptions: list[str], params: PublicSide) -> Inbound:
    ids = [same_id(each).rpartition("/")[2] for each in subscriptions]
    foreign = sorted(set(ids) - set(params.allowed_subscriptions))
    if foreign:
        return Inbound(is_open=True, what="its perimeter admits the subscription " + named(foreign))
    return _admitted(prefixes, params, "its perimeter")


def _admitted(prefixes: Iterable[str], params: PublicSide, whose: str) -> Inbound:
    defect = opening_defect(prefixes, min_prefix=params.min_prefix, max_addresses=params.max_addresses)
    if defect is None:
        return Inbound(is_open=None)
    return Inbound(
        is_open=bool(defect),
        what=f"{whose} admit{'s' * (whose == 'its perimeter')} {defect}" if defect else "",
    )


def is_enforced(resources: pd.DataFrame) -> pd.Series:
    """Return for each row whether a network security perimeter is Enforced. `<NA>` if that could not be read."""
    status, mode = resources["perimeter_status"], resources["perimeter_access_mode"]
    enforced = says(mode, ENFORCED, among=(ENFORCED, *LEARNING, "")).where(
        says(status, "read").fillna(value=False)
    )
    return enforced.mask(status.isna() | says(status, "missing").fillna(value=False), False).astype("boolean")


def access_of(resources: pd.DataFrame) -> pd.Series:
    """Return for each row, for people, the values that decide who may reach the resource."""
    access = resources["public_network_access"].fillna("not reported")
    action = resources["default_action"].replace("", "none, which allows").fillna("not reported")
    seen = "publicNetworkAccess " + access + ", defaultAction " + action
    if "ip_rules" in resources.columns:
        rules = resources["ip_rules"].fillna("not reported")
        seen = seen + (", ipRules " + rules).mask(resources["ip_rules"].eq("").fillna(value=False), "")
    if "perimeter_access_mode" in resources.columns:
        mode = resources["perimeter_access_mode"].fillna("")
        seen = seen + (", perimeter " + mode).mask(mode.eq(""), "")
    return seen.where(is_read(resources).fillna(value=False), "not read")


def why_unknown(resources: pd.DataFrame, otherwise: str) -> pd.Series:
    """Return for each row why the resource cannot be judged: it does not exist, was not read, or `otherwise`."""
    status, reason = resources["read_status"], resources["unread_reason"].fillna("no reason was recorded.")
    text = pd.Series(otherwise, index=resources.index, dtype="string")
    text = text.mask(says(status, "missing").fillna(value=False), "Azure knows no such resource (404).")
    return text.mask(
        says(status, "unreadable").fillna(value=False), "The resource could not be read: " + reason
    )
