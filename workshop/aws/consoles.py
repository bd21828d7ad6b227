"""Where AWS's console, its sign-in and notebooks are: hosts of each partition.

(General References: https://docs.aws.amazon.com/general/latest/gr/, https://docs.aws.eu/general/latest/gr/).
"""

from __future__ import annotations

from workshop.aws import regions
from workshop.errors import UsageError

_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-eusc": "console.amazonaws-eusc.eu",
}
"""The host of a partition's console; a Region's own stands before it."""

_NOTEBOOKS = {"aws-cn": "sagemaker.com.cn"}
"""What ends the host of a notebook, in partitions in which it is not ``sagemaker.aws``."""


def console(region: str) -> str:
    """Return the host of the console of a Region's partition.

    Raise UsageError for Regions whose console has no public address.
    """
    host = _CONSOLES.get(regions.partition(region).name)
    if host is None:
        raise UsageError(
            f"the console of {region} has no public address, so there is no handout for seats"
            " there; choose others with --only"
        )
    return host


def notebooks(region: str) -> str:
    """Return the hosts of the notebooks of a Region, with ``*`` for the notebook's own part."""
    domain = _NOTEBOOKS.get(regions.partition(region).name, "sagemaker.aws")
    return f"*.notebook.{region}.{domain}"


def sign_in(region: str) -> str:
    """Return the host of the sign-in of a Region's partition; raise UsageError likewise."""
    return console(region).replace("console.", "signin.", 1)
