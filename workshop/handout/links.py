"""Addresses in AWS's console, and lines for a shell that need no more than names; all are pure.

The part behind ``#`` is what the console itself shows in the address bar; it is documented nowhere.
"""

from __future__ import annotations

from workshop.aws import consoles, regions
from workshop.naming import Names


def placed(names: Names) -> Names:
    """Return the same names with the partition and domain of their Region.

    Raises UsageError for Regions whose console has no public address.
    """
    consoles.console(names.region)
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
    return f"https://{names.region}.{consoles.console(names.region)}/{service}/home?region={names.region}"
