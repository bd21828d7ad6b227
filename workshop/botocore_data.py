"""What botocore knows of services and Regions: each of its files is read once for all who ask."""

from __future__ import annotations

from functools import cache

from botocore.loaders import Loader


@cache
def loader() -> Loader:
    """Return the loader of this process, with the files that it has read."""
    return Loader()
