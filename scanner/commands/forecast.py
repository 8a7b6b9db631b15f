"""`azml-audit scan --plan`: how many requests the scan would send, and how long Azure makes it take."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace

from rich.console import Console

from checks.registry import registry
from scanner.choices import Discover, ExitCode
from scanner.commands.connections import Connection
from scanner.commands.gathering import Clock, arm_of, now
from scanner.commands.job import Job, asked_for
from scanner.errors import UsageError
from scanner.payloads import json_members
from scanner.payloads.json_members import resource_group_of
from scanner.payloads.payload import Gap, Payload
from scanner.policies import LoadedPolicy, loaded, management_groups
from scanner.reading.discovery import QUERY_WITH_REGIONS, Discovery
from scanner.reading.forecast import Forecast, Range, Regions, forecast
from scanner.reading.scope import Subscription, subscriptions
from scanner.scope.wanted import Wanted
from scanner.scope.workspaces import left_out_by
from scanner.tables.graph_rows import GRAPH
from scanner.tables.tabulate import item_kind
from scanner.terminal import Terminal, print_line, print_lines, table


@dataclass(frozen=True, kw_only=True)
class _Counted:
    """Counts from Resource Graph and the list of subscriptions: workspaces by subscription and region, and requests."""

    names: Mapping[str, str]
    workspaces: Mapping[str, Regions]
    uncounted: Sequence[Subscription]
    requests: Mapping[str, int]
    gaps: Sequence[Gap]


def show_forecast(
    job: Job,
    connect: Callable[[], Connection],
    terminal: Terminal,
    *,
    as_json: bool,
    clock: Clock = now,
) -> int:
    """Print the forecast, and return 0, or 3 if the workspaces of a subscription could not be counted.

    The command reads no workspace: Resource Graph counts them. Raises UsageError if it may not be asked.
    """
    if job.discover is Discover.ARM:
        raise UsageError(
            "--plan counts workspaces with Resource Graph, which --discover arm leaves out. Leave out one of the two."
        )
    policies = loaded(job.policies, registry())
    counted = asyncio.run(_counted(job, policies, connect(), clock))
    found = forecast(
        counted.workspaces,
        asked_for(job, policies),
        job.patience,
        counted.requests,
        lists_empty=job.discover is not Discover.GRAPH,
    )
    show = _show_json if as_json else _show
    show(found, counted, job, terminal.out)
    for gap in counted.gaps:
        terminal.complain(f"azml-audit: {gap.asked} of {gap.scope}: {gap.code}: {gap.message} {gap.closes}")
    return ExitCode.INCOMPLETE if counted.gaps or counted.uncounted else ExitCode.SATISFIED


async def _counted(
    job: Job, policies: Sequence[LoadedPolicy], connected: Connection, clock: Clock
) -> _Counted:
    requests: Counter[str] = Counter()
    regions: dict[str, str] = {}
    gaps: list[Gap] = []

    def keep(item: Payload | Gap) -> None:
        requests[item_kind(item)] += 1
        if isinstance(item, Gap):
            gaps.append(item)
        elif item.kind == GRAPH:
            for row in json_members.objects(item.document, "data") or ():
                regions[json_members.key(str(row.get("id")))] = str(row.get("location")).lower()

    wanted = replace(job.wanted, known_groups=management_groups(policies))
    async with AsyncExitStack() as stack:
        arms = [
            await stack.enter_async_context(arm_of(each, job, connected, clock=clock))
            for each in (connected, *connected.others)
        ]
        chosen = await subscriptions(arms, wanted, keep)
        shown = await Discovery(*arms, is_demanded=True, query=QUERY_WITH_REGIONS).read(chosen, keep)
    return _Counted(
        names={each.id: each.facts.name or each.id for each in chosen},
        workspaces={
            each.id: Counter(
                regions.get(one, "") for one in shown[each.key].workspaces if _may_be_in_scope(wanted, one)
            )
            for each in chosen
            if each.key in shown
        },
        uncounted=[each for each in chosen if each.key not in shown],
        requests=requests,
        gaps=gaps,
    )


def _may_be_in_scope(wanted: Wanted, workspace_id: str) -> bool:
    """Check whether no rule leaves out a workspace by its resource group. Its tags are not known."""
    return left_out_by(wanted, resource_group_of(workspace_id), None) is None


def _show(found: Forecast, counted: _Counted, job: Job, out: Console) -> None:
    workspaces, total = _number(counted), found.total
    print_lines(
        out,
        f"Expected: {total.expected:,} requests for {workspaces:,} workspaces in {len(counted.workspaces):,} "
        "subscriptions. Nothing of a workspace was read for this forecast.\n",
    )
    listed = table("Kind", "At least", "Expected", "At most", whole=("Kind",))
    for kind, each in (*found.kinds.items(), ("all", total)):
        listed.add_row(kind, *_cells(each))
    out.print(listed)
    print_line(out, "")
    print_line(out, _time(found, counted, job))
    if counted.uncounted:
        names = ", ".join(each.facts.name or each.id for each in counted.uncounted[:5])
        print_line(out, f"Not counted: {len(counted.uncounted):,} subscriptions, such as {names}.")


def _number(counted: _Counted) -> int:
    return sum(sum(regions.values()) for regions in counted.workspaces.values())


def _cells(each: Range) -> tuple[str, str, str]:
    return f"{each.least:,}", f"{each.expected:,}", "no limit" if each.most is None else f"{each.most:,}"


def _time(found: Forecast, counted: _Counted, job: Job) -> str:
    bucket = (
        f"Azure Resource Manager allows {job.patience.burst:g} requests at once and then "
        f"{job.patience.reads_per_second:g} a second in each subscription."
    )
    if not found.largest:
        return bucket
    name = counted.names[found.largest]
    largest = f"The largest subscription, {name}, takes {found.in_largest:,} requests"
    if not found.seconds:
        return f"{bucket} {largest}: Azure does not make the scan wait."
    return f"{bucket} {largest}: the scan takes at least {found.seconds:,.0f} s."


def _show_json(found: Forecast, counted: _Counted, job: Job, out: Console) -> None:
    shown = {
        "subscriptions": len(counted.workspaces),
        "uncounted_subscriptions": [each.id for each in counted.uncounted],
        "workspaces": _number(counted),
        "requests": asdict(found.total),
        "kinds": {kind: asdict(each) for kind, each in found.kinds.items()},
        "bucket": {
            "burst": job.patience.burst,
            "per_second": job.patience.reads_per_second,
            "largest_subscription": found.largest or None,
            "requests_in_largest": found.in_largest,
            "seconds": round(found.seconds, 1),
        },
    }
    print_lines(out, json.dumps(shown, indent=2))
