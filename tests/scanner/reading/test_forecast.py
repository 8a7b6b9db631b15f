"""`scan --plan`: the forecast beside what the same scan then asks of the emulator."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scanner.azure.pipeline import Patience
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.routes import ASSOCIATED_LIST, target_of
from scanner.emulator.tenants.dependencies import closed
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Tenant
from scanner.reading.collection import EVERYTHING, Collection
from scanner.reading.forecast import forecast
from scanner.reading.resource_lists import ASSOCIATED_LISTS
from tests.support.command_line import run, served
from tests.support.worlds.omissions import REGIONS, SETTINGS, Made, tenant_of

OMITTING = [
    Made(
        number=each,
        subscription=each % 3,
        region=REGIONS[each % 2],
        is_set=frozenset(SETTINGS) - {"encryption", "serverlessComputeSettings"},
        hides=frozenset(),
    )
    for each in range(18)
]
OMISSIONS = tenant_of(OMITTING)
OMISSIONS = replace(
    OMISSIONS,
    resources=(*OMISSIONS.resources, *(each for made in OMITTING for each in closed(made.site))),
)
TENANTS = {
    "demo": demo_tenant(),
    "many subscriptions": generated_tenant(subscriptions=6, workspaces=5, rules=2, with_dependencies=True),
    "many workspaces": generated_tenant(subscriptions=1, workspaces=60, rules=2, with_dependencies=True),
    "lists that leave members out": OMISSIONS,
}
POLICIES = {
    "baseline": ("--policy", "baseline"),
    "internet-outbound": ("--policy", "internet-outbound"),
    "everything": ("--collect", "all"),
}
NO_GRAPH = Fault(kind=FaultKind.STATUS, status=403, route="resourceGraph")


def planned(
    tenant: Tenant, folder: Path, *options: str, faults: tuple[Fault, ...] = ()
) -> tuple[int, str, str, list[str]]:
    """The exit code and the output of a forecast, and the paths that it asked for."""
    with served(tenant, folder, *faults) as (emulator, sign_in, environment):
        code, out, err = run("scan", *sign_in, "--plan", *options, env=environment)
        return code, out, err, [each.path for each in emulator.requests]


def asked(tenant: Tenant, folder: Path, *options: str) -> dict[str, int]:
    """How many requests a scan of the tenant sends, by kind."""
    with served(tenant, folder) as (emulator, sign_in, environment):
        bundle = folder / "evidence"
        arguments = (
            "scan",
            *sign_in,
            *options,
            "-q",
            "-o",
            str(folder / "report"),
            "--evidence",
            str(bundle),
        )
        code, _, errors = run(*arguments, env=environment)
        assert code in (0, 1, 3), errors
        sent = [each for each in emulator.requests if each.path.startswith(("/subscriptions", "/providers"))]
    lines = [
        line for file in (bundle / "payloads").iterdir() for line in file.read_text("utf-8").splitlines()
    ]
    answers = [json.loads(line) for line in lines]
    kinds = Counter(each["kind"] for each in answers if "kind" in each and "of_list" not in each)
    kinds[ASSOCIATED_LISTS] = sum(target_of(each.path).route == ASSOCIATED_LIST for each in sent)
    assert sum(kinds.values()) == len(sent)
    return kinds


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", TENANTS)
def test_a_scan_asks_what_was_forecast(name: str, policy: str, tmp_path: Path) -> None:
    """Each kind is between its limits. In all, at most a quarter and three a subscription more are expected."""
    tenant, options = TENANTS[name], POLICIES[policy]
    code, out, _, _ = planned(tenant, tmp_path, *options, "--json")
    assert code == 0
    found = json.loads(out)
    sent = asked(tenant, tmp_path, *options)
    for kind, count in sent.items():
        limits = found["kinds"].get(kind, {"least": 0, "most": 0})
        assert limits["least"] <= count, kind
        assert limits["most"] is None or count <= limits["most"], kind
    total = sum(sent.values())
    assert found["requests"]["least"] <= total
    assert total <= found["requests"]["expected"] <= total * 1.25 + 3 * len(tenant.subscriptions)


def test_subscriptions_share_the_proofs_of_a_region() -> None:
    lists = Collection(kinds=frozenset({"associatedResource"}), members=frozenset({"encryption"}))
    apart = {f"s{each}": {f"region{each}": 5} for each in range(4)}
    together = {each: {"eastus": 5} for each in apart}
    for tenant, regions in ((apart, 4), (together, 1)):
        kinds = forecast(tenant, **numbers(collection=lists)).kinds
        assert (kinds["workspace"].expected, kinds["associatedResource"].expected) == (
            3 * regions,
            12 * regions,
        )


def test_nothing_of_a_workspace_is_read(tmp_path: Path) -> None:
    code, out, _, paths = planned(TENANTS["demo"], tmp_path)
    assert code == 0
    assert "Nothing of a workspace was read" in out
    asked_for = {path for path in paths if "oauth2" not in path and "/metadata/" not in path}
    assert asked_for == {"/subscriptions", "/providers/Microsoft.ResourceGraph/resources"}


def test_a_forecast_writes_nothing(tmp_path: Path) -> None:
    planned(TENANTS["demo"], tmp_path, "-o", str(tmp_path / "report"), "--evidence", str(tmp_path / "e.zip"))
    assert [path.name for path in tmp_path.iterdir()] == ["ca.pem"]


def test_a_scope_is_what_is_counted(tmp_path: Path) -> None:
    tenant = TENANTS["many subscriptions"]
    _, out, _, _ = planned(tenant, tmp_path, "--subscription", "generated-0003", "--json")
    found = json.loads(out)
    assert (found["subscriptions"], found["workspaces"]) == (1, 5)
    assert found["bucket"]["largest_subscription"] == tenant.subscriptions[3]["subscriptionId"]


def test_a_refusal_of_resource_graph_is_named_and_exits_3(tmp_path: Path) -> None:
    code, out, err, paths = planned(TENANTS["demo"], tmp_path, faults=(NO_GRAPH,))
    assert code == 3
    assert "Not counted" in out
    assert "Microsoft.ResourceGraph" in err
    assert not any(path.lower().endswith("/workspaces") for path in paths)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--plan", "--discover", "arm"), "--plan counts workspaces with Resource Graph"),
        (("--json",), "--json prints a forecast: add --plan"),
        (("--plan", "--from", "evidence.zip"), "--plan: not allowed with --from"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: tuple[str, ...], message: str, tmp_path: Path) -> None:
    with served(TENANTS["demo"], tmp_path) as (_, sign_in, environment):
        reach = () if "--from" in options else sign_in
        code, _, err = run("scan", *reach, *options, env=environment)
    assert code == 2
    assert message in " ".join(err.split())


def numbers(**changes: Any) -> dict[str, Any]:
    return {"collection": EVERYTHING, "patience": Patience(), "before": {"subscriptions": 1}} | changes


def test_the_bucket_of_the_largest_subscription_decides_the_time() -> None:
    only_lists = Collection(kinds=frozenset({"computes", "onlineEndpoints"}), members=frozenset())
    found = forecast({"small": {"eastus": 10}, "large": {"eastus": 500}}, **numbers(collection=only_lists))
    in_large = 10 + 2 * 500
    assert (found.largest, found.in_largest) == ("large", in_large)
    assert found.seconds == pytest.approx((in_large - 250) / 25)
    slow = replace(Patience(), burst=1000.0, reads_per_second=1.0)
    assert (
        forecast({"large": {"eastus": 500}}, **numbers(collection=only_lists, patience=slow)).seconds == 10.0
    )
    assert forecast({"small": {"eastus": 10}}, **numbers(collection=only_lists)).seconds == 0.0


@pytest.mark.parametrize(("lists_empty", "lists"), [(True, 2), (False, 1)])
def test_empty_subscriptions_are_listed_unless_resource_graph_leads(lists_empty: bool, lists: int) -> None:
    found = forecast({"full": {"eastus": 3}, "empty": {}}, **numbers(), lists_empty=lists_empty)
    assert found.kinds["workspaces"].least == found.kinds["workspaces"].expected == lists


def test_no_subscription_needs_nothing_more() -> None:
    found = forecast({}, **numbers())
    assert (found.total.expected, found.largest, found.seconds) == (1, "", 0.0)
