"""The fixes of OBR004 to OBR008 and OBR013 to OBR015, about rules that open too much, in az CLI, Bicep and Terraform.

A rule is changed by reading it and writing it back with one property changed, so it keeps its name, address prefixes,
protocol and action. A rule that another rule covers would be redundant (OBR010), so it is removed instead.
"""

from __future__ import annotations

from checks.fixes.rules import (
    APPROVER,
    CUT_OFF,
    FIREWALL,
    HOST_ADDED,
    REMOVAL,
    REMOVAL_TERRAFORM,
    REMOVED,
    RULE,
    SAVED,
    SCENARIOS_TOO,
    endpoint_rule,
    endpoint_terraform,
    rule_bicep,
    rule_terraform,
)
from checks.fixes.steps import either, in_order, remediation
from checks.fixes.templates import EXISTING_WORKSPACE, IN_WORKSPACE, azapi, changed

_REMOVED_LAST = REMOVAL_TERRAFORM.replace(
    "{{rule_id}}\n", "{{rule_id}}\n  depends_on  = [azapi_resource.rule]\n"
)
_BY_AZ = "// Follow the az steps: Bicep deletes nothing."
_COVERED = "another rule opens the destination already"

STORAGE_BY_ENDPOINT = remediation(
    summary="Add a private-endpoint rule for the storage account, then remove the host-name rule.",
    az=in_order(
        ("Add the private endpoint.", endpoint_rule('"$TARGET_ID"', '"$SUBRESOURCE"')),
        (
            "Wait until the new rule is Active.",
            f'az ml workspace outbound-rule show {IN_WORKSPACE} --rule "$RULE_NAME" --query status',
        ),
        SAVED,
        REMOVED,
    ),
    terraform=f"{rule_terraform(*endpoint_terraform('var.target_id', 'var.subresource'))}\n{_REMOVED_LAST}",
    caution=f"{CUT_OFF} {APPROVER} Copy the files that the work reads from a foreign account to one of your own.",
)

OPENING_CLOSED = remediation(
    summary="Remove the rule. If the work needs one resource behind the destination, first add a private-endpoint rule "
    "for that resource.",
    az=either(
        ("no work needs the destination", REMOVAL),
        (
            "the work needs one resource behind it",
            in_order(
                ("Add the private endpoint.", endpoint_rule('"$TARGET_ID"', '"$SUBRESOURCE"')),
                SAVED,
                REMOVED,
            ),
        ),
    ),
    terraform=either(
        ("no work needs the destination", REMOVAL_TERRAFORM),
        (
            "the work needs one resource behind it",
            f"{rule_terraform(*endpoint_terraform('var.target_id', 'var.subresource'))}\n{_REMOVED_LAST}",
        ),
        language="terraform",
    ),
    caution=f"{CUT_OFF} {APPROVER}",
)

HOST_CORRECTED = remediation(
    summary="Set the rule's destination to a host name without scheme, port or path, and not to an IP address.",
    az=either(
        (
            "no other rule has the host",
            f"az ml workspace outbound-rule set {IN_WORKSPACE} --rule {{{{rule}}}} --type fqdn "
            '--destination "$HOST"',
        ),
        (_COVERED, REMOVAL),
    ),
    bicep=either(
        (
            "no other rule has the host",
            EXISTING_WORKSPACE + rule_bicep("type: 'FQDN'", "destination: host", name="{{rule}}"),
        ),
        (_COVERED, _BY_AZ),
        language="bicep",
    ),
    terraform=either(
        ("no other rule has the host", azapi("rule", RULE, "{{rule_id}}", "destination = var.host")),
        (_COVERED, REMOVAL_TERRAFORM),
        language="terraform",
    ),
    caution="Jobs that use another name for the destination fail until a rule allows that name.",
)

_HOST_TERRAFORM = rule_terraform('type = "FQDN"', "destination = var.host")

HOST_NARROWED = remediation(
    summary="Add a rule for the full name of each host that the work needs, then remove the wide rule.",
    az=either(
        (
            "the work needs hosts that no other rule opens",
            in_order(("Add a rule for each host.", HOST_ADDED), SAVED, REMOVED),
        ),
        ("no work needs the destination, or other rules open the hosts already", REMOVAL),
    ),
    terraform=either(
        (
            "the work needs a host that no other rule opens",
            f"{_HOST_TERRAFORM}\n{_REMOVED_LAST}",
        ),
        ("no work needs the destination, or other rules open the hosts already", REMOVAL_TERRAFORM),
        language="terraform",
    ),
    caution=f"{CUT_OFF} {FIREWALL}",
)

_NEEDED = "no other rule opens these ports of the destination"

PORTS_NARROWED = remediation(
    summary="Limit the rule to the protocol and ports that the work needs. It keeps its tag and address prefixes.",
    az=either(
        (
            _NEEDED,
            changed(
                'properties.destination.protocol="$PROTOCOL"',
                'properties.destination.portRanges="\\"$PORT_RANGES\\""',
                resource_id="{{rule_id}}",
            ),
        ),
        (_COVERED, REMOVAL),
    ),
    bicep=either(
        (
            _NEEDED,
            EXISTING_WORKSPACE
            + rule_bicep(
                "type: 'ServiceTag'",
                "destination: {",
                "  serviceTag: {{service_tag}}",
                "  protocol: protocol",
                "  portRanges: portRanges",
                "  addressPrefixes: empty({{address_prefixes}}) ? [] : split({{address_prefixes}}, ', ')",
                "  action: 'Allow'",
                "}",
                name="{{rule}}",
            ),
        ),
        (_COVERED, _BY_AZ),
        language="bicep",
    ),
    terraform=either(
        (
            _NEEDED,
            azapi(
                "rule",
                RULE,
                "{{rule_id}}",
                "destination = {",
                "  protocol   = var.protocol",
                "  portRanges = var.port_ranges",
                "}",
            ),
        ),
        (_COVERED, REMOVAL_TERRAFORM),
        language="terraform",
    ),
    caution=f"Work that uses another port or protocol of the destination fails at once. {SCENARIOS_TOO}",
)

RULE_APPROVED = remediation(
    summary="Get the destination approved and add it to the policy, or remove the rule.",
    az=REMOVAL,
    terraform=REMOVAL_TERRAFORM,
    caution=f"First ask for the approval: the parameter approved of the policy can admit the destination. {CUT_OFF}",
)

TARGET_IN_ALLOWED_SUBSCRIPTION = remediation(
    summary="Remove the rule, or allow the target's subscription in the policy.",
    az=REMOVAL,
    terraform=REMOVAL_TERRAFORM,
    caution=f"First ask whether the subscription is yours: the parameter allowed_subscriptions can admit it. "
    f"{CUT_OFF}",
)

TARGET_IN_OWN_TENANT = remediation(
    summary="Remove the rule, or move the target to a subscription of the workspace's tenant.",
    az=REMOVAL,
    terraform=REMOVAL_TERRAFORM,
    caution=f"First ask who owns the target. {CUT_OFF}",
)
