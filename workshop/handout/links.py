"""Addresses in AWS's console, and lines for a shell that need no more than names; all are pure.

The console of each partition is a site of its own (endpoints pages of the General References:
https://docs.aws.amazon.com/general/latest/gr/, https://docs.aws.eu/general/latest/gr/). The part
behind ``#`` is what the console itself shows in the address bar; it is documented nowhere.
"""

from __future__ import annotations

from workshop.aws import regions
from workshop.errors import UsageError
from workshop.naming import Names

_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-eusc": "console.amazonaws-eusc.eu",
}
"""The host of a partition's console; a Region's own stands before it."""


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


def placed(names: Names) -> Names:
    """Return the same names with the partition and domain of their Region.

    Raises UsageError for Regions whose console has no public address.
    """
    console(names.region)
    return regions.placed(names)


def notebook(names: Names) -> str:
    """Return the console's page that opens JupyterLab on a seat's notebook, after a sign-in."""
    return f"{_home('sagemaker', names)}#/notebook-instances/openNotebook/{names.notebook}?view=lab"


def dashboard(names: Names) -> str:
    """Return the console's page with a seat's dashboard."""
    return f"{_home('cloudwatch', names)}#dashboards/dashboard/{names.dashboard}"


def registry(names: Names) -> str:
    """Return the host of the container registry, as ``docker login`` takes it."""
    return f"{names.account}.dkr.ecr.{names.region}.{names.domain}"


def registry_login(names: Names) -> str:
    """Return the lines for a shell that sign Docker in to the registry for twelve hours."""
    return (
        f"aws ecr get-login-password --region {names.region} |\n"
        f"    docker login --username AWS --password-stdin {registry(names)}"
    )


def _home(service: str, names: Names) -> str:
    return f"https://{names.region}.{console(names.region)}/{service}/home?region={names.region}"
