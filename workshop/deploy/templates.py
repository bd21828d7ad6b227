"""One seat's templates from another's: synthesize once, deploy many.

All seats of a profile share their templates but for the default of the parameter ``AttendeeId``
and the mapping ``Seat`` that holds what a roster row may override. Setting those two gives, byte
for byte, what ``cdk synth`` writes for the other seat.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workshop import tags
from workshop.config.ec2 import ANY_PLACE
from workshop.config.roster import Seat

_SEAT = "\ue000"
_OVERRIDES: dict[str, dict[str, tuple[str, str]]] = {
    "Notebook": {
        "InstanceType": ("\ue001", "instance_type"),
        "VolumeSizeInGB": ("\ue002", "volume_gb"),
    },
    "Box": {
        "InstanceType": ("\ue003", "box_type"),
        "VolumeSize": ("\ue004", "box_gb"),
        "AvailabilityZone": ("\ue005", "box_zone"),
        "SubnetId": ("\ue006", "box_subnet"),
    },
}
"""What the mapping ``Seat`` holds: by machine and key, the character that stands for the value
while a template is cut into pieces, and the seat's attribute that it is.

No template holds these characters of Unicode's private use area, and the values that take their
place are letters, digits, dots and hyphens, which JSON writes as they are. An empty one, of a place
that EC2 chooses, is ``ANY_PLACE``.
"""
_MARKS = {mark: name for keys in _OVERRIDES.values() for mark, name in keys.values()}
_SIZES = ("volume_gb", "box_gb")


@dataclass(frozen=True)
class Template:
    """A template as it is sent, and the digest of the text that CDK writes for it.

    ``body`` is the same JSON without blanks, since CloudFormation takes so many bytes in a call.
    Of a machine it has the instance type, and the zone or subnet that it is to be in; empty where
    EC2 chooses.
    """

    body: str
    digest: str
    instance_type: str = ""
    place: str = ""

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


def of_text(text: str) -> Template:
    """Return the template of a text that CDK wrote, such as the cohort's."""
    return Template(_compact(json.loads(text)), tags.template_digest(text))


class Exemplar:
    """One stack's template of one profile, cut where the seats of that profile differ.

    ``text`` is what CDK wrote for any seat of the profile. Raises ValueError for a template without
    the parameter ``AttendeeId``, such as the cohort's.
    """

    def __init__(self, text: str) -> None:
        document = json.loads(text)
        try:
            document["Parameters"]["AttendeeId"]["Default"] = _SEAT
        except KeyError:
            raise ValueError("not a seat's template: it has no parameter AttendeeId") from None
        machines = document.get("Mappings", {}).get("Seat", {})
        for machine in machines:
            machines[machine] = {key: mark for key, (mark, _) in _OVERRIDES[machine].items()}
        self._text = json.dumps(document, indent=1, ensure_ascii=False)
        self._body = _compact(document)

    def text(self, seat: Seat) -> str:
        """Return what CDK would write for ``seat``."""
        return _filled(self._text, seat)

    def template(self, seat: Seat) -> Template:
        """Return what is sent to CloudFormation for ``seat``."""
        return Template(_filled(self._body, seat), tags.template_digest(self.text(seat)))


def overrides(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the mapping ``Seat`` of a template says, by the attributes of a seat.

    Raise KeyError, TypeError or ValueError for a template that is none of ours.
    """
    machines = document.get("Mappings", {}).get("Seat", {})
    values_by_name = {
        name: values[key]
        for machine, values in machines.items()
        for key, (_, name) in _OVERRIDES[machine].items()
    }
    return {
        name: int(value) if name in _SIZES else "" if value == ANY_PLACE else value
        for name, value in values_by_name.items()
    }


def _filled(text: str, seat: Seat) -> str:
    text = text.replace(_SEAT, seat.attendee)
    for mark, name in _MARKS.items():
        text = text.replace(mark, str(getattr(seat, name)) or ANY_PLACE)
    return text


def _compact(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
