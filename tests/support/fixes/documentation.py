"""Write docs/fixes.md: what was proven of each fix.

`python -m tests.support.fixes.documentation` proves every fix and writes the page, which takes some minutes. With
ids of checks it renews only their rows, and with `new` it adds the rows of new checks, as `make docs` does. A slow
test proves each row again.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from checks.registry import BUILT_IN
from reports.literals import texts
from tests.support.fixes.cases import cases
from tests.support.fixes.effect import Effect, proofs
from tests.support.fixes.reasons import NO_TEXT, reason_of
from tests.support.fixes.sources import sources
from tests.support.places import ROOT

PAGE = ROOT / "docs" / "fixes.md"
PROVEN, ON_NEW, PARSED = "effect proven", "effect proven on a new resource", "parsed"
NOT_PROVEN = "**not proven**"
NEW = "new"

_HEAD = "| check | az | Bicep | Terraform |\n| --- | --- | --- | --- |\n"
_NAMES = {"az": "az", "bicep": "Bicep", "terraform": "Terraform"}

_BEGINNING = """\
# What is proven of the fixes

Written by `python -m tests.support.fixes.documentation`; do not edit it by hand. The tests in
`tests/checks/fixes` prove each row again, offline.

azml-audit prints a fix for az, Bicep and Terraform. It runs none of them. This page shows what was proven of each
text, and what only Azure can decide.

- **effect proven, 7 of 9**: the text was applied as printed to 7 of the 9 failing resources of the demo tenant, each in
  a tenant of its own that was scanned again. The check passes, or the resource is gone. No other check of a shipped
  policy fails that did not fail before, for any resource. No check that passed fails, except a check of no shipped
  policy that the caution names. A waiver or a parameter of the policy that the text prints counts. No setting of a
  written resource was lost.
- **effect proven on a new resource**: the same, but the text creates a second resource, for which the check passes.
  You delete the old one yourself.
- **2 by the az steps**: for the other 2 the template prints no resources, because it cannot express the steps. It
  names the az steps, whose effect is proven.
- **parsed**: a parser read the text, and it was compared with the definitions below. Its effect was not evaluated, or
  it does not help the failing resource of the demo tenant, for the reason given.
- **no text**: the fix has no text in this language, for the reason given.

The page of a report prints the text for its finding: for the kind of the workspace, the type of the endpoint or
dependency, and whether an approved private endpoint leads to what the text closes. Without one, a template creates the
endpoint and its DNS zones first. These texts are proven. `azml-audit checks show` and docs/checks.md have no finding:
they print every kind as a labelled alternative, and the private endpoint first.

Every text is also parsed, whatever its cell shows. Every failing resource is tried, and no proof of one counts for
another. Only tenants that came out equal, document by document, are judged once. The label of an alternative is a fact
or a choice of the reader: the tenant decides a fact, and each choice has to be right. If a text sends the reader to the
fix of another check, that fix is applied too. az steps that close something are applied to a resource with an approved
private endpoint, because without one they close nothing.

## How

- **az**: bash runs the text with an `az` that sends its requests to an emulated tenant. `az ml` commands run through
  azure-ai-ml {ai_ml}, so their bodies are those of that package. `az rest` and `az resource update` send what they
  print. A table maps the few other commands to their requests, with a source for each. Every command is compared with
  its options: {core}; and for `az ml` the source of the extension ({ml}).
- **Bicep**: tree-sitter-bicep reads the text. Each resource is compared with the type definitions of {bicep}:
  unknown, read-only and missing members, and allowed values. Resources marked as lines for your own template are
  merged into the existing resource, others replace it.
- **Terraform**: python-hcl2 reads the text. azapi bodies are compared with the same type definitions, and every
  resource with the arguments of its provider: {providers}. The effect of azapi resources is evaluated.
- **The emulated tenant** accepts PUT, PATCH, DELETE and the provisioning of a network in these tests only. It refuses
  what Azure's contract and documentation refuse: a PATCH with a member outside the contract, a change to a compute
  that is fixed at creation, isolation while computes or endpoints exist, a mode that cannot go back. If a fix asks
  the user to set names, the tests set example values.

## Why computes are saved by `az rest`

`az ml compute show` and `az ml compute create` do not return a compute as it was. In azure-ai-ml {ai_ml}, which the
extension runs, a description has no member for local authentication and none for the sharing of applications:

- a cluster with an administrator account is created with local authentication, even if it was disabled
  (`entities/_compute/aml_compute.py`, `disableLocalAuth = not self.ssh_settings`);
- an instance with an open SSH port is created with local authentication, even if it was disabled
  (`entities/_compute/compute_instance.py`, `disable_local_auth = not self.ssh_public_access_enabled`);
- an instance whose applications only its user may open is created with the policy Shared (the same file);
- the saved description of a cluster without a subnet cannot be created at all (`network_settings: {{}}`).

The steps use `az rest` instead: they save the description that Azure returns, and change one member of it. A test shows
each of these four losses, and that every member survives the printed steps: identity, scale, assigned user, SSH key,
idle shutdown, schedules, setup scripts, tags, sharing policy and local authentication.

## What only Azure can decide

- Whether a deployment succeeds: quotas, regions, names that are taken, policies, locks and role assignments.
- Whether an api-version is served in your cloud. Bicep's types and azapi know it, your cloud may not.
- How long a step takes, what it costs, and whether a running job survives it.
- Whether the services behind a resource follow a change at once: DNS, firewalls and private endpoints take minutes.
- What an undocumented default does. The emulated tenant knows the defaults that are documented or recorded.
- What azurerm reads and writes: its resources are only compared with the provider's arguments.
- Whether Azure ignores members that it reports itself, such as a state, in a description that is written back.
- Whether a PUT by Azure keeps what its body leaves out. These tests assume that it does not.

## The fixes
"""


def cell(check_id: str, language: str, found: Sequence[Effect]) -> str:
    """Return the cell of one text: for how many of the failing resources its effect is proven."""
    every = cases(check_id)
    text = texts(every[0].check.remediation)[language]
    if not text:
        reason = NO_TEXT.get(check_id, {}).get(language)
        return f"no text: {reason}" if reason else NOT_PROVEN
    if not found:
        is_azurerm = language == "terraform" and "azapi_" not in text
        return f"{PARSED}: resources of azurerm" if is_azurerm else NOT_PROVEN
    problems: dict[tuple[str, str], list[str]] = {each.case.key: [] for each in found}
    for each in found:
        problems[each.case.key] += [reason_of(check_id, language, problem) for problem in each.problems]
    reasons = list(dict.fromkeys(reason for some in problems.values() for reason in some))
    elsewhere = len(every) - len(problems)
    if "" in reasons or (elsewhere and language == "az"):
        return NOT_PROVEN
    proven = sum(not some for some in problems.values())
    said = (
        [f"{ON_NEW if any(each.is_new for each in found) else PROVEN}, {proven} of {len(every)}"]
        if proven
        else []
    )
    said += [f"{elsewhere} by the az steps"] if elsewhere else []
    begun = ("except: " if proven else f"{PARSED}: ") if reasons else ""
    return ", ".join([*said, *([begun + " ".join(reasons)] if reasons else [])])


def row(check_id: str, found: Mapping[str, Sequence[Effect]]) -> str:
    """Return the line of a check, from the effects of its fix."""
    cells = [cell(check_id, language, found.get(language, ())) for language in _NAMES]
    return f"| {check_id} | {' | '.join(cells)} |"


def rows() -> Mapping[str, str]:
    """Return the lines of the page by check."""
    lines = PAGE.read_text(encoding="utf-8").splitlines() if PAGE.exists() else []
    ids = {check.id for check in BUILT_IN}
    return {line.split(" | ")[0][2:]: line for line in lines if line[2:8] in ids}


def page(lines: Mapping[str, str]) -> str:
    """Return the whole page with these lines."""
    table = "\n".join(lines[check.id] for check in BUILT_IN if check.id in lines)
    return f"{beginning()}\n{_HEAD}{table}\n"


def beginning() -> str:
    """Return the page above the table, with the versions of what the texts were compared with."""
    return _BEGINNING.format(**sources())


def main(ids: Sequence[str]) -> None:
    """Prove the fixes of these checks, of new ones or of all, and write the page."""
    kept = rows()
    chosen = [
        check.id for check in BUILT_IN if not ids or check.id in ids or (NEW in ids and check.id not in kept)
    ]
    lines = {id: row(id, found) for id, found in proofs(tuple(chosen)).items()} if chosen else {}
    PAGE.write_text(page({**kept, **lines}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
