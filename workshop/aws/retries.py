"""Repeats calls that were refused since another call changes the resource, as botocore does not."""

from __future__ import annotations

import random

from workshop.aws import errors

LONGEST_WAIT = 20
"""Seconds between two attempts, as botocore's own waits."""


def wait(most: int, attempts: int, response: object = None, **_: object) -> float | None:
    """Return seconds until the next of ``most`` attempts, None where it is not for us to make one.

    A handler of botocore's event ``needs-retry``: ``attempts`` were made, ``response`` is HTTP's
    and what was parsed of it, or None where no answer came.
    """
    if attempts >= most or not isinstance(response, tuple):
        return None
    if not errors.overlaps(response[1].get("Error", {})):
        return None
    return random.uniform(0, min(2.0 ** (attempts - 1), LONGEST_WAIT))  # noqa: S311 - spreads retries
