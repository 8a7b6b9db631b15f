"""The fixes of the SCN checks in az CLI, Bicep and Terraform."""

from __future__ import annotations

import re
from collections.abc import Iterable
from shlex import quote

from checks.fixes.rules import (
    APPROVER,
    HOSTS_LISTED,
    HUBS_RULES,
    rule_bicep,
    rule_terraform,
    unless_open,
    waiver,
)
from checks.fixes.steps import COMMENT, WARNING, camel, either, in_order, remediation
from checks.fixes.templates import (
    API,
    EXISTING_WORKSPACE,
    IN_WORKSPACE,
    WORKSPACE,
    get,
    provisioned,
    where,
)
from checks.model import Remediation
from checks.network.hosts import covers_host
from checks.network.scenario_hosts import (
    DOCUMENTED_HOSTS,
    HUGGING_FACE_HOSTS,
    PACKAGE_HOSTS,
    VS_CODE_HOSTS,
)

_SET = f"az ml workspace outbound-rule set {IN_WORKSPACE}"
_FIREWALL = (
    "Azure creates a firewall for the first host-name rule and bills it by the hour. OBR012 reports that: add the "
    "waiver in the text to the policy, with the approver and the last day. Data can leave through the allowed hosts. "
    f"{HUBS_RULES}"
)


def _covering(host: str) -> list[str]:
    """Return the host and every wildcard that covers it, as words of a shell."""
    labels = host.removeprefix("*.").split(".")
    wildcards = [f"*.{'.'.join(labels[place:])}" for place in range(1, len(labels))]
    return [quote(each) for each in (host, *wildcards, "*")]


_RULES = "{{workspace_id}}/outboundRules"
_PART = "no rule opens only a part of these hosts, and all rules are Active"
_OTHERWISE = "a rule opens a part of them, or is not Active"


def _hosts(prefix: str, summary: str, documented: tuple[str, ...]) -> Remediation:
    """Return the fix that adds a rule for each host that no rule opens, and removes what the new rules cover.

    Templates contain the hosts that the finding names. A rule is named for its host, so that a rule of an earlier run
    stays.
    """
    hosts = [
        host
        for host in documented
        if not any(other != host and covers_host(other, host) for other in documented)
    ]
    commands = (
        unless_open(
            _covering(host),
            f"{_SET} --rule {prefix}-{host.replace('*', 'any').replace('.', '-')} --type fqdn --destination '{host}'",
        )
        for host in hosts
    )
    waiting = get(_RULES, query="\"value[?properties.status=='Inactive'].name\" --output tsv")
    return remediation(
        summary=summary,
        az=f"{waiver(language='az')}\n"
        + in_order(
            ("List the hosts of the rules.", HOSTS_LISTED),
            ("Add a rule for each host that no rule opens.", "\n".join(commands)),
            (f"{WARNING}remove the narrower rules, which open nothing more.", _narrower(hosts)),
            ("If a rule is Inactive, provision the network.", where(f'-n "$({waiting})"', provisioned())),
        ),
        bicep=either((_PART, _hosts_bicep(prefix)), (_OTHERWISE, _BY_AZ["bicep"]), language="bicep"),
        terraform=either(
            (_PART, _hosts_terraform(prefix)),
            (_OTHERWISE, _BY_AZ["terraform"]),
            language="terraform",
        ),
        caution=_FIREWALL,
    )


def _narrower(hosts: Iterable[str]) -> str:
    """Return the command that removes the customer's rules below a wildcard, except those of documented hosts.

    Hosts have many spellings, and JMESPath compares one: awk reads lines of a host, a tab and the name of its rule.
    """
    wide = [host for host in hosts if host.startswith("*.")]
    kept = sorted(host for host in DOCUMENTED_HOSTS if any(covers_host(other, host) for other in wide))
    query = (
        """'value[?properties.type==`"FQDN"` && properties.status!=`"Deleting"`]"""
        ".[properties.destination, name]' --output tsv"
    )
    below, named = _pattern(host[2:] for host in wide), _pattern(kept)
    return (
        f"narrower=$({get(_RULES, query=query)} | awk -F '\\t' 'tolower($1) ~ /[.]({below})[.]?$/ && "
        f"tolower($1) !~ /^({named})[.]?$/ {{ print $2 }}'); for rule in $narrower; do "
        f'az ml workspace outbound-rule remove {IN_WORKSPACE} --rule "$rule" --yes; done'
    )


def _pattern(hosts: Iterable[str]) -> str:
    return "|".join(re.sub(r"([.*])", r"[\1]", host) for host in hosts)


_BY_AZ = {language: f"{mark} Follow the az steps." for language, mark in COMMENT.items()}


def _hosts_bicep(prefix: str) -> str:
    return (
        f"{waiver(language='bicep')}\n{EXISTING_WORKSPACE}"
        "var hosts = split({{missing_hosts}}, ', ')\n"
        f"resource rules '{WORKSPACE}/outboundRules@{API}' = [for host in hosts: {{\n"
        "  parent: workspace\n"
        f"  name: '{prefix}-${{replace(replace(host, '*', 'any'), '.', '-')}}'\n"
        "  properties: { type: 'FQDN', category: 'UserDefined', destination: host }\n"
        "}]"
    )


def _hosts_terraform(prefix: str) -> str:
    name = f'join("-", ["{prefix}", replace(replace(each.value, "*", "any"), ".", "-")])'
    rule = rule_terraform('type = "FQDN"', "destination = each.value", name=name)
    looped = rule.replace("  type ", '  for_each  = toset(split(", ", {{missing_hosts}}))\n  type ', 1)
    return f"{waiver(language='terraform')}\n{looped}"


def missing_hosts(reason: str) -> str:
    """Return the documented hosts that the reason of a finding names, without those that another of them covers.

    "No active rule reaches *.docker.io, docker.io." gives "*.docker.io, docker.io".
    """
    named = [host for host in (word.strip(".,") for word in reason.split()) if host in DOCUMENTED_HOSTS]
    return ", ".join(
        host for host in named if not any(other != host and covers_host(other, host) for other in named)
    )


def _endpoints(summary: str, targets: tuple[tuple[str, str, str], ...], caution: str) -> Remediation:
    """Return the fix that adds private-endpoint rules.

    A target is the rule's name, the placeholder or the name of the resource id, and the sub-resource.
    """
    return remediation(
        summary=summary,
        az="\n".join(
            [
                "# In any order:",
                *(
                    f"{_SET} --rule {name} --type private_endpoint --service-resource-id "
                    f"{_spelled(target, 'az')} --subresource-target {part}"
                    for name, target, part in targets
                ),
            ]
        ),
        bicep=EXISTING_WORKSPACE + "\n".join(_endpoint_bicep(*target) for target in targets),
        terraform="\n".join(_endpoint_terraform(*target) for target in targets),
        caution=caution,
    )


def _spelled(target: str, language: str) -> str:
    if target.startswith("{{"):
        return target
    return {"az": f'"${target.upper()}"', "bicep": camel(target), "terraform": f"var.{target}"}[language]


def _endpoint_bicep(name: str, target: str, part: str) -> str:
    return rule_bicep(
        "type: 'PrivateEndpoint'",
        "destination: {",
        f"  serviceResourceId: {_spelled(target, 'bicep')}",
        f"  subresourceTarget: '{part}'",
        "}",
        name=f"'{name}'",
        symbol=name.replace("-", "_"),
    )


def _endpoint_terraform(name: str, target: str, part: str) -> str:
    return rule_terraform(
        'type = "PrivateEndpoint"',
        "destination = {",
        f"  serviceResourceId = {_spelled(target, 'terraform')}",
        f'  subresourceTarget = "{part}"',
        "}",
        name=f'"{name}"',
        symbol=name.replace("-", "_"),
    )


PACKAGES_ALLOWED = _hosts("python-packages", "Allow the hosts of the package indexes.", PACKAGE_HOSTS)

VS_CODE_ALLOWED = _hosts("vs-code", "Allow the hosts of Visual Studio Code.", VS_CODE_HOSTS)

HUGGING_FACE_ALLOWED = _hosts(
    "hugging-face", "Allow the hosts that Hugging Face models come from.", HUGGING_FACE_HOSTS
)

BATCH_ENDPOINTS_ADDED = _endpoints(
    "Add private-endpoint rules for the queue and table of the default storage account.",
    (
        ("batch-queue", "{{storage_account}}", "queue"),
        ("batch-table", "{{storage_account}}", "table"),
    ),
    f"{APPROVER} {HUBS_RULES}",
)

PROMPT_FLOW_ENDPOINTS_ADDED = _endpoints(
    "Add private-endpoint rules for the AI services account and the search service that the flows use.",
    (
        ("prompt-flow-ai", "ai_services_id", "account"),
        ("prompt-flow-search", "search_service_id", "searchService"),
    ),
    f"{APPROVER} {HUBS_RULES}",
)

WORKSPACE_ENDPOINT_ADDED = _endpoints(
    "Add a private-endpoint rule from the managed network to the workspace itself.",
    (("workspace-itself", "{{workspace_id}}", "amlworkspace"),),
    "Add the rule after the workspace exists: Azure does not accept it at creation. Azure bills the endpoint by "
    f"the hour. {HUBS_RULES}",
)
