"""Parse what people type as a destination: a host, an address, a service tag or the id of a resource.

pypi.org                  the host over TCP on port 443
20.1.2.3:8080/udp         an address, with its port and protocol
20.1.2.0/24               a network
Storage.WestEurope        all addresses of a service tag
/subscriptions/…/sa#blob  a sub-resource of a resource, by private endpoint
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from checks.network.destinations import Address, Destination, Endpoint, Host, Service
from checks.network.hosts import normal_host, spelling_defect
from checks.network.ip_ranges import Network, covers, network_of, overlaps, union
from checks.network.service_tags import SHARED_TAGS, SINGLE_SERVICE_TAGS
from checks.network.targets import resource_type_of, subresources_of
from checks.suggestions import did_you_mean
from scanner.errors import UsageError

PROTOCOLS = ("tcp", "udp", "icmp")
_FORMS = (
    "Write HOST[:PORT][/PROTOCOL], such as pypi.org, pypi.org:80/tcp or 20.1.2.3:22; a network such as 20.1.2.0/24; a "
    "service tag such as Storage.WestEurope; or a resource id with its sub-resource, such as ID#blob."
)
_TAGS = {
    tag.rstrip("*").lower(): tag.rstrip("*")
    for tag in sorted((*SHARED_TAGS, *SINGLE_SERVICE_TAGS), reverse=True)
}
"""The known tags by their name in lower case."""
_REGION = re.compile(r"[a-z]*(north|south|east|west|central|usgov|usdod)[a-z]*\d?", re.IGNORECASE)
"""The names of Azure's regions. No top-level domain has such a name, so `storage.westeurope` is no host."""


def destination_of(text: str) -> Destination:
    """Return the destination. Raises UsageError if the text is none."""
    word = text.strip()
    if word.lower().startswith("/subscriptions/"):
        return _endpoint(word)
    scheme, separator, _ = word.partition("://")
    if separator:
        word = _of_url(text, word, scheme.lower())
    word, protocol = _protocol(word)
    place, port = _port(text, word)
    tail = {"protocol": protocol.upper(), "port": port}
    network = network_of(place.strip("[]"))
    if network is not None:
        return Address(network=network, **tail)  # type: ignore[arg-type]
    if tag := _tag(place):
        return Service(tag=tag, **tail)  # type: ignore[arg-type]
    defect = _defect(place)
    if defect:
        raise UsageError(f"{text!r} is no destination: it {defect}. {_FORMS}")
    return Host(name=normal_host(place), **tail)  # type: ignore[arg-type]


def in_words(destination: Destination) -> str:
    """Return the destination in one line."""
    if isinstance(destination, Endpoint):
        return f"{destination.subresource} of {destination.resource_id}"
    if isinstance(destination, Address):
        network = destination.network
        place = str(network.network_address if network.num_addresses == 1 else network)
    else:
        place = destination.name if isinstance(destination, Host) else f"service tag {destination.tag}"
    return f"{place} port {destination.port} over {destination.protocol}"


def service_tags(path: Path) -> Mapping[str, list[Network]]:
    """Return the networks of each service tag, by its lower-cased name, from Microsoft's file of service tags.

    https://learn.microsoft.com/azure/virtual-network/service-tags-overview#discover-service-tags-by-using-downloadable-json-files
    Raises UsageError for a file that is missing or has another form.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"))["values"]
        listed = [(each["name"], each["properties"]["addressPrefixes"]) for each in values]
    except OSError as error:
        raise UsageError(f"Could not read {path}: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError(f"{path} {_NO_TAGS}") from error
    if not listed or not all(isinstance(tag, str) and _is_texts(prefixes) for tag, prefixes in listed):
        raise UsageError(f"{path} {_NO_TAGS}")
    return {tag.lower(): _networks(path, tag, prefixes) for tag, prefixes in listed}


_NO_TAGS = (
    "is not Microsoft's file of service tags: it has no `values` with `name` and `properties.addressPrefixes`. "
    "Download it from https://www.microsoft.com/download/details.aspx?id=56519."
)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _networks(path: Path, tag: str, prefixes: list[str]) -> list[Network]:
    networks = union(prefixes)
    if networks is None:
        wrong = next(each for each in prefixes if network_of(each) is None)
        raise UsageError(
            f"{path}: the service tag {tag} has {wrong!r}, which is no network. Download the file again."
        )
    return networks


def with_tags(destination: Address, tags: Mapping[str, list[Network]]) -> Address:
    """Return the address with the service tags that include it, and those that the file decides.

    A tag that is not in the file is not decided, and neither is one that includes a part of a network.
    """
    asked = destination.network
    inside = frozenset(tag for tag, networks in tags.items() if covers(networks, [asked]))
    parts = frozenset(tag for tag, networks in tags.items() if overlaps(networks, asked)) - inside
    return replace(destination, tags=inside, listed=frozenset(tags) - parts)


def _of_url(text: str, word: str, scheme: str) -> str:
    """Return HOST:PORT of a web address."""
    try:
        parts = urlsplit(word)
        port = parts.port or {"https": 443, "http": 80}[scheme]
    except (ValueError, KeyError) as error:
        raise UsageError(f"{text!r} is no destination: its scheme or port is unknown. {_FORMS}") from error
    host = parts.hostname or ""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _protocol(word: str) -> tuple[str, str]:
    head, _, last = word.rpartition("/")
    if head and last.lower() in PROTOCOLS:
        return head, last.lower()
    if head and not last.isdigit():
        raise UsageError(f"There is no protocol {last!r}. Choose from: {', '.join(PROTOCOLS)}. {_FORMS}")
    return word, "tcp"


def _port(text: str, word: str) -> tuple[str, int]:
    """Return the place and the port, 443 if none is given. An IPv6 address needs brackets before a port."""
    if network_of(word) is not None:
        return word, 443
    found = re.fullmatch(r"(?P<place>\[[^\]]*\]|[^:]*):(?P<port>[^:]*)", word)
    if not found:
        return word, 443
    digits = found["port"]
    if not (digits.isascii() and digits.isdigit() and 1 <= int(digits) <= 65535):
        raise UsageError(f"{text!r} is no destination: {digits!r} is no port from 1 to 65535. {_FORMS}")
    return found["place"], int(digits)


def _tag(place: str) -> str:
    """Return the service tag, with or without a region, in any case; "" if the text is none.

    Raises UsageError for an unknown tag with a region.
    """
    if place.lower() in _TAGS:
        return _TAGS[place.lower()]
    head, _, region = place.partition(".")
    known = _TAGS.get(head.lower(), "")
    if _REGION.fullmatch(region) and head and not head.startswith("*"):
        if not known:
            hint = did_you_mean(head, _TAGS.values())
            raise UsageError(f"{place!r} is no destination: there is no service tag {head!r}. {hint}{_FORMS}")
        return f"{known}.{region}"
    is_as_spelled = head == known and region.isalnum() and region[:1].isupper()
    return place if known and is_as_spelled else ""


def _defect(place: str) -> str:
    """Return why the text is no host, "" if it is one. A name that ends in a number is a mistyped address."""
    if not place:
        return "names nothing"
    defect = spelling_defect(place)
    return "is no address, and no host name ends in a number" if defect == "is an address" else defect


def _endpoint(word: str) -> Endpoint:
    resource_id, _, part = word.partition("#")
    resource_type = resource_type_of(resource_id)
    if resource_type is None:
        raise UsageError(f"{resource_id!r} is not the id of a resource. {_FORMS}")
    known = subresources_of(resource_type)
    if not part and len(known) == 1:
        part = known[0]
    if not part:
        choices = f" Choose from: {', '.join(known)}." if known else ""
        raise UsageError(f"{resource_id} needs a sub-resource: write {resource_id}#NAME.{choices}")
    return Endpoint(subresource=part, resource_id=resource_id)
