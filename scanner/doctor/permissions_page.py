"""The page on permissions, written from the policies that are shipped."""

from __future__ import annotations

from checks.model import Check
from scanner.doctor.permissions import ALWAYS, GROUPS, OF_KIND, Need, as_json, needed
from scanner.policies import loaded, shipped

_HEAD = """# What a scan must be allowed

Written by `make docs`; do not edit it by hand.

The built-in role **Reader** on the subscriptions, or on a management group above them, is enough for every
policy. It is also more than is needed: Reader is `*/read`, and Azure publishes actions of that ending that
hand out access, such as `Microsoft.MachineLearningServices/workspaces/listNotebookKeys/read` and
`…/metadata/secrets/read`. azml-audit asks for none of them, and the roles below do not hold them.

```console
azml-audit permissions --policy baseline > role.json
az role definition create --role-definition role.json
az role assignment create --assignee-object-id '<object-id>' --assignee-principal-type ServicePrincipal \\
  --role 'azml-audit baseline' --scope /subscriptions/<subscription-id>
```

`--format az` prints these commands with the role inside. `--scope` says where the role can be assigned and
`--management-group ID` adds what a scan of that option, or a policy that names management groups, asks.
What the role lacks becomes a gap that names the action; nothing else is asked for, ever.

- Assign the role where the workspaces are **and** where the storage, vaults, registries and Application
  Insights behind them are: they may lie in other subscriptions.
- `Microsoft.Management/managementGroups/descendants/read` takes effect on a management group only, and
  Azure lets a custom role be assigned in one management group only.
- Azure refuses a role as a whole where it does not know one of its actions (`InvalidActionOrNotAction`).
  Where a sovereign cloud lags, leave that action out: what it would have read becomes a gap.
- The actions are those of Microsoft's published lists (2024-02), save `workspaces/outboundRules/read`: it is
  younger and was seen in the published role of another scanner (2026-08); `scanner/doctor/permissions.py`.
- Resource Graph (`--discover`) shows whatever the identity may read, by its documentation, so no role here
  holds an action for it. Azure publishes `Microsoft.ResourceGraph/resources/read`: add it should queries be
  refused, or scan with `--discover arm`. `azml-audit doctor` says which it is.
- Try a role before anybody grants it: `azml-audit emulator --tls-dir tls --role role.json` serves the demo
  tenant to an identity with that role alone. It is an emulator, not Azure.

That each role suffices, and that without any one of its actions every gap names that action, is tested
against the emulator over HTTP (`tests/scanner/doctor/test_permissions.py`). It was not tried on Azure.
"""


def permissions_page(built_in: dict[str, Check]) -> str:
    """The page: every action with what it reads and who needs it, and the role of each shipped policy."""
    policies = loaded(shipped(), built_in)
    needs = [needed([policy]) for policy in policies]
    everything = needed(loaded(["baseline"], built_in), collect_all=True)
    sections = [f"## `--policy {need.name}`\n\n```json\n{as_json(need)}\n```\n" for need in needs]
    last = f"## `--collect all`\n\nWhatever the policy.\n\n```json\n{as_json(everything)}\n```\n"
    return "\n".join([_HEAD, _table(needs), *sections, last])


def _table(needs: list[Need]) -> str:
    known = {**ALWAYS, **GROUPS, **{name: text for kind in OF_KIND.values() for name, text in kind.items()}}
    rows = [f"| `{action}` | {reads} | {_users(action, needs)} |" for action, reads in known.items()]
    return "\n".join(
        ["## The actions", "", "| action | reads | asked for by |", "| --- | --- | --- |", *rows, ""]
    )


def _users(action: str, needs: list[Need]) -> str:
    if action in ALWAYS:
        return "every scan"
    if action in GROUPS:
        return "`--management-group`, policies that name one"
    return ", ".join([*(need.name for need in needs if action in need.actions), "`--collect all`"])
