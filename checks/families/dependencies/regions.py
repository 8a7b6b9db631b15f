"""RES017: the region of a dependency."""

from __future__ import annotations

from checks.contract.tables import Tables
from checks.contract.three_valued import of_workspace, says, texts
from checks.families import pages
from checks.families.dependencies.facts import READ, has_role, is_read, why_unknown
from checks.fixes.protection import REGION_KNOWN
from checks.model import Answers, Check, Params, Severity, answer, check


@check(
    id="RES017",
    title="Dependency is in the workspace's region",
    over="associated_resources",
    severity=Severity.LOW,
    reads=(*READ, "associated_resources.location", "associated_resources.sku", "workspaces.location"),
    remediation=REGION_KNOWN,
    references=(pages.NETWORK_PLANNING,),
    follows=("RES013",),
    looks_at="row",
)
def dependency_is_in_the_workspaces_region(tables: Tables, _params: Params) -> Answers:
    """Traffic to a dependency in another region crosses regions, which costs, delays and may break residency rules.

    Asked of each storage account, key vault, container registry and Application Insights: `location` equals the
    workspace's, whatever the case and the spaces. Microsoft recommends one region for all resources. A
    dependency that does not exist or was not read, and a location that was not reported, are unknown. So is a registry
    in another region, unless its tier is Basic or Standard, because a Premium one may have a replica in the region.
    """
    resources = tables.associated_resources
    own, home = resources["location"], of_workspace(tables.workspaces["location"], resources)
    same = texts(own, _folded).eq(texts(home, _folded))
    may_be_replicated = has_role(resources, "registry") & ~says(resources["sku"], "Basic", "Standard").fillna(
        value=False
    )
    known = own.fillna("").ne("") & home.fillna("").ne("") & ~(may_be_replicated & ~same.fillna(value=False))
    return answer(
        known=known & is_read(resources).fillna(value=False),
        passed=same,
        observed="location " + own.fillna("not reported"),
        expected="location " + home.fillna("of the workspace"),
        failed="{resource} is in " + own.fillna("") + ", and its workspace is in " + home.fillna("") + ".",
        unknown=why_unknown(
            resources, "Its location or the workspace's was not reported, or a registry may have a replica."
        ),
    )


def _folded(region: str) -> str:
    return region.replace(" ", "").lower()


CHECKS: tuple[Check, ...] = (dependency_is_in_the_workspaces_region,)
