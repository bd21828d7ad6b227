"""What the door keeps, below ``door/`` in the watch's private bucket; no seat reads it.

Every write is conditional: of two visitors, or a visitor and an organiser, one comes first and the
other is told. No name and no e-mail address is among it.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from botocore.exceptions import ClientError

from workshop.door.codes import KEY_BYTES

PREFIX = "door/"
KEY = f"{PREFIX}key"
GENERATIONS = f"{PREFIX}generations.json"
CLAIMING = f"{PREFIX}claiming.json"
CLAIMS = f"{PREFIX}claims/"
CLAIMERS = f"{PREFIX}claimers/"
SOURCES = f"{PREFIX}sources/"
"""A place for each claim below some letters for the address that it came from."""
ASKED = f"{PREFIX}asked/"
"""When SageMaker was asked for a seat last, by seat and what was asked."""
HANDS = f"{PREFIX}hands/"
LISTING = f"{PREFIX}listing.json"
BOXES = f"{PREFIX}boxes.json"
OPENED = f"{PREFIX}opened/"
TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
"""What S3 answers to a write that another came before."""
MISSING = {"NoSuchKey", "404"}
FIRST = {"IfNoneMatch": "*"}
TRIES = 5


class BusyError(Exception):
    """Others change the same thing all the time."""


class DoorState:
    """The objects of one door, by a client of S3 and the bucket."""

    def __init__(self, s3: Any, bucket: str, account: str) -> None:
        self.s3, self.bucket, self.account = s3, bucket, account

    def _call(self, operation: str, **request: Any) -> Any:
        call = getattr(self.s3, operation)
        return call(Bucket=self.bucket, ExpectedBucketOwner=self.account, **request)

    def read(self, name: str) -> tuple[dict[str, Any], dict[str, str]]:
        """Return an object of JSON, empty for none, and the condition to replace it under."""
        body, condition = self._read(name)
        try:
            found = json.loads(body or b"{}")
        except ValueError:
            found = {}
        return (found if isinstance(found, dict) else {}), condition

    def _read(self, name: str) -> tuple[bytes | None, dict[str, str]]:
        try:
            answer = self._call("get_object", Key=name)
        except ClientError as error:
            if error.response["Error"]["Code"] in MISSING:
                return None, FIRST
            raise
        return answer["Body"].read(), {"IfMatch": answer["ETag"]}

    def write(
        self, name: str, body: dict[str, Any] | bytes, condition: dict[str, str]
    ) -> dict[str, str] | None:
        """Write an object and return the condition to replace it under; None if others were first.

        A document that somebody deleted meanwhile is missing, which is another's word as well.
        """
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            answer = self._call("put_object", Key=name, Body=data, **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] in TAKEN | MISSING:
                return None
            raise
        return {"IfMatch": answer["ETag"]}

    def delete(self, name: str) -> None:
        """Delete an object, or leave it missing."""
        self._call("delete_object", Key=name)

    def times(self, prefix: str) -> dict[str, float]:
        """Return when objects were written, by what follows the prefix in their names, in order."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix, ExpectedBucketOwner=self.account
        )
        return {
            entry["Key"].removeprefix(prefix): entry["LastModified"].timestamp()
            for page in pages
            for entry in page.get("Contents", [])
        }

    def names(self, prefix: str) -> list[str]:
        """Return what follows the prefix in the names of objects, in their order."""
        return [*self.times(prefix)]

    def is_turn(self, name: str, now: float, seconds: float) -> bool:
        """Return whether something may be asked for now, which may be once in so many seconds.

        Of those who ask at once, whoever writes first may.
        """
        known, condition = self.read(f"{ASKED}{name}.json")
        if 0 <= now - known.get("at", 0) < seconds:
            return False
        return self.write(f"{ASKED}{name}.json", {"at": now}, condition) is not None

    def key(self) -> bytes:
        """Return the key of all codes; whoever needs it first makes it."""
        for _ in range(TRIES):
            found, _condition = self._read(KEY)
            if found is not None and len(found) == KEY_BYTES:
                return found
            made = secrets.token_bytes(KEY_BYTES)
            if self.write(KEY, made, FIRST):
                return made
        raise BusyError(KEY)

    def generations(self) -> dict[str, int]:
        """Return the generation of each subject's code that is not its first."""
        found, _condition = self.read(GENERATIONS)
        return {subject: number for subject, number in found.items() if isinstance(number, int)}

    def renew(self, subject: str) -> int:
        """Give a subject a new code, and return its generation; the old one opens nothing."""
        for _ in range(TRIES):
            found, condition = self.read(GENERATIONS)
            found[subject] = number = int(found.get(subject, 0)) + 1
            if self.write(GENERATIONS, found, condition):
                return number
        raise BusyError(GENERATIONS)

    # --- claims ----------------------------------------------------------------------------------

    def claim(self, seat: str, claimer: str, place: str = "") -> bool:
        """Return whether the seat is the claimer's now; S3 lets one write of two pass.

        ``place`` is the claim's among those of its address, and is free again with the seat.
        """
        claim = {"claimer": claimer, "place": place}
        return self.write(f"{CLAIMS}{seat}", claim, FIRST) is not None

    def claimed_by(self, claimer: str) -> str:
        """Return the seat that a claimer has, empty for none."""
        body, _condition = self._read(f"{CLAIMERS}{claimer}")
        return (body or b"").decode()

    def note_claimer(self, claimer: str, seat: str) -> bool:
        """Return whether this is the claimer's first seat: a form that is sent twice gives one."""
        return self.write(f"{CLAIMERS}{claimer}", seat.encode(), FIRST) is not None

    def undo(self, seat: str) -> bool:
        """Free a claimed seat, and return whether it was claimed; its old code opens nothing.

        Whoever comes next is not told what the one before asked for.
        """
        self.renew(f"seat:{seat}")
        for name in (f"{OPENED}{seat}", f"{HANDS}{seat}.json"):
            self.delete(name)
        name = f"{CLAIMS}{seat}"
        claim, condition = self.read(name)
        was_claimed = condition is not FIRST
        if was_claimed:
            self.delete(f"{CLAIMERS}{claim.get('claimer', '')}")
            self.delete(f"{SOURCES}{claim.get('place', '')}")
            self.delete(name)
        return was_claimed

    # --- hands -----------------------------------------------------------------------------------

    def hands(self) -> dict[str, dict[str, Any]]:
        """Return the hands that are up, by seat."""
        found = {
            name.removesuffix(".json"): self.read(f"{HANDS}{name}")[0] for name in self.names(HANDS)
        }
        return {seat: hand for seat, hand in found.items() if hand}

    def take_hand(self, seat: str, helper: str) -> bool:
        """Note who sees to a hand; return False where it is down or somebody else's."""
        name = f"{HANDS}{seat}.json"
        hand, condition = self.read(name)
        if not hand or hand.get("taken"):
            return False
        return self.write(name, {**hand, "taken": helper}, condition) is not None
