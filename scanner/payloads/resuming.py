"""What makes two scans and two questions the same, so that a scan may go on where another was interrupted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from urllib.parse import unquote

from scanner.azure.clouds import Cloud
from scanner.azure.identity import Identity
from scanner.payloads.answers import understood
from scanner.payloads.bodies import parsed
from scanner.payloads.gaps import Ask, ask_of
from scanner.payloads.payload import Payload
from scanner.reading.collection import Collection
from scanner.reading.scope import Wanted
from scanner.version import VERSION

Question = tuple[str, str, str, str, str]


def question_of(ask: Ask) -> Question:
    """What is asked, whether or not the URL is quoted: the SDK quotes what Azure's nextLink did not."""
    return ask.kind, ask.scope, ask.method, unquote(ask.url), ask.body


def is_an_answer(payload: Payload) -> bool:
    """Whether it tells what was asked for, so that nobody need ask again: no gap, and not superseded."""
    return not payload.superseded and isinstance(understood(payload), Payload)


class Recollection:
    """Answers of an interrupted scan, where its file is out of reach."""

    def __init__(self, answers: Iterable[Payload]) -> None:
        """These, their documents parsed or not."""
        self._answers = {question_of(ask_of(answer)): answer for answer in answers}

    def recalled(self, ask: Ask) -> Payload | None:
        """The answer to that question, if it is among them."""
        answer = self._answers.get(question_of(ask))
        return replace(answer, document=parsed(answer.body)) if answer else None


def scan_key(cloud: Cloud, identity: Identity, wanted: Wanted, collection: Collection) -> str:
    """The same for scans that ask the same of one cloud as one identity; "" where the token names none."""
    if not identity.object_id and not identity.client_id:
        return ""
    parts = (
        VERSION,
        cloud.arm_endpoint,
        str(identity),
        sorted(wanted.subscriptions),
        sorted(wanted.excluded),
        sorted(wanted.management_groups),
        sorted(wanted.known_groups),
        sorted(collection.kinds),
        sorted(collection.members),
    )
    return sha256(json.dumps(parts).encode()).hexdigest()
