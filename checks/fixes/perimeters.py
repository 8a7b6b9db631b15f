"""The fixes of RES014 to RES016, about network security perimeters, in az CLI, Bicep and Terraform."""

from __future__ import annotations

from checks.fixes.steps import WARNING, either, in_order, remediation
from checks.fixes.templates import azapi, changed, get, put

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

_LISTED_RULES = ("List the rules of the profile.", get(_RULES, version=_API))

_RULE_PATH = '"profiles", var.perimeter_profile, "accessRules", var.perimeter_rule'
_DELETED = (
    f"# {WARNING}the subscription loses access.\n"
    'resource "azapi_resource_action" "deleted_rule" {\n'
    f'  type        = "{_PERIMETER}/profiles/accessRules@{_API}"\n'
    f'  resource_id = join("/", [{{{{perimeter_id}}}}, {_RULE_PATH}])\n'
    '  method      = "DELETE"\n'
    "}"
)

PERIMETER_NARROWED = remediation(
    summary="Replace the wide inbound rule of the perimeter with one for the addresses that clients use.",
    az=either(
        (
            "the rule admits addresses",
            in_order(
                _LISTED,
                _LISTED_RULES,
                (
                    "Write the addresses that are to stay.",
                    "az resource update --ids "
                    f"{_RULE} --api-version {_API} --set properties.addressPrefixes='[\"'\"$ADDRESS\"'\"]'",
                ),
            ),
        ),
        (
            "the rule admits a foreign subscription",
            in_order(
                _LISTED,
                _LISTED_RULES,
                (
                    f"{WARNING}the subscription loses access.",
                    f"az resource delete --ids {_RULE} --api-version {_API}",
                ),
            ),
        ),
    ),
    terraform=either(
        (
            "the rule admits addresses",
            _terraform("profiles/accessRules", _RULE_PATH, "addressPrefixes = [var.address]"),
        ),
        ("the rule admits a foreign subscription", _DELETED),
        language="terraform",
    ),
    caution=f"The perimeter refuses clients outside the new prefixes at once. Repeat the steps for each wide rule. "
    f"{_ALL} Bicep is left out: a template of the perimeter has to name all its rules.",
)

_ADMITTED = (
    """'{"properties": {"direction": "Inbound", """
    """"subscriptions": [{"id": "/subscriptions/'{{subscription_id}}'"}]}}'"""
)
_ADMITTED_TERRAFORM = (
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
    az=in_order(
        _LISTED,
        (
            "Admit the workspace's subscription, unless a rule admits it: an enforced perimeter refuses trusted "
            "services. Add the subscription to allowed_subscriptions of RES014 in the policy.",
            put(f"{_RULES}/machine-learning", _ADMITTED, version=_API),
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
    "admits every resource of the workspace's subscription that has a role, so add the subscription to "
    f"allowed_subscriptions of the policy. {_ALL}",
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
