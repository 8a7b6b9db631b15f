"""The fixes of RES014 to RES016, about network security perimeters, in az CLI, Bicep and Terraform."""

from __future__ import annotations

from checks.fixes.steps import WARNING, either, in_order, remediation
from checks.fixes.templates import azapi, changed, get

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
    terraform=_terraform(
        "profiles/accessRules",
        '"profiles", var.perimeter_profile, "accessRules", var.perimeter_rule',
        "addressPrefixes = [var.address]",
    ),
    caution=f"The perimeter refuses clients outside the new prefixes at once. Repeat the steps for each wide rule. "
    f"{_ALL} Bicep is left out: a template of the perimeter has to name all its rules.",
)

PERIMETER_ENFORCED = remediation(
    summary="Read the perimeter's access logs, add the missing inbound rules, then enforce the association.",
    az=in_order(
        _LISTED,
        (
            f"{WARNING}the perimeter refuses whatever its inbound rules do not admit.",
            changed("properties.accessMode=Enforced", resource_id=_ASSOCIATION, version=_API),
        ),
    ),
    terraform=_terraform(
        "resourceAssociations", '"resourceAssociations", var.association', 'accessMode = "Enforced"'
    ),
    caution="In Enforced mode Azure ignores the resource's own rules and the bypass for trusted services. First give "
    "Machine Learning private endpoints, or an inbound rule for the workspace's subscription, which RES005 asks "
    f"for and allowed_subscriptions of the policy has to admit. {_ALL}",
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
