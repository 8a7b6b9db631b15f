"""What verify names of forgeries whose every digest, id, table and count fits.

A forgery is named by a text, or it lies outside of what a level of assurance covers: then the test shows the
higher level, or the expectation, that finds it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from checks.registry import registry
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.generated import generated_tenant
from scanner.evidence.statement import AskedBy
from scanner.evidence.verifying.expectations import Expectations
from scanner.evidence.verifying.levels import Level
from scanner.payloads.payload import Gap, Payload
from scanner.policies import loaded
from scanner.version import VERSION
from tests.support.evidence.bundles import scan_of, verified, wrong
from tests.support.evidence.forging import Forger, edited
from tests.support.scanning import NOON

TENANT = generated_tenant(subscriptions=3, workspaces=2, rules=2, seed=4)
ONE, OTHER, REFUSED = (str(each["subscriptionId"]) for each in TENANT.subscriptions)
AZURE = "https://management.azure.com"
POLICY = "azure-policy"
"""A shipped policy with few checks, so that deriving is quick."""

FAULTS = (
    Fault(kind=FaultKind.STATUS, status=403, route="workspaces", subscription=REFUSED),
    Fault(kind=FaultKind.STATUS, status=400, code="NoRegisteredProviderFound", route="computes"),
    Fault(kind=FaultKind.RESET, route="batchEndpoints", subscription=ONE),
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A bundle with refusals, superseded answers and answers that broke off, and its root digest."""
    target = tmp_path_factory.mktemp("sealed") / "bundle"
    root = scan_of(TENANT, *FAULTS, policies=(POLICY,), asks_graph=True).seal(target)
    return target, root


def kind(name: str, subscription: str | None = None) -> Callable[[Payload], bool]:
    return lambda payload: (
        payload.kind == name and payload.subscription_id in (subscription or payload.subscription_id,)
    )


def of(subscription: str) -> Callable[[Payload], bool]:
    return lambda payload: payload.subscription_id == subscription


def only(forger: Forger, where: Callable[[Payload], bool]) -> Callable[[Payload], bool]:
    """The first payload like that."""
    one = forger.first(where)
    return lambda payload: payload is one


def again(forger: Forger, where: Callable[[Payload], bool], **fields: Any) -> None:
    """Add a second answer that says something else."""
    one = forger.first(where)

    def soften(document: Any) -> None:
        for item in document["value"]:
            item["properties"] = {**item["properties"], "publicNetworkAccess": "Disabled"}

    forger.add(replace(edited(one, soften), **{"request_id": "again", **fields}))


def misfile(forger: Forger) -> None:
    """Show the rules of one workspace as those of another."""
    first = forger.first(kind("outboundRules"))
    second = forger.first(lambda each: each.kind == "outboundRules" and each.scope != first.scope)
    forger.drop(lambda each: each is second)
    forger.add(replace(first, scope=second.scope, subscription_id=second.subscription_id))


def claim_azure(forger: Forger, **told: Any) -> None:
    forger.claim(is_azure=True, source=f"Azure Resource Manager at {AZURE} (AzureCloud)", **told)


def move_to_azure(forger: Forger) -> None:
    forger.respell(forger.record.endpoint, AZURE)
    claim_azure(forger, cloud="AzureCloud", endpoint=AZURE)


def gut(forger: Forger, folder: Path) -> None:
    """Replace the policy by an empty one with its name."""
    file = folder / "gutted.yaml"
    file.write_text(f"name: {POLICY}\ndescription: Nothing.\nchecks:\n  NET006: {{severity: low}}\n")
    forger.policies = loaded([str(file)], registry())


def enable(forger: Forger) -> None:
    """Do in the answers what a tool would do whose redaction turns one word into another."""
    forger.payloads = [
        edited(each, lambda _: None)
        if not each.body.startswith(b"{")
        else replace(
            each, body=(body := each.body.replace(b'"Enabled"', b'"Disabled"')), document=json.loads(body)
        )
        for each in forger.payloads
    ]


def narrow(forger: Forger) -> None:
    forger.drop(lambda each: each.subscription_id in (OTHER, REFUSED))
    forger.claim(asked_for={"subscriptions": [ONE]})


def invent_a_failure(forger: Forger) -> None:
    forger.drop(of(OTHER))
    request = forger.first(kind("workspaces", ONE)).ask.request.replace(ONE, OTHER)
    invented = Gap(
        scope=f"/subscriptions/{OTHER}",
        subscription_id=OTHER,
        asked="workspaces",
        request=request,
        code="ClientOSError",
        message="No complete answer came.",
        closes="Run the audit again.",
    )
    forger.gaps.append(invented)


def spare(forger: Forger) -> None:
    """Leave a workspace out of its list and of Resource Graph, with all answers about it."""
    gone = forger.first(kind("outboundRules", OTHER)).scope.lower()

    def leave_out(document: Any) -> None:
        for name in ("value", "data"):
            if name in document:
                document[name] = [each for each in document[name] if each["id"].lower() != gone]
        if "totalRecords" in document:
            document["totalRecords"] -= 1

    forger.edit(kind("workspaces", OTHER), leave_out)
    forger.edit(lambda each: each.kind == "resourceGraph" and OTHER in each.request_body, leave_out)
    forger.drop(lambda each: each.scope.lower().startswith(gone))


NAMED: dict[str, tuple[Callable[[Forger], object], str]] = {
    "all answers but the list of subscriptions are gone": (
        lambda forger: forger.drop(lambda each: each.kind != "subscriptions"),
        "was asked for, and has no answer, refusal or gap",
    ),
    "the answers of one subscription are gone": (
        lambda forger: forger.drop(of(OTHER)),
        f"Subscription {OTHER} was asked for, and has no answer",
    ),
    "a refusal is gone": (
        lambda forger: forger.drop(of(REFUSED)),
        f"Subscription {REFUSED} was asked for, and has no answer",
    ),
    "the list of subscriptions is gone": (
        lambda forger: forger.drop(kind("subscriptions")),
        "No answer, refusal or gap lists the subscriptions",
    ),
    "Resource Graph's answers are gone": (
        lambda forger: forger.drop(lambda each: each.kind == "resourceGraph"),
        "Discovery asks Resource Graph about subscription",
    ),
    "Resource Graph is said not to have been asked": (
        lambda forger: forger.claim(asked_for={"discovery": "arm"}),
        "Resource Graph answered, and the statement does not ask it",
    ),
    "the rules of one workspace are gone": (
        lambda forger: forger.drop(only(forger, kind("outboundRules"))),
        "outboundRules of /subscriptions/",
    ),
    "the computes of one workspace are gone": (
        lambda forger: forger.drop(
            only(forger, lambda each: each.kind == "computes" and not each.superseded)
        ),
        "computes of /subscriptions/",
    ),
    "an associated resource is gone": (
        lambda forger: forger.drop(only(forger, kind("associatedResource"))),
        "associatedResource of /subscriptions/",
    ),
    "the gaps without answers are gone": (
        lambda forger: setattr(forger, "gaps", []),
        "batchEndpoints of /subscriptions/",
    ),
    "the last page of a list is gone": (
        lambda forger: forger.drop(
            only(forger, lambda each: "skip" in each.url and each.kind == "subscriptions")
        ),
        "which the evidence does not hold",
    ),
    "the statement asks for less than the answers": (
        lambda forger: forger.claim(asked_for={"subscriptions": [ONE]}),
        f"Subscription {OTHER} has answers, and the statement does not ask for it",
    ),
    "the statement asks for less than the policies need": (
        lambda forger: forger.claim(asked_for={"kinds": []}),
        "The policies need computes, and the statement does not ask for it",
    ),
    "the statement asks for a group that nobody listed": (
        lambda forger: forger.claim(asked_for={"management_groups": ["corp"]}),
        "Management group corp was asked for, and has no answer",
    ),
    "the statement asks for a subscription that nobody names": (
        lambda forger: forger.claim(asked_for={"subscriptions": ["Payments"]}),
        "Subscription 'Payments' was asked for, and no answer names it",
    ),
    "a second answer": (lambda forger: again(forger, kind("workspaces", ONE)), "one question has one answer"),
    "a second answer at another version": (
        lambda forger: again(
            forger,
            kind("workspaces", ONE),
            url=forger.first(kind("workspaces", ONE)).url.replace("2025-12-01", "2025-09-01"),
            api_version="2025-09-01",
        ),
        "one question has one answer",
    ),
    "a second answer in another spelling": (
        lambda forger: again(
            forger,
            kind("workspaces", ONE),
            url=forger.first(kind("workspaces", ONE)).url.replace("workspaces?", "%77orkspaces?empty=&"),
        ),
        "one question has one answer",
    ),
    "a page that no page leads to": (
        lambda forger: again(
            forger, kind("workspaces", ONE), url=forger.first(kind("workspaces", ONE)).url + "&$skipToken=9"
        ),
        "is a later page that no answer leads to",
    ),
    "a refusal marked superseded": (
        lambda forger: forger.change(kind("workspaces", REFUSED), superseded=True),
        "is marked superseded, and no other answer replaces it",
    ),
    "a refused version marked superseded, without the answer at another version": (
        lambda forger: forger.drop(
            only(forger, lambda each: each.kind == "computes" and not each.superseded)
        ),
        "computes of /subscriptions/",
    ),
    "an answer marked superseded": (
        lambda forger: forger.change(only(forger, kind("outboundRules")), superseded=True),
        "is marked superseded, and nothing in it was refused",
    ),
    "a superseded answer that counts again": (
        lambda forger: forger.change(
            only(forger, lambda each: each.superseded and each.kind == "computes"), superseded=False
        ),
        "one question has one answer",
    ),
    "the rules of another workspace": (misfile, "does not ask for outboundRules of"),
    "a narrower query to Resource Graph": (
        lambda forger: forger.change(
            lambda each: each.kind == "resourceGraph",
            request_body=forger.first(lambda each: each.kind == "resourceGraph").request_body.replace(
                "| project", "| where location =~ 'nowhere' | project"
            ),
        ),
        "another query than azml-audit sends",
    ),
    "finished before started": (
        lambda forger: forger.claim(finished_at=NOON - timedelta(hours=1)),
        "before it started",
    ),
    "finished in the future": (
        lambda forger: forger.claim(finished_at=NOON + timedelta(days=36500)),
        "in the future",
    ),
    "started a year ago, when a waiver was still valid": (
        lambda forger: forger.claim(started_at=NOON - timedelta(days=365)),
        "A scan starts with its first answer, and waivers count as of its day",
    ),
    "started after its answers": (
        lambda forger: forger.claim(
            started_at=NOON + timedelta(hours=1), finished_at=NOON + timedelta(hours=2)
        ),
        "before the scan's start",
    ),
    "an answer of another day": (
        lambda forger: forger.change(
            only(forger, kind("outboundRules")), retrieved_at=NOON + timedelta(days=1)
        ),
        "after the scan's end",
    ),
    "this machine presented as Azure": (claim_azure, "is a server on one machine"),
    "this machine presented as Azure, by its endpoint too": (
        lambda forger: claim_azure(forger, endpoint=AZURE, cloud="AzureCloud"),
        "was asked at http://127.0.0.1",
    ),
    "Azure in the words of reports alone": (
        lambda forger: forger.claim(source=f"Azure Resource Manager at {AZURE} (AzureCloud)"),
        "follows from the endpoint and the cloud",
    ),
    "a cloud at the endpoint of another": (
        lambda forger: forger.claim(cloud="AzureCloud"),
        "The endpoint of AzureCloud is",
    ),
    "one answer of another host": (
        lambda forger: forger.change(
            only(forger, kind("outboundRules")),
            url=forger.first(kind("outboundRules")).url.replace("127.0.0.1", "127.0.0.2"),
        ),
        "was asked at http://127.0.0.2",
    ),
    "answers of Azure presented as files": (
        lambda forger: forger.claim(source="the export x: files", endpoint=""),
        "answers are files",
    ),
    "a replay that is none": (
        lambda forger: forger.claim(replay_of="ab" * 32),
        "one claims a replay",
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_forgery_is_named(name: str, bundle: tuple[Path, str], tmp_path: Path) -> None:
    forge, words = NAMED[name]
    forger = Forger.of(bundle[0])
    forge(forger)
    forger.seal(tmp_path / "forged.zip")
    found = verified(tmp_path / "forged.zip")
    assert found.steps[0].wrong == ()
    assert any(words in each for each in wrong(found)), (wrong(found), found.steps)
    assert (found.level, int(found.exit_code)) == (None, 1)


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A forgery that a consistent bundle can be, and the expectation that finds it."""

    forge: Callable[[Forger], object]
    expected: Expectations | None = None
    words: str = ""


OUTSIDE = {
    "answers edited, as by a tool whose redaction alters them": Outside(forge=enable),
    "a workspace that nobody mentions": Outside(forge=spare),
    "a scan of this machine with every host respelt": Outside(forge=move_to_azure),
    "a scope narrowed everywhere": Outside(
        forge=narrow,
        expected=Expectations(subscriptions=(ONE, OTHER)),
        words=f"Subscription {OTHER} is expected, and the scan did not read it",
    ),
    "another identity": Outside(
        forge=lambda forger: forger.claim(
            asked_by=AskedBy(identity_type="user", tenant_id="t", object_id="o", application_id="a")
        ),
        expected=Expectations(identity="somebody"),
        words="Identity somebody is expected; asked by: a, o",
    ),
    "another tool version": Outside(
        forge=lambda forger: forger.claim(tool_version="9.9.9"),
        expected=Expectations(tool_version=VERSION),
        words=f"azml-audit {VERSION} is expected, and 9.9.9 sealed the bundle",
    ),
    "a refusal invented in place of answers": Outside(
        forge=invent_a_failure,
        expected=Expectations(subscriptions=(ONE, OTHER, REFUSED)),
        words=f"Subscription {OTHER} is expected, and was not read",
    ),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_forgery_outside_of_a_consistent_bundle_is_found_by_the_root_digest(
    name: str, bundle: tuple[Path, str], tmp_path: Path
) -> None:
    case = OUTSIDE[name]
    forger = Forger.of(bundle[0])
    case.forge(forger)
    forger.seal(tmp_path / "forged")
    found = verified(tmp_path / "forged")
    assert wrong(found) == []
    assert found.level is Level.CONSISTENT
    assert "nobody vouches for it" in found.conclusion
    assert any("root digest" in each for each in wrong(verified(tmp_path / "forged", root=bundle[1])))
    if case.expected:
        told = wrong(verified(tmp_path / "forged", expectations=case.expected))
        assert any(case.words in each for each in told), told


def test_a_gutted_policy_is_not_as_shipped(bundle: tuple[Path, str], tmp_path: Path) -> None:
    forger = Forger.of(bundle[0])
    gut(forger, tmp_path)
    forger.seal(tmp_path / "forged")
    notes = [text for step in verified(tmp_path / "forged").steps for text in step.open]
    assert f"Policy {POLICY} is NOT as shipped in azml-audit {VERSION}." in notes
    told = wrong(verified(tmp_path / "forged", expectations=Expectations(policies=(POLICY,))))
    assert any(f"Policy {POLICY}, with its waivers, is expected" in each for each in told), told
    holds = [text for step in verified(bundle[0]).steps for text in step.holds]
    assert f"Policy {POLICY} is as shipped in azml-audit {VERSION}." in holds


def test_nothing_is_wrong_with_the_bundle_itself(bundle: tuple[Path, str], tmp_path: Path) -> None:
    assert wrong(verified(bundle[0])) == []
    assert Forger.of(bundle[0]).seal(tmp_path / "again.zip") == bundle[1]
