"""PEP004 and PEP005: the virtual networks in which the private endpoints of a workspace are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from ipaddress import IPv4Network
from typing import Final

from checks.contract.connections import is_approved
from checks.contract.isolation import MODE_READS, effective_mode, is_on
from checks.contract.tables import Tables
from checks.contract.three_valued import any_child, children_named, items, judged, one_of_each
from checks.families import frameworks, pages
from checks.families.dependencies.facts import has_role
from checks.fixes.access.private_endpoints import ENDPOINT_BESIDE_DEPENDENCIES, NETWORK_WITHOUT_DOCKERS_RANGE
from checks.frames import pd
from checks.model import Answers, Params, Severity, answer, check
from checks.network.ip_ranges import network_of

DOCKERS_RANGE: Final = IPv4Network("172.17.0.0/16")
"""The addresses of the Docker bridge. Source: "Configure a private endpoint", Prerequisites, read 2026-11."""

_MAY_SHARE = "?"


@check(
    id="PEP004",
    title="One private endpoint is in the network of the dependencies",
    over="workspaces",
    severity=Severity.MEDIUM,
    reads=(
        *MODE_READS,
        "workspaces.private_endpoint_connections_known",
        "private_endpoint_connections.status",
        "private_endpoint_connections.subnet_id",
        "workspaces.associated_resources_known",
        "associated_resources.approved_private_endpoints",
        "associated_resources.networks_shared",
    ),
    remediation=ENDPOINT_BESIDE_DEPENDENCIES,
    controls=frameworks.INBOUND,
    references=(f"{pages.PRIVATE_LINK}#limitations", f"{pages.PRIVATE_LINK}#multiple-private-endpoints"),
    looks_at="workspace",
)
def one_endpoint_is_in_the_network_of_the_dependencies(tables: Tables, _params: Params) -> Answers:
    """A workspace cannot reach its storage, vault and registry if they have endpoints in none of its networks.

    Asked where two or more private endpoint connections are Approved, isolation is off, and the storage account, the
    key vault or the container registry has an Approved private endpoint: one virtual network has to hold an endpoint
    of the workspace and one of each of these dependencies. With isolation on the managed network reaches them, which
    OBR011 judges. A network that could not be read, and connections or dependencies that were not all read, are
    unknown unless the other values decide.
    """
    workspaces = tables.workspaces
    has_several, with_endpoints = _several(tables), _with_endpoints(tables)
    shares = _shares_one(tables)
    networks = _networks(tables)
    is_off = ~is_on(effective_mode(workspaces))
    return answer(
        known=shares.notna(),
        passed=shares,
        applies=is_off & has_several & with_endpoints,
        observed="networks of the private endpoints: " + networks.replace("", "not reported"),
        expected="one virtual network with an endpoint of the workspace and of each dependency",
        failed="No virtual network holds a private endpoint of the workspace and those of its dependencies.",
        unknown="A private endpoint connection, its virtual network or a dependency was not read, or the isolation "
        "mode was not reported, or a status or the mode is an undocumented word.",
        not_applicable=pd.Series(
            "The workspace has at most one private endpoint, or its dependencies have none.",
            index=workspaces.index,
            dtype="string",
        ).mask((~is_off).fillna(value=False), "The managed network reaches the dependencies (OBR011)."),
    )


def _several(tables: Tables) -> pd.Series:
    """Return for each workspace whether two connections are Approved. `<NA>` if that is not settled."""
    workspaces, connections = tables.workspaces, tables.private_endpoint_connections
    claim, owner = is_approved(connections), connections["workspace_id"].str.lower()
    sure, may_be = (
        claim.fillna(value=default)
        .astype(int)
        .groupby(owner)
        .sum()
        .reindex(workspaces["judged_by"].fillna(""))
        for default in (False, True)
    )
    at_least, at_most = (each.fillna(0).set_axis(workspaces.index) for each in (sure, may_be))
    is_settled = workspaces["private_endpoint_connections_known"].fillna(value=False) & at_most.lt(2)
    return at_least.ge(2).astype("boolean").where(at_least.ge(2) | is_settled)


def _dependencies(tables: Tables) -> pd.DataFrame:
    """Return the storage accounts, vaults and registries that have, or may have, an Approved private endpoint."""
    resources = tables.associated_resources
    is_one = has_role(resources, "storage", "vault", "registry") & resources["approved_private_endpoints"].ne(
        0
    )
    return resources[is_one.fillna(value=True).to_numpy(dtype=bool)]


def _with_endpoints(tables: Tables) -> pd.Series:
    dependencies = _dependencies(tables)
    has_one = dependencies["approved_private_endpoints"].gt(0)
    known = tables.workspaces["associated_resources_known"]
    found = any_child(has_one, dependencies, tables.workspaces)
    return found.where(found.fillna(value=False) | known.fillna(value=False))


def _shares_one(tables: Tables) -> pd.Series:
    """Return for each workspace whether one of its networks holds every dependency. `<NA>` if that is not settled."""
    dependencies = _dependencies(tables)
    found: dict[str, list[set[str]]] = defaultdict(list)
    shared = dependencies["networks_shared"].fillna(_MAY_SHARE)
    for workspace, networks in zip(dependencies["workspace_id"], shared, strict=True):
        found[str(workspace).lower()].append({each.lower() for each in items(networks)})
    answers = {workspace: _one_for_all(networks) for workspace, networks in found.items()}
    own = [answers.get(str(each)) for each in tables.workspaces["judged_by"]]
    claim = pd.Series(pd.array(own, dtype="boolean"), index=tables.workspaces.index)
    were_all_read = tables.workspaces["associated_resources_known"].fillna(value=False)
    return claim.where(were_all_read | ~claim.fillna(value=True))


def _one_for_all(networks: Iterable[set[str]]) -> bool | None:
    """Return whether one network is in every set. "?" in a set means that any network may be in it."""
    sets = list(networks)
    if set.intersection(*sets) - {_MAY_SHARE}:
        return True
    certain = [each for each in sets if _MAY_SHARE not in each]
    return False if certain and not set.intersection(*certain) else None


def _networks(tables: Tables) -> pd.Series:
    """Return for each workspace the names of the virtual networks of its Approved connections."""
    connections = tables.private_endpoint_connections
    names = (
        connections["subnet_id"].str.extract(r"(?i)/virtualNetworks/([^/]+)", expand=False).astype("string")
    )
    approved = connections.assign(network=names)[is_approved(connections).fillna(value=False)]
    different, _ = one_of_each(approved, "workspace_id", "network")
    each = pd.Series(data=True, index=different.index)
    return children_named(different["network"], each, different, tables.workspaces)


@check(
    id="PEP005",
    title="The endpoint's virtual network does not use Docker's addresses",
    over="private_endpoint_connections",
    severity=Severity.MEDIUM,
    reads=("private_endpoint_connections.status", "private_endpoint_connections.network_prefixes"),
    remediation=NETWORK_WITHOUT_DOCKERS_RANGE,
    references=(f"{pages.PRIVATE_LINK}#prerequisites",),
    looks_at="row",
)
def virtual_network_does_not_use_dockers_addresses(tables: Tables, _params: Params) -> Answers:
    """Containers route 172.17.0.0/16 to the Docker bridge, so they never reach such addresses of the virtual network.

    Asked of Approved connections: no address prefix of the virtual network around the private endpoint may overlap
    172.17.0.0/16. Microsoft warns that this range results in errors. A network that could not be read, and a prefix
    that is no network, are unknown unless another prefix overlaps.
    """
    connections = tables.private_endpoint_connections
    prefixes = connections["network_prefixes"]
    is_free = judged(prefixes, lambda joined: _avoids(DOCKERS_RANGE, items(joined)))
    return answer(
        known=is_free.notna(),
        passed=is_free,
        applies=is_approved(connections),
        observed=prefixes,
        expected=f"address prefixes outside {DOCKERS_RANGE}",
        failed="The virtual network of the connection {connection} uses {network_prefixes}, and the Docker bridge uses "
        f"{DOCKERS_RANGE}.",
        unknown="The connection's status or the address prefixes of its virtual network were not reported or not "
        "read, or the status is an undocumented word.",
        not_applicable="The connection is not Approved and carries no traffic.",
    )


def _avoids(network: IPv4Network, prefixes: Iterable[str]) -> bool | None:
    """Return whether no prefix overlaps the network. None if one cannot be read and no other overlaps."""
    found = [_overlaps(network, each) for each in prefixes]
    if True in found:
        return False
    return None if None in found or not found else True


def _overlaps(network: IPv4Network, prefix: str) -> bool | None:
    other = network_of(prefix)
    return None if other is None else isinstance(other, IPv4Network) and network.overlaps(other)


CHECKS = (
    one_endpoint_is_in_the_network_of_the_dependencies,
    virtual_network_does_not_use_dockers_addresses,
)
