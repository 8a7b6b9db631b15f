"""Plants secrets and people in documents, and reads everything that was written as text, to look for them."""

from __future__ import annotations

import copy
import io
import string
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet as pq

from scanner.emulator.tenants.identity import access_token

_LETTERS = string.ascii_letters + string.digits
_FORMS = (
    "https://st.blob.core.windows.net/c?sv=2024-01-01&sig={}%3D",
    "DefaultEndpointsProtocol=https;AccountName=st;AccountKey={};EndpointSuffix=core.windows.net",
    "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={}",
    "Server=tcp:db,1433;User ID=sa;Password={};Encrypt=true",
    "server=db;uid=sa;pwd={}",
    "curl -H 'Authorization: Bearer {}' https://host",
    "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
    "git+https://robot:{}@git.example.com/x.git",
    "https://hooks.slack.com/services/T0/B0/{}",
    "https://contoso.webhook.office.com/webhookb2/{}/IncomingWebhook/1",
    "https://discord.com/api/webhooks/1/{}",
    "export TOKEN=ghp_{}",
    "github_pat_{}",
    "xoxb-{}",
    "key AIza{}",
    "glpat-{}",
    "sk_live_{}",
    "npm_{}",
    "InstrumentationKey={};IngestionEndpoint=https://x/",
    '{{"password": "{}"}}',
    "gldt-{}",
    "ya29.a0{}",
    "X-Auth-Token: {}",
    "next=https%3A%2F%2Fs.blob%2Fc%3Fsig%3D{}%253D",
    "q=%7B%22password%22%3A%22{}%22%7D",
    "az storage blob list --account-key {}9",
    "Cookie: session={}",
)
_PEOPLE = (
    "mailto:ada.{}@example.com",
    "ask ada.{}@example.co.uk or call",
    "ada.{}%40example.com",
    "ädä.{}@пример.рф",
    "ada.{}@xn--e1afmkfd.xn--p1ai",
    "ada.{}#EXT#@contoso.onmicrosoft.com",
    "ada.{}&#64;example.com",
)
MEMBERS = (
    "adminPassword", "sas_token", "client-secret", "ConnectionString", "primaryKey", "apiKey", "accessToken", "pat",
    "environmentVariables", "setupScripts", "credentials", "keys", "createdBy", "assignedUser", "PRIVATE_KEY",
    "key1", "sig",
)  # fmt: skip
"""Members whose value has no form: only their name shows what they are."""


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A value that holds something that nobody may keep, and the part of it to look for."""

    text: str
    core: str


def plants(count: int, random: Random) -> list[Plant]:
    """Return secrets and addresses of every form in turn."""
    made = []
    for number in range(count):
        core = "".join(random.choices(_LETTERS, k=35))
        form = (*_FORMS, *_PEOPLE)[number % (len(_FORMS) + len(_PEOPLE))]
        made.append(Plant(text=form.format(core), core=core))
    return [*made, Plant(text=f"sent {access_token()}", core=access_token())]


def plant(document: Any, planted: list[Plant], random: Random) -> Any:
    """Return a copy of the document with every plant in a new member of a random object in it."""
    document = copy.deepcopy(document)
    objects = list(_objects(document))
    tags = [id(each["tags"]) for each in objects if isinstance(each.get("tags"), dict)]
    for number, each in enumerate(planted):
        target = random.choice(objects)
        if id(target) not in tags and random.random() < 0.3:
            name = random.choice(MEMBERS)
            target[name] = random.choice(
                (each.core, {"value": each.core}, [{"name": "a", "value": each.core}])
            )
        elif id(target) not in tags and random.random() < 0.1:
            target[f"setting{number}"] = random.choice(
                ({"name": "DB_PASSWORD", "value": each.core}, {"value": each.core, "name": "api-key"})
            )
        else:
            target[f"note{number}"] = random.choice((each.text, [each.text], {"text": each.text}))
    return document


def _objects(node: Any, name: str = "") -> Iterator[dict[str, Any]]:
    """Yield every object below, but not those whose members are named by customers: a member there is a resource."""
    if isinstance(node, dict):
        if name not in ("outboundRules", "userAssignedIdentities"):
            yield node
        for key, value in node.items():
            yield from _objects(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from _objects(value, name)


def texts_below(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield name and text of every file in a folder. Workbooks are unpacked and Parquet files are decoded."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield from _texts(path.name, path.read_bytes())


def _texts(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    if name.endswith(".parquet"):
        yield name, str(pq.read_table(io.BytesIO(content)).to_pylist())
    elif zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for inner in archive.namelist():
                yield from _texts(inner, archive.read(inner))
    else:
        yield name, content.decode("utf-8", "replace")
