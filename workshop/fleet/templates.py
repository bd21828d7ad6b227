"""One seat's templates from another's: synthesize once, deploy many.

All seats of a profile share their templates but for the default of the parameter ``AttendeeId``
and the mapping ``Seat`` that holds what a roster row may override. Setting those two gives, byte
for byte, what ``cdk synth`` writes for the other seat.
"""

from __future__ import annotations

import json

from workshop.roster import Seat


def for_seat(template: str, seat: Seat) -> str:
    """The template of ``seat``, from the template of any other seat of its profile.

    ``template`` is the text that CDK wrote; the result is in the same form (one space of
    indentation, no newline at the end). Raises ValueError for a template without the parameter,
    such as the cohort's.
    """
    document = json.loads(template)
    try:
        document["Parameters"]["AttendeeId"]["Default"] = seat.id
    except KeyError:
        raise ValueError("not a seat's template: it has no parameter AttendeeId") from None
    if "Mappings" in document:
        document["Mappings"]["Seat"]["Notebook"] = {
            "InstanceType": seat.instance_type,
            "VolumeSizeInGB": str(seat.volume_gb),
        }
    return json.dumps(document, indent=1, ensure_ascii=False)
