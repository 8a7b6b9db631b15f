"""SCN001, SCN002 and SCN005: a scenario works if every host that its documentation names is reachable."""

from __future__ import annotations

from collections.abc import Iterable

from checks.contract.tables import Tables
from checks.families.scenarios.asked import (
    NOT_BUILT,
    SCENARIOS,
    UNSETTLED,
    RequiredScenarios,
    Scenario,
    may_be_built,
    seen,
    set_aside,
)
from checks.families.scenarios.facts import HOST_READS, Networks, summed
from checks.fixes.scenarios import HUGGING_FACE_ALLOWED, PACKAGES_ALLOWED, VS_CODE_ALLOWED
from checks.model import Answers, Check, Remediation, Severity, answer, check
from checks.network.destinations import Host
from checks.network.scenario_hosts import HUGGING_FACE_HOSTS, PACKAGE_HOSTS, VS_CODE_HOSTS

_DECISION = """

    Every documented host has to be reachable; one written as a wildcard is, where a rule covers every
    name under it. Going to the internet is enough; where only approved outbound is allowed an active rule
    has to open port 443. A network that is not provisioned yet is not judged. With isolation off the
    customer's network decides, which is unknown, as are rules that were not all read.
    """


def _hosts_check(
    *,
    id: str,
    title: str,
    scenario: Scenario,
    hosts: Iterable[str],
    why: str,
    remediation: Remediation,
    references: tuple[str, ...] = (),
) -> Check:
    """Return the check that `hosts` are reachable where a policy requires `scenario`. `why` is its rationale."""

    def hosts_are_reached(tables: Tables, params: RequiredScenarios) -> Answers:
        if scenario not in params.required:
            return set_aside(tables.workspaces)
        networks = Networks(tables)
        reached, missing = summed({host: networks.reach(Host(name=host)) for host in hosts})
        return answer(
            known=reached.notna(),
            passed=reached,
            applies=may_be_built(tables.workspaces),
            observed=seen(reached, missing),
            expected="reachable: " + ", ".join(hosts),
            failed="No active rule reaches " + missing + ".",
            unknown=UNSETTLED,
            not_applicable=NOT_BUILT,
        )

    hosts_are_reached.__doc__ = why + _DECISION
    return check(
        id=id,
        title=title,
        over="workspaces",
        severity=Severity.INFORMATIONAL,
        reads=HOST_READS,
        remediation=remediation,
        references=(SCENARIOS, *references),
        params=RequiredScenarios,
        looks_at="workspace",
    )(hosts_are_reached)


python_packages_can_be_installed = _hosts_check(
    id="SCN001",
    title="Python packages can be installed",
    scenario="python-packages",
    hosts=PACKAGE_HOSTS,
    why="Most environments cannot be built without the package indexes, and their jobs fail late.",
    remediation=PACKAGES_ALLOWED,
)

vs_code_works = _hosts_check(
    id="SCN002",
    title="VS Code works",
    scenario="vs-code",
    hosts=VS_CODE_HOSTS,
    why="VS Code installs its server and extensions on the compute instance, and hangs if it cannot download them.",
    remediation=VS_CODE_ALLOWED,
    references=("https://code.visualstudio.com/docs/setup/network",),
)

hugging_face_models_can_be_pulled = _hosts_check(
    id="SCN005",
    title="Hugging Face models can be pulled",
    scenario="hugging-face",
    hosts=HUGGING_FACE_HOSTS,
    why="A deployment of a Hugging Face model pulls its image and weights from hosts outside Azure.",
    remediation=HUGGING_FACE_ALLOWED,
)
