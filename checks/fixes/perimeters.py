"""The fixes of RES014 to RES016, about network security perimeters, in az CLI, Bicep and Terraform."""

from __future__ import annotations

from checks.fixes.steps import COMMENT, WARNING, in_order, remediation
from checks.fixes.templates import azapi, changed, get, put, where

_PERIMETER = "Microsoft.Network/networkSecurityPerimeters"
_API = "2025-01-01"
_RULES = '{{perimeter_id}}/profiles/"$PERIMETER_PROFILE"/accessRules'
_RULE = f'{_RULES}/"$PERIMETER_RULE"'
_ASSOCIATIONS = "{{perimeter_id}}/resourceAssociations"
_ASSOCIATION = f'{_ASSOCIATIONS}/"$ASSOCIATION"'

_ALL = "The same rules apply to the other resources in the perimeter: ask their owners first."


def _terraform(type_: str, path: str, *properties: str) -> str:
    return azapi(
        "perimeter",
        f"{_PERIMETER}/{type_}",
        f'join("/", [{{{{perimeter_id}}}}, {path}])',
        *properties,
        version=_API,
    )


_LISTED = (
    "List the associations. The one of this resource names its profile.",
    get(_ASSOCIATIONS, version=_API),
)

_RULE_PATH = '"profiles", var.perimeter_profile, "accessRules", each.value'
_DELETED = (
    f"# {WARNING}the subscriptions lose access.\n"
    'resource "azapi_resource_action" "deleted_rule" {\n'
    "  for_each    = toset(var.subscription_rules)\n"
    f'  type        = "{_PERIMETER}/profiles/accessRules@{_API}"\n'
    f'  resource_id = join("/", [{{{{perimeter_id}}}}, {_RULE_PATH}])\n'
    '  method      = "DELETE"\n'
    "}"
)
_PREFIXES = get(_RULE, query="'properties.addressPrefixes[]' --output tsv", version=_API)

PERIMETER_NARROWED = remediation(
    summary="Replace each wide inbound rule of the perimeter with one for the addresses that clients use, and delete "
    "the rules for subscriptions that the policy does not allow.",
    az=in_order(
        _LISTED,
        ("List the rules of the profile. Repeat step 3 for each wide rule.", get(_RULES, version=_API)),
        (
            f"{WARNING}other clients lose access. If the rule admits addresses, write those that are to stay. A rule "
            "for a subscription goes.",
            f"addresses=$({_PREFIXES})\n"
            + where(
                '-n "$addresses"',
                f"az resource update --ids {_RULE} --api-version {_API} "
                "--set properties.addressPrefixes='[\"'\"$ADDRESS\"'\"]'",
            )
            + "\n"
            + where('-z "$addresses"', f"az resource delete --ids {_RULE} --api-version {_API}"),
        ),
    ),
    terraform=_terraform("profiles/accessRules", _RULE_PATH, "addressPrefixes = [var.address]").replace(
        "  type  ", "  for_each    = toset(var.address_rules)\n  type  ", 1
    )
    + f"\n{_DELETED}",
    caution=f"The perimeter refuses clients outside the new prefixes at once. {_ALL} Bicep is left out: a template of "
    "the perimeter has to name all its rules.",
)


def _allowed(language: str) -> str:
    """Return the comment that allows the workspace's subscription in the policy."""
    lines = (
        "Add these lines to the checks of the policy, which refuse rules for a whole subscription:",
        *(
            f"{check}: {{parameters: {{allowed_subscriptions: [{{{{subscription_id}}}}]}}}}"
            for check in ("RES001", "RES002", "RES014")
        ),
    )
    return "\n".join(f"{COMMENT[language]} {line}" for line in lines) + "\n"


_RULE_FOR_SUBSCRIPTION = (
    """'{"properties": {"direction": "Inbound", """
    """"subscriptions": [{"id": "/subscriptions/'{{subscription_id}}'"}]}}'"""
)
_ADMITTED_TERRAFORM = _allowed("terraform") + (
    'resource "azapi_resource" "admitted" {\n'
    f'  type      = "{_PERIMETER}/profiles/accessRules@{_API}"\n'
    '  parent_id = join("/", [{{perimeter_id}}, "profiles", var.perimeter_profile])\n'
    '  name      = "machine-learning"\n'
    "  body = {\n"
    "    properties = {\n"
    '      direction     = "Inbound"\n'
    '      subscriptions = [{ id = join("/", ["", "subscriptions", {{subscription_id}}]) }]\n'
    "    }\n"
    "  }\n"
    "}"
)

PERIMETER_ENFORCED = remediation(
    summary="Read the perimeter's access logs, add the missing inbound rules, then enforce the association.",
    az=_allowed("az")
    + in_order(
        _LISTED,
        (
            "Admit the workspace's subscription: an Enforced perimeter refuses trusted services.",
            put(f"{_RULES}/machine-learning", _RULE_FOR_SUBSCRIPTION, version=_API),
        ),
        (
            f"{WARNING}the perimeter refuses whatever its inbound rules do not admit.",
            changed("properties.accessMode=Enforced", resource_id=_ASSOCIATION, version=_API),
        ),
    ),
    terraform=f"{_ADMITTED_TERRAFORM}\n"
    + _terraform(
        "resourceAssociations", '"resourceAssociations", var.association', 'accessMode = "Enforced"'
    ).replace("  body = {", "  depends_on  = [azapi_resource.admitted]\n  body = {", 1),
    caution="In Enforced mode Azure ignores the resource's own rules and the bypass for trusted services. The rule "
    f"admits every resource of the workspace's subscription that has a role. {_ALL}",
)

PERIMETER_PROVISIONED = remediation(
    summary="Find the provisioning issue that Azure reports, then write the association again.",
    az=in_order(
        _LISTED,
        (
            "Write the association again, with the access mode that it has.",
            changed(
                "properties.accessMode={{perimeter_access_mode}}", resource_id=_ASSOCIATION, version=_API
            ),
        ),
    ),
    terraform=_terraform(
        "resourceAssociations",
        '"resourceAssociations", var.association',
        "accessMode = {{perimeter_access_mode}}",
    ),
    caution=f"If the issue stays, fix its cause: the column perimeter_issues names it. {_ALL}",
)
