"""Check the host names of outbound rules: spelling, what a wildcard covers, and who may own a name under it.

Azure Firewall enforces host-name rules. An asterisk counts only as the first character. `*.contoso.com` matches every
name below the domain, and `*contoso.com` also matches other names with that ending
(https://learn.microsoft.com/azure/firewall/firewall-faq, read 2026-11).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

import publicsuffixlist
from publicsuffixlist import PublicSuffixList

from checks.network.ip_ranges import network_of

STORAGE_SUFFIXES: Final = tuple(
    f"{service}.{suffix}"
    for suffix in (
        "core.windows.net",
        "core.usgovcloudapi.net",
        "core.chinacloudapi.cn",
        "core.cloudapi.de",
        "storage.azure.net",
    )
    for service in ("blob", "dfs", "file", "queue", "table", "web")
)
"""Host suffixes of storage in every Azure cloud, with the zoned names of `storage.azure.net`."""

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")

_ENDS_IN_A_NUMBER = re.compile(r"(?i)(?:^|\.)(?:\d+|0x[\da-f]*)\.?$")
"""The end of an old form of an IPv4 address, such as `127.1`. No top-level domain is a number (RFC 3696, section 2)."""


@dataclass(frozen=True, kw_only=True)
class SharedNames:
    """Names behind which any customer can own a resource that receives data.

    `domains` maps a domain to the number of labels, such as a region, that may be between it and its customers' names.
    `hosts` are globs on single hosts. `admitted` are names that always pass, and so does all that they cover.
    """

    domains: Mapping[str, int]
    hosts: tuple[str, ...]
    admitted: frozenset[str] = frozenset()


@cache
def built_in_names() -> SharedNames:
    """Return the names of `shared_domains.csv` and `shared_hosts.csv`. Each line there has its source."""
    return SharedNames(
        domains={row["domain"]: int(row["labels"]) for row in _rows("shared_domains.csv")},
        hosts=tuple(row["host"] for row in _rows("shared_hosts.csv")),
    )


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("checks.network") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@lru_cache(maxsize=4096)
def normal_host(host: str) -> str:
    """Return the host in the form for comparison: lower-case ASCII (Punycode), no blanks, no dot at the end."""
    text = host.strip().rstrip(".").lower()
    if text.isascii():
        return text
    try:
        return ".".join(label.encode("idna").decode() if label else "" for label in text.split("."))
    except UnicodeError:
        return text


def is_wildcard(host: str) -> bool:
    """Return whether the host matches more than one name."""
    return normal_host(host).startswith("*")


def is_every_host(host: str) -> bool:
    """Return whether the host matches every name."""
    return normal_host(host) in {"*", "*."} or host.strip() in {"*", "*."}


def spelling_defect(host: str) -> str:
    """Return why the text is no host name, "" if it is one; a leading `*` or `*.` is allowed."""
    text = host.strip()
    if "://" in text:
        return "has a scheme"
    if "/" in text:
        return "has a path" if network_of(text) is None else "is an address range"
    if network_of(text.strip("[]")) is not None or _ENDS_IN_A_NUMBER.search(text):
        return "is an address"
    if re.search(r":\d*$", text):
        return "has a port"
    name = normal_host(text)
    if name == "*":
        return ""
    labels = name.removeprefix("*.").removeprefix("*").split(".")
    if "" in labels or text.startswith(".") or text.endswith(".."):
        return "has an empty label"
    if any("*" in label for label in labels):
        return "has a wildcard elsewhere than at its start, which Azure Firewall does not support"
    if not all(_LABEL.fullmatch(label) for label in labels) or len(name) > 253:
        return "has characters or a length that no host name has"
    return ""


def covers_host(wide: str, narrow: str) -> bool:
    """Return whether `wide` allows everything that `narrow` allows. Either may be a wildcard."""
    wide, narrow = normal_host(wide), normal_host(narrow)
    if not wide.startswith("*"):
        return wide == narrow
    return narrow.removeprefix("*").endswith(wide[1:])


def covers_a_part(rule: str, asked: str) -> bool:
    """Return whether a rule for one host allows some, but not all, of the hosts under the wildcard `asked`.

    A bare `*` asks for every host there is, so no narrower rule counts.
    """
    wildcard = normal_host(asked)
    return (
        wildcard not in ("", "*")
        and is_wildcard(wildcard)
        and covers_host(asked, rule)
        and not covers_host(rule, asked)
    )


def reaches_storage(host: str) -> bool:
    """Return whether a rule for this host allows a request to some storage account."""
    host = normal_host(host)
    return any(
        host == suffix
        or covers_host(f"*.{suffix}", host)
        or (is_wildcard(host) and f".{suffix}".endswith(host[1:]))
        for suffix in STORAGE_SUFFIXES
    )


def is_storage(host: str) -> bool:
    """Return whether the host, or with a wildcard every host under it, is an endpoint of a storage account."""
    name = normal_host(host).removeprefix("*.")
    return any(name == suffix or name.endswith(f".{suffix}") for suffix in STORAGE_SUFFIXES)


def host_defect(host: str, names: SharedNames) -> str:
    """Return why more than one owner may receive data at the host, "" if only one can.

    The public suffixes of the bundled list are shared domains too, and under a wildcard so is every other top-level
    domain. A single name below a shared domain has one owner and passes. The label `privatelink` is between a
    shared domain and its customers' names ("Azure Private Endpoint private DNS zone values", read 2026-11).
    """
    host = normal_host(host)
    base = host.removeprefix("*").removeprefix(".")
    if any(covers_host(admitted, host) for admitted in names.admitted):
        return ""
    if not base:
        return "matches every host"
    if "*" in base:
        return "has a wildcard elsewhere than at its start, which Azure Firewall does not support"
    if host.startswith("*") and not host.startswith("*."):
        return "also matches every name with that ending, and anyone can register such a name"
    shared = _without_private_link(base) if is_wildcard(host) else base
    if shared in names.domains or _is_public_suffix(base, accept_unknown=is_wildcard(host)):
        return "is a domain under which anyone can register a name"
    if not is_wildcard(host):
        is_shared = any(fnmatchcase(host, glob) for glob in names.hosts)
        return "is a host that stores data for every customer" if is_shared else ""
    return _wildcard_defect(shared, names)


def _without_private_link(base: str) -> str:
    return ".".join(label for label in base.split(".") if label != "privatelink")


def _is_public_suffix(name: str, *, accept_unknown: bool) -> bool:
    suffixes = _public_suffixes(name.rpartition(".")[2])
    return bool(suffixes.publicsuffix(name, accept_unknown=accept_unknown) == name)


def _wildcard_defect(base: str, names: SharedNames) -> str:
    """Return the defect of the wildcard over `base`, which is no shared domain itself."""
    if any(domain.endswith(f".{base}") for domain in names.domains):
        return "covers a domain under which anyone may get a name"
    if any(_literal_tail(glob).endswith(f".{base}") for glob in names.hosts):
        return "covers a host behind which everybody may keep data"
    labels = base.split(".")
    for number in range(1, len(labels)):
        between = names.domains.get(".".join(labels[number:]))
        if between is not None and number <= between:
            return "covers names of many owners"
    return ""


def _literal_tail(glob: str) -> str:
    """Return the ending of every host of the glob, with the dot before it."""
    tail = glob.rsplit("*", 1)[-1]
    return tail if "*" in glob else f".{tail}"


@cache
def _public_suffixes(top: str) -> PublicSuffixList:
    """Return the public suffixes below a top-level domain. To parse all of them would take 30 ms of every scan.

    The list has international domains in their own letters.
    """
    try:
        top = top.encode().decode("idna")
    except UnicodeError:
        return PublicSuffixList(())
    return PublicSuffixList([line for line in _suffix_lines() if line.endswith(top)])


@cache
def _suffix_lines() -> tuple[str, ...]:
    return tuple(files(publicsuffixlist).joinpath("public_suffix_list.dat").read_text("utf-8").splitlines())
