"""Addresses in AWS's console, and lines for a shell that need no more than names; all are pure.

The console of each partition is a site of its own (endpoints pages of the General References:
https://docs.aws.amazon.com/general/latest/gr/, https://docs.aws.eu/general/latest/gr/). The part
behind ``#`` is what the console itself shows in the address bar; it is documented nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from workshop.errors import UsageError
from workshop.naming import Names


@dataclass(frozen=True)
class Partition:
    """A part of AWS with accounts, names and a console of its own."""

    name: str
    domain: str
    """Of its services' host names."""
    console: str
    """The host of its console; a Region's own stands before it."""


_COMMERCIAL = Partition("aws", "amazonaws.com", "console.aws.amazon.com")
_OTHERS = {
    "cn-": Partition("aws-cn", "amazonaws.com.cn", "console.amazonaws.cn"),
    "us-gov-": Partition("aws-us-gov", "amazonaws.com", "console.amazonaws-us-gov.com"),
    "eusc-": Partition("aws-eusc", "amazonaws.eu", "console.amazonaws-eusc.eu"),
}
_ISOLATED = ("us-iso", "eu-iso")


def partition(region: str) -> Partition:
    """The partition of a Region, by how the Region's name begins.

    Raises UsageError for Regions whose console has no public address.
    """
    if region.startswith(_ISOLATED):
        raise UsageError(
            f"the console of {region} has no public address, so there is no handout for seats"
            " there; choose others with --only"
        )
    return next(
        (partition for start, partition in _OTHERS.items() if region.startswith(start)), _COMMERCIAL
    )


def placed(names: Names) -> Names:
    """The same names with the partition and domain of their Region."""
    found = partition(names.region)
    return replace(names, partition=found.name, domain=found.domain)


def notebook(names: Names) -> str:
    """The console's page that opens JupyterLab on a seat's notebook, for whoever may sign in."""
    return f"{_home('sagemaker', names)}#/notebook-instances/openNotebook/{names.notebook}?view=lab"


def dashboard(names: Names) -> str:
    """The console's page with a seat's dashboard."""
    return f"{_home('cloudwatch', names)}#dashboards/dashboard/{names.dashboard}"


def fresh_link(names: Names) -> str:
    """The lines for a shell with the AWS CLI that print a presigned URL of a seat's notebook."""
    return (
        "aws sagemaker create-presigned-notebook-instance-url \\\n"
        f"    --notebook-instance-name {names.notebook} --region {names.region} \\\n"
        "    --query AuthorizedUrl --output text"
    )


def registry(names: Names) -> str:
    """The host of the container registry, as ``docker login`` takes it."""
    return f"{names.account}.dkr.ecr.{names.region}.{names.domain}"


def registry_login(names: Names) -> str:
    """The lines for a shell that sign Docker in to the registry for twelve hours."""
    return (
        f"aws ecr get-login-password --region {names.region} |\n"
        f"    docker login --username AWS --password-stdin {registry(names)}"
    )


def _home(service: str, names: Names) -> str:
    host = partition(names.region).console
    return f"https://{names.region}.{host}/{service}/home?region={names.region}"
