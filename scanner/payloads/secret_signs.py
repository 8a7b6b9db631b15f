"""Finds out from the bytes of a body whether it may hold secrets. It removes none; most bodies have no sign of any.

RE2 finds all signs in one pass over the bytes, in half the time of 11 substring searches. It has no lookarounds, so
the patterns here match a little more than the rules of `secret_names` and `secret_forms`, and never less.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from functools import cache

import re2

from scanner.payloads.secret_names import ACTS, DROPPED, PERSONAL, RUN_TOGETHER, SECRET_WORDS

_BETWEEN = r'[^a-z0-9"\\]*'
"""A sign between two letters or words of a name."""
_WITHIN = "|".join(_BETWEEN.join(word) for word in sorted({*SECRET_WORDS, "connectionstring"}))
_AT_THE_END = "|".join(
    _BETWEEN.join(name) for name in sorted({*DROPPED, *PERSONAL, *RUN_TOGETHER, "systemdata"})
)
_ACTED = "|".join(sorted(ACTS))
_NAMES = (
    rf'(?:{_WITHIN})[^"\\]*"\s*:',
    rf'(?:{_AT_THE_END}|(?:{_ACTED}){_BETWEEN}by|key(?:{_BETWEEN}s)?){_BETWEEN}[0-9]*{_BETWEEN}"\s*:',
    rf'(?:{_WITHIN}|key[^a-z]*)[^"\\]*"\s*,\s*"value"\s*:',
    rf'"value"\s*:\s*"[^"\\]*"\s*,\s*"(?:name|key)"\s*:\s*"[^"\\]*(?:{_WITHIN}|key)',
)
_WORDS = (
    r"(?:sig|signature|sas|pat|pwd|passwd|passphrase|password|secret|assertion|code|key|(?:^|[^p])token|tok)"
)
_QUOTE = r"(?:\\*[\"']|%(?:25)*22)?"
_STARTS = (
    *("-----BEGIN ", "DefaultEndpointsProtocol=", "AccountEndpoint=", "Endpoint=sb://", "Server=tcp:"),
    *("InstrumentationKey=", "SharedAccessSignature ", "mongodb://", "mongodb+srv://", "postgresql://"),
)
WRAPPED = tuple(b64encode(each.encode()).decode()[: len(each) * 4 // 3] for each in _STARTS)
"""How keys and connection strings begin in base64."""
_FORMS = (
    rf"{_WORDS}{_QUOTE}\s*(?:=|%(?:25)*3d)",
    rf"(?:password|passwd|pwd|passphrase|secret|key|-token){_QUOTE}\s*(?::|%(?:25)*3a)\s*[^\s\"\[{{]",
    r"--(?:[\w-]{1,40}-)?(?:password|secret|key|token|connection-string)\s",
    r"sk-(?:proj|ant|svcacct|admin)-|sk-[a-z0-9]{32}|sg\.[\w-]{22}\.",
    r"bearer(?:\s|%|\+)|basic\s+[a-z+/]*[0-9=]|cookie\s*:|sharedaccesssignature\s|authorization(?:[\"':=\s\\]|%)",
    r"eyj[\w-]{8}|-----begin|hooks\.|webhook|://[^\s/?#\"]*@",
    r"gh[pousr]_|github_pat_|gl(?:pat|dt|rt|cbt|ptt|soat|ft|imt|agent|oas)-|xox[a-z]|xapp-|a(?:ki|si|bi)a[a-z2-7]{16}",
    r"aiza|gocspx-|ya29\.|1//0|dckr_|do[opr]_v1_|hv[sbr]\.|\.atlasv1\.|gl(?:sa|c)_|nrak-|shp(?:at|ca|pa|ss)_",
    r"[0-9]:aa[\w-]{33}|atatt3|pmak-|az(?:se|fu|ca)[a-z0-9]|\+acr[a-d]",
    r"[sr]k_(?:live|test)_|whsec_|npm_|pypi-[\w-]{16}|hf_[a-z0-9]{30}|d(?:api|kea|ose)[0-9a-f]{32}|azdo|q~|jqqj9",
    r"[a-z0-9+/]{43}=",
    *(re.escape(each) for each in WRAPPED),
)
_ADDRESSES = (r"@|\xef\xbc\xa0|%(?:25)*40|&#(?:64|x40);|&commat;",)
_PEOPLE = (
    *_ADDRESSES,
    r"'|\xe2\x80[\x98\x9c]",
    r"(?:oid|puid|upn|user|userid|user\s+(?:object\s*)?id)\s*[:=]?\s*[0-9a-f]{8}-[0-9a-f]{4}-",
)
_UNREADABLE = (r"\\", r"\x00")
"""A backslash may escape a name or a sign; a zero byte means that the body is not UTF-8."""


def _compiled(*patterns: str) -> re2._Regexp[bytes]:
    """Compile on first use: each takes 2 to 5 ms, and most scans need three of them."""
    options = re2.Options()
    options.case_sensitive = False
    options.encoding = re2.Options.Encoding.LATIN1
    options.never_capture = True
    return re2.compile("|".join(patterns).encode("latin-1"), options)


@cache
def _of_anything() -> re2._Regexp[bytes]:
    return _compiled(*_UNREADABLE, *_NAMES, *_FORMS, *_PEOPLE)


@cache
def _of_forms() -> re2._Regexp[bytes]:
    return _compiled(*_UNREADABLE, *_FORMS)


@cache
def _of_forms_or_members() -> re2._Regexp[bytes]:
    """A body with addresses in its values alone, as every workspace has, needs one pass and not two."""
    return _compiled(*_UNREADABLE, *_FORMS, *(rf'(?:{each})[^"\\]*"\s*:' for each in _ADDRESSES))


@cache
def _of_texts() -> re2._Regexp[bytes]:
    """A text may itself be JSON, whose quotes are escaped in the body."""
    return _compiled(*_FORMS, rf"{_WORDS}{_QUOTE}\s*:")


@cache
def _of_members() -> re2._Regexp[bytes]:
    return _compiled(*_UNREADABLE, *(rf'"[^"\\]*(?:{form})[^"\\]*"\s*:' for form in (*_FORMS, *_ADDRESSES)))


@cache
def _of_people() -> re2._Regexp[bytes]:
    return _compiled(*_UNREADABLE, *_PEOPLE)


@cache
def _of_quoted_people() -> re2._Regexp[bytes]:
    """A text may quote a name by the sign that ends a text in a body."""
    return _compiled(*_UNREADABLE, *_PEOPLE, r"(?:client|user|caller|principal|guest)[^\"]{0,40}\"")


@dataclass(frozen=True, kw_only=True)
class Signs:
    """The signs that a body may contain beside secret members.

    `forms` are secrets of a known form in its texts, `people` their addresses and names. `members` shows that
    the name of a member may hold one of them.
    """

    forms: bool
    members: bool
    people: bool


def signs_in(body: bytes) -> Signs | None:
    """Return the signs of secrets and people in a body, or None if there is nothing to redact."""
    if _of_anything().search(body) is None:
        return None
    people = _of_people().search(body) is not None
    if _of_forms_or_members().search(body) is None:
        return Signs(forms=False, people=people, members=False)
    forms = _of_forms().search(body) is not None
    return Signs(
        forms=forms, people=people, members=(forms or people) and _of_members().search(body) is not None
    )


def may_hold_forms(text: str) -> bool:
    """Check whether one text may hold a secret of a known form."""
    return len(text) > _SHORTEST and _of_texts().search(text.encode("utf-8", "surrogatepass")) is not None


def may_hold_people(text: str) -> bool:
    """Check whether one text may hold an address or the name of a person."""
    return _of_quoted_people().search(text.encode("utf-8", "surrogatepass")) is not None


_SHORTEST = 4
"""No form is shorter, such as `pwd=x`."""
