"""Who the caller is to a role's trust policy: what the organiser's role is told to let in."""

from __future__ import annotations

import re

from botocore.exceptions import BotoCoreError, ClientError

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients

_SESSION = re.compile(
    r"arn:(?P<partition>[\w-]+):sts::(?P<account>\d+):assumed-role/(?P<role>[^/]+)/"
)
_SIGNED_IN = "AWSReservedSSO_"


def principals(clients: Clients, home: AccountRegion) -> tuple[str, ...]:
    """Return the caller as ``aws:PrincipalArn`` has it, in patterns of ``ArnLike``.

    Of a role, STS tells the name without its path; IAM tells it, and where the caller may not ask
    that, the patterns fit the role below any path: that of IAM Identity Center for its own roles
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn).
    """
    arn = str(clients.call(home, "sts", "GetCallerIdentity")["Arn"])
    found = _SESSION.match(arn)
    if found is None:
        return (arn,)
    role = found["role"]
    try:
        return (str(clients.call(home, "iam", "GetRole", RoleName=role)["Role"]["Arn"]),)
    except (BotoCoreError, ClientError):
        of_account = f"arn:{found['partition']}:iam::{found['account']}:role"
        if role.startswith(_SIGNED_IN):
            return (f"{of_account}/aws-reserved/sso.amazonaws.com/*{role}",)
        return (f"{of_account}/{role}", f"{of_account}/*/{role}")
