"""A pasted text closes public access only behind an approved private endpoint."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from checks.registry import BUILT_IN, registry
from tests.support.fix_lines import filled
from tests.support.fixes.commands.alternatives import alternatives, labelled

_CLOSES = re.compile(r'publicNetworkAccess(?:ForQuery)?(?:"+: "|=)Disabled')
_ASKED = re.compile(r"private-endpoint-connection list|PrivateLinkScopedResources")
CLOSING = [check.id for check in BUILT_IN if _ASKED.search(check.remediation.az)]
_STUB = """#!/bin/bash
printf '%s ' "$@" >> "$CALLS"; echo >> "$CALLS"
case "$*" in
  *"private-endpoint-connection list"*|*PrivateLinkScopedResources*) if [ -n "$APPROVED" ]; then echo "$APPROVED"; fi ;;
  *onlineEndpoints*) echo /open-endpoint ;;
  *associatedWorkspaces*) echo /workspace ;;
  *ipRules*) echo 203.0.113.7 ;;
esac
"""


def pasted(text: str, folder: Path, approved: str) -> tuple[str, list[str]]:
    """Run the text in bash, and return what it prints and the calls of az that close something."""
    programs, calls = folder / "bin", folder / "calls"
    programs.mkdir(exist_ok=True)
    az = programs / "az"
    az.write_text(_STUB, encoding="utf-8")
    az.chmod(0o700)
    calls.write_text("", encoding="utf-8")
    names = dict.fromkeys(re.findall(r"\$([A-Z_]+)", text), "x")
    done = subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-c", text],
        cwd=folder,
        env={**names, "PATH": f"{programs}:/usr/bin:/bin", "CALLS": str(calls), "APPROVED": approved},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    closing = [line for line in calls.read_text(encoding="utf-8").splitlines() if _CLOSES.search(line)]
    removing = [line for line in calls.read_text(encoding="utf-8").splitlines() if '"ipRules": []' in line]
    return done.stdout, closing + removing


@pytest.mark.parametrize("check_id", CLOSING)
def test_without_an_approved_endpoint_the_text_says_why_and_closes_nothing(
    check_id: str, tmp_path: Path
) -> None:
    ways = [
        way
        for way in alternatives(filled(registry()[check_id].remediation)["az"])
        if re.search("(approved|scope)=", way)
    ]
    assert ways
    for way in ways:
        said, closed = pasted(way, tmp_path, "")
        assert closed == []
        if _first_is_closing(way):
            assert re.search("no approved private endpoint|in no private link scope", said)


@pytest.mark.parametrize("check_id", CLOSING)
def test_with_an_approved_endpoint_the_text_closes(check_id: str, tmp_path: Path) -> None:
    ways = [
        way for way in alternatives(filled(registry()[check_id].remediation)["az"]) if _first_is_closing(way)
    ]
    assert ways
    for way in ways:
        said, closed = pasted(way, tmp_path, "/endpoint")
        assert "Nothing is closed" not in said
        assert closed


def _first_is_closing(text: str) -> bool:
    return re.search(r"^(approved|scope)=", text, re.MULTILINE) is not None


def test_every_text_that_closes_a_workspace_or_its_dependency_looks_for_an_endpoint() -> None:
    closing = [
        check.id
        for check in BUILT_IN
        if any(
            "{{endpoint_id}}" not in line and _CLOSES.search(line)
            for line in check.remediation.az.splitlines()
        )
    ]
    assert sorted(set(closing) - set(CLOSING)) == []


def test_every_language_can_close_a_workspace_that_selected_addresses_do_not_fit() -> None:
    fix = registry()["NET002"].remediation
    for text in (fix.az, fix.bicep, fix.terraform):
        assert [label for label, _ in labelled(text)] == [
            "clients come from known public addresses, and the workspace and its Projects have no endpoint",
            "clients use a private endpoint",
        ]
