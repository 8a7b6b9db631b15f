"""Removes secrets and people from one text by their form. `redaction` and everything that logs call it.

Each form names its source, read in 2026-11.
"""

from __future__ import annotations

import re

from checks.pseudonyms import without_addresses
from scanner.payloads.secret_signs import WRAPPED, may_hold_forms, may_hold_people

REDACTED = "[redacted]"

_QUOTE = r"(?:\\*[\"']|%(?:25)*22)"
"""A quote, however often it was escaped or percent-encoded."""
_COLON, _EQUALS, _BLANK = r"(?::|%(?:25)*3A)", r"(?:=|%(?:25)*3D)", r"(?:\s|%(?:25)*20|\+)"
_ASSIGNED_WORD = (
    r"(?:sig|signature|sas|pat|pwd|passwd|passphrase|password|secret|token|assertion|api[-_ ]?key|"
    r"(?:account|access|shared|sharedaccess|primary|secondary|instrumentation|subscription|function|master|"
    r"storage|private|code|encryption|signing|license)[-_ ]?key|sharedaccesssignature|"
    r"(?<![\w-])(?:code(?==|%)(?!=\d{1,3}\b)|key))"
)
_ASSIGNED = re.compile(
    rf"((?:{_ASSIGNED_WORD}){_QUOTE}?\s*{_EQUALS}\s*|"
    r"(?:password|passwd|pwd|passphrase|secret|-token|api[-_ ]?key|(?:subscription|functions?|account|access)[-_]key)"
    rf"{_QUOTE}?\s*{_COLON}\s*|"
    r"(?<=--)(?:[\w-]{1,40}-)?(?:password|secret|token|connection-string|(?:api|account|access|storage)-key)\s+"
    r"(?=\S*[^A-Za-z\s])|"
    rf"(?:{_ASSIGNED_WORD}){_QUOTE}\s*:\s*(?=\\*[\"']))"
    r"(?!\[redacted\])(?:\\*\"[^\"\\]+\\*\"|'[^']+'|[^;\"'<>\r\n]{1,500}(?=;)|[^\s;\"'<>]+)",
    re.IGNORECASE,
)
"""Connection strings and signed URLs: learn.microsoft.com/azure/storage/common/storage-configure-connection-string
and …/storage/common/storage-sas-overview."""
_AUTHORIZATION = re.compile(
    rf"(\bBearer{_BLANK}+|\bSharedAccessSignature\s+|\bBasic\s+(?=[A-Za-z+/]*[\d=])(?=[\w+/]{{12}})|"
    rf"\bAuthorization{_QUOTE}?\s*(?:{_COLON}|=){_BLANK}*{_QUOTE}?\w+{_BLANK}+)"
    r"(?!authorization_uri|realm|error|\[redacted\])[\w.~+/=%&-]{6,}",
    re.IGNORECASE,
)
"""RFC 6750; RFC 7617."""
_COOKIE = re.compile(r"(\bcookie\s*:\s*)(?!\[redacted\])[^\r\n\"']+", re.IGNORECASE)
"""RFC 6265: session cookies."""
_TOKEN = re.compile(r"eyJ[\w-]{8,}(?:\.[\w-]{8,})(?:\.[\w-]*)*|eyJ[\w+/-]{40,}={0,2}", re.ASCII)
"""JSON web tokens begin with an object in base64url: RFC 7519. Any other object in base64 looks alike."""
_WRAPPED = re.compile(rf"(?:{'|'.join(map(re.escape, WRAPPED))})[\w+/-]{{8,}}={{0,2}}", re.ASCII)
"""Keys and connection strings in base64, as in Kubernetes."""
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?"
    r"(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
"""RFC 7468; OpenSSH and PGP use the same frame."""
_USER_INFO = re.compile(
    r"(?<=://)[^\s/?#\"'<>@:]{0,200}:[^\s/?#\"'<>]{0,500}@|(?<=https://)[^\s/?#\"'<>]{1,500}@"
)
"""RFC 3986, section 3.2.1."""
_WEBHOOK = re.compile(
    r"https?://(?![^\s/]{1,200}\.vault\.)(?:hooks\.[^\s/\"'<>]{1,200}/|"
    r"[^\s/\"'<>]{0,200}webhook[^\s/\"'<>]{0,200}\.office\.com/|"
    r"[^\s\"'<>]{0,500}/webhooks?\w{0,9}/)[^\s\"'<>]+",
    re.IGNORECASE,
)
"""api.slack.com/messaging/webhooks, learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors,
discord.com/developers/docs/resources/webhook."""
_PREFIXED = re.compile(
    "|".join(
        (
            # github.blog/changelog/2021-03-31-authentication-token-format-updates-are-generally-available
            r"\bgh[pousr]_[A-Za-z0-9_]{20,}|\bgithub_pat_\w{20,}",
            # docs.gitlab.com, "Detected secrets"
            r"\bgl(?:pat|dt|rt|cbt|ptt|soat|ft|imt|agent|oas)-[\w.-]{16,}",
            # api.slack.com/authentication/token-types
            r"\bxox[a-z](?:\.xox[a-z])?-[\w-]{8,}|\bxapp-[\w-]{8,}",
            # docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers
            r"\bA(?:KI|SI|BI)A[A-Z2-7]{16}(?![A-Z0-9])",
            # openrouter.ai/docs/guides/features/guardrails/secret-formats: OpenAI, Anthropic, SendGrid, Google, Stripe
            r"\bsk-(?:proj|ant|svcacct|admin)-[\w-]{20,}|\bsk-[A-Za-z0-9]{32,}|\bSG\.[\w-]{22}\.[\w-]{43}",
            r"\bAIza[\w-]{35}|\bGOCSPX-[\w-]{20,}|\b[sr]k_(?:live|test)_\w{10,}|\bwhsec_\w{16,}",
            # developers.google.com/identity/protocols/oauth2; docs.docker.com; docs.digitalocean.com
            r"\bya29\.[\w-]{20,}|\b1//0[\w-]{30,}|\bdckr_[op]at_[\w-]{20,}|\bdo[opr]_v1_[0-9a-f]{64}",
            # developer.hashicorp.com: Vault, Terraform Cloud; grafana.com/docs; docs.newrelic.com; shopify.dev
            r"\bhv[sbr]\.[\w-]{20,}|\b\w{10,}\.atlasv1\.[\w-]{30,}|\bgl(?:sa|c)_\w{30,}|\bNRAK-\w{20,}|"
            r"\bshp(?:at|ca|pa|ss)_[0-9a-f]{32}",
            # core.telegram.org/bots/api; id.atlassian.com; learning.postman.com
            r"\b\d{8,10}:AA[\w-]{33}|\bATATT3[\w=-]{30,}|\bPMAK-[\w-]{20,}",
            # docs.npmjs.com/about-access-tokens; pypi.org/help; huggingface.co/docs/hub/security-tokens
            r"\bnpm_[A-Za-z0-9]{30,}|\bpypi-[\w-]{16,}|\bhf_[A-Za-z0-9]{30,}",
            # learn.microsoft.com/purview: Databricks and Azure DevOps personal access tokens
            r"\bd(?:api|kea|ose)[0-9a-f]{32}(?:-\d)?|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}",
            # learn.microsoft.com/purview: Entra client secrets, identifiable Azure keys
            r"(?<![\w.~-])[\w.~-]{3}\dQ~[\w.~-]{31,34}|\b[A-Za-z0-9]{52}JQQJ9[A-Za-z0-9+/=]{20,}",
            # github.com/microsoft/security-utilities: identifiable keys of Search, Functions, Redis, Container Registry
            r"[\w+/-]{33,80}(?:Az(?:Se|Fu|Ca)[A-P]?|\+ACR[A-D])[\w+/-]{5,7}={0,2}",
            # learn.microsoft.com/purview/sit-defn-azure-storage-account-key-generic; keys of 256 bits
            r"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{86}==|[A-Za-z0-9+/]{43}=)(?![A-Za-z0-9+/=])",
        )
    )
)
_PERSON = re.compile(
    r"(\b(?:client|user|caller|principal|guest)(?:\s+(?:name|display\s*name|with|id|named))*"
    r"\s*[:=]?\s*)(['\"\u2018\u201c])(?!\[redacted\])[^'\"\u2019\u201d]+(['\"\u2019\u201d])",
    re.IGNORECASE,
)
_USER_ID = re.compile(
    r"(\b(?:oid|puid|upn|user\s*(?:object\s*)?id|user)\b['\"]?\s*[:=]?\s*['\"]?)"
    r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    re.IGNORECASE,
)


def without_secrets(text: str) -> str:
    """Return the text with every secret of a known form replaced. E-mail addresses stay."""
    if not may_hold_forms(text):
        return text
    text = _PRIVATE_KEY.sub(REDACTED, text) if "-----" in text else text
    text = _WEBHOOK.sub(REDACTED, text) if "://" in text else text
    text = _USER_INFO.sub(f"{REDACTED}@", text) if "://" in text else text
    text = _AUTHORIZATION.sub(rf"\g<1>{REDACTED}", text)
    text = _COOKIE.sub(rf"\g<1>{REDACTED}", text)
    text = _TOKEN.sub(REDACTED, text) if "eyJ" in text else text
    text = _WRAPPED.sub(REDACTED, text)
    text = _ASSIGNED.sub(rf"\g<1>{REDACTED}", text)
    return _PREFIXED.sub(REDACTED, text)


def without_people(text: str) -> str:
    """Return the text of an error or a log without e-mail addresses and quoted names of users.

    The object id in "with object id '…'" stays: it is the identity that scans, and the fix grants it a role.
    """
    if not may_hold_people(text):
        return text
    text = _PERSON.sub(rf"\g<1>\g<2>{REDACTED}\g<3>", without_addresses(text, REDACTED))
    return _USER_ID.sub(rf"\g<1>{REDACTED}", text)


def redacted_text(text: str) -> str:
    """Return a text that leaves azml-audit, such as a log line or a gap, without secrets and people."""
    return without_people(without_secrets(text))
