"""Whether an account may use a Region: those that AWS opened since 2019 have to be enabled first.

In one that is not, AWS does not know the account's keys, and answers as if they were wrong
(https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html).
"""

from __future__ import annotations

from botocore.exceptions import ClientError

from workshop.account_region import AccountRegion

_NO_SUCH_KEY = frozenset({"AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException"})
"""Error codes of keys that are not known: of EC2, of query services, and of JSON services."""

_OPEN_TO_ALL = {"cn-": "cn-north-1", "us-gov-": "us-gov-west-1", "": "us-east-1"}
"""By the beginning of a Region's name, the one of its partition that no account can disable."""


def knows_no_key(error: BaseException) -> bool:
    """Whether AWS answered that it does not know the caller's key."""
    return isinstance(error, ClientError) and error.response["Error"]["Code"] in _NO_SUCH_KEY


def open_to_all(region: str) -> str:
    """A Region of the same partition that every account can use."""
    return next(one for start, one in _OPEN_TO_ALL.items() if region.startswith(start))


def not_enabled(place: AccountRegion) -> str:
    """That the Region is not enabled, with the cure: for keys that are good elsewhere."""
    return (
        f"{place.region} is not enabled for account {place.account}: it does not know your keys,"
        " which are good elsewhere; enable it with: aws account enable-region --region-name"
        f" {place.region} (it takes some minutes), or name another Region"
    )
