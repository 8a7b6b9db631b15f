"""The generated documents. `make docs` writes them; a test compares them with the committed files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from checks.documentation import catalogue, controls
from checks.model import Check
from checks.policy.reference import reference
from checks.registry import BUILT_IN
from reports.drift.columns import DRIFT_FILES
from reports.drift.view import MEANINGS
from reports.tables.data_package import markdown, sections
from scanner.doctor.permissions import ALWAYS, DISCOVERY, GROUPS, OF_KIND, Need, as_json, needed
from scanner.policies import loaded, shipped

_BEGIN = "<!-- written by make docs: {name} -->"
_END = "<!-- end of {name} -->"
_PERMISSIONS = """# The permissions of a scan

Written by `make docs`; do not edit it by hand.

The built-in role **Reader** on the subscriptions, or on a management group above them, is enough for every
policy. Reader allows more than a scan needs: it is `*/read`, and some actions with that ending return keys or
secrets, such as `Microsoft.MachineLearningServices/workspaces/listNotebookKeys/read` and
`…/metadata/secrets/read`. azml-audit uses none of them, and the roles below do not allow them.

```console
azml-audit permissions --policy baseline > role.json
az role definition create --role-definition role.json
az role assignment create --assignee-object-id '<object-id>' --assignee-principal-type ServicePrincipal \\
  --role 'azml-audit baseline' --scope /subscriptions/<subscription-id>
```

`--format az` prints these commands with the role inside. `--scope` sets where the role can be assigned.
`--management-group ID` adds the action that this option, or a policy with management groups, needs. If the
role lacks an action, the scan reports a gap that names the action. It never asks for anything else.

- Assign the role where the workspaces are **and** where their storage accounts, key vaults, registries and
  Application Insights are. These may be in other subscriptions.
- `Microsoft.Management/managementGroups/descendants/read` takes effect on a management group only, and Azure
  lets a custom role be assigned in one management group only.
- Azure refuses a whole role if it does not know one of its actions (`InvalidActionOrNotAction`). Leave the action
  out with `azml-audit permissions --without ACTION`: the command then lists the checks that can become unknown, and
  the scan reports a gap that names what it did not read. `--without` is repeatable.
- The actions are from Microsoft's published lists (2024-02), except `workspaces/outboundRules/read`. It is newer,
  and another scanner publishes it in its role (2026-08); see `scanner/doctor/permissions.py`.
- Resource Graph (`--discover`) shows everything that the identity may read, according to its documentation. Azure
  publishes the action `Microsoft.ResourceGraph/resources/read`, so the roles have it. A scan with `--discover arm`
  does without it.
- You can try a role before anyone grants it: `azml-audit emulator --tls-dir tls --role role.json` serves the demo
  tenant to an identity with that role alone. The emulator is not Azure.

The tests show against the emulator over HTTP that each role is enough, and that without any one action every gap
names that action (`tests/scanner/doctor/test_permissions.py`). The roles were not tried on Azure.
"""


def documents(root: Path) -> Mapping[str, str]:
    """Return the text of every generated document by its path below the project's root."""
    built_in = {check.id: check for check in BUILT_IN}
    return {
        "docs/checks.md": catalogue(
            {each.policy.name: [one.check.id for one in each.checks] for each in loaded(shipped(), built_in)}
        ),
        "docs/controls.md": controls(BUILT_IN),
        "docs/policy.md": reference(built_in),
        "docs/permissions.md": permissions_page(built_in),
        "docs/csv.md": f"# The CSV files\n\nWritten by `make docs`; do not edit it by hand. {markdown()}",
        "docs/drift.md": _filled(
            (root / "docs/drift.md").read_text(encoding="utf-8"),
            {"drift classes": _classes(), "drift files": "\n".join(sections(DRIFT_FILES))},
        ),
    }


def permissions_page(built_in: dict[str, Check]) -> str:
    """Return the page with every action, its purpose and its policies, and the role of each shipped policy."""
    needs = [needed([policy]) for policy in loaded(shipped(), built_in)]
    everything = needed(loaded(["baseline"], built_in), collect_all=True)
    sections = [f"## `--policy {need.name}`\n\n```json\n{as_json(need)}\n```\n" for need in needs]
    last = f"## `--collect all`\n\nFor every policy.\n\n```json\n{as_json(everything)}\n```\n"
    return "\n".join([_PERMISSIONS, _actions(needs), *sections, last])


def _actions(needs: list[Need]) -> str:
    known = {
        **ALWAYS,
        **DISCOVERY,
        **GROUPS,
        **{name: text for kind in OF_KIND.values() for name, text in kind.items()},
    }
    rows = [f"| `{action}` | {reads} | {_users(action, needs)} |" for action, reads in known.items()]
    return "\n".join(
        ["## The actions", "", "| action | reads | needed by |", "| --- | --- | --- |", *rows, ""]
    )


def _users(action: str, needs: list[Need]) -> str:
    if action in ALWAYS:
        return "every scan"
    if action in DISCOVERY:
        return "every scan that asks Resource Graph (`--discover`)"
    if action in GROUPS:
        return "`--management-group`, policies with management groups"
    return ", ".join([*(need.name for need in needs if action in need.actions), "`--collect all`"])


def _classes() -> str:
    rows = [f"| {name} | {meaning} |" for name, meaning in MEANINGS.items()]
    return "\n".join(["| class | the finding |", "| --- | --- |", *rows])


def _filled(text: str, parts: Mapping[str, str]) -> str:
    """Return the text with new content between the markers of each part."""
    for name, part in parts.items():
        begin, end = _BEGIN.format(name=name), _END.format(name=name)
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{part}\n{end}{after}"
    return text


def main() -> None:
    """Write every document, from the project's root."""
    root = Path(__file__).parents[1]
    for name, text in documents(root).items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
