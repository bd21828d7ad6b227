"""Temporary credentials of a role, as notebooks get them from SageMaker and instances from EC2."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from localcloud import ministack_adapter
from localcloud.authentication import owners
from localcloud.ec2 import stores
from localcloud.ec2.service import Ec2Service
from localcloud.errors import LocalCloudError
from localcloud.protocol.errors import ApiError
from localcloud.sagemaker import roles
from localcloud.session_manager import agents

SESSION = "SageMaker"
"""The session name of everything that SageMaker does with a role."""

SECONDS = 3600.0
"""How long the credentials are valid, by the machine's clock."""

OF_INSTANCE = 21_600.0
"""How long those of an instance are."""

LONGEST = 43_200.0
"""How long a session of a role can last."""

EVERYTHING = "arn:aws:iam::aws:policy/AdministratorAccess"
_FEDERATED = ["sts:AssumeRoleWithSAML", "sts:TagSession"]

Document = dict[str, Any]


def answer(change: Document) -> Document:
    """Return credentials of ``role`` (an ARN), if SageMaker may assume it.

    No call of AWS's interface returns them for a role that trusts SageMaker alone.
    """
    role_arn = str(change["role"])
    account = role_arn.split(":")[4] if role_arn.count(":") == 5 else ""  # noqa: PLR2004
    if not (account.isdigit() and change.keys() == {"role"}):
        raise LocalCloudError("give one role by its ARN, such as arn:aws:iam::111122223333:role/x")
    with ministack_adapter.request_scope(account, ministack_adapter.region()):
        try:
            roles.require_assumable(role_arn)
        except ApiError as refusal:
            raise LocalCloudError(refusal.message) from None
        return issued(role_arn, account, SESSION, SECONDS)


def of_instance(machines: Ec2Service) -> Callable[[Document], Document]:
    """Return the endpoint that gives the credentials that a running ``instance`` has from EC2."""

    def answer(change: Document) -> Document:
        if change.keys() != {"instance", "account", "region"}:
            raise LocalCloudError("give instance, account and region")
        account, name = change["account"], change["instance"]
        with ministack_adapter.request_scope(account, change["region"]), machines.world.lock:
            machines.states.run_due()
            instance = stores.instances().get(name)
            if instance is None or instance["State"]["Name"] != "running":
                raise LocalCloudError(f"no instance {name} runs in {account}")
            role = agents.role_of(instance)
            if role is None:
                raise LocalCloudError(f"{name} has no role that EC2 can assume")
            made = issued(role["Arn"], account, name, OF_INSTANCE)
            session = ministack_adapter.module("services.sts")._sessions[made["AccessKeyId"]]
            session["InstanceArn"] = stores.arn("instance", name)
        return made

    return answer


def continued(key: str, seconds: float) -> str:
    """Return a key of the same principal that lasts for a while from now, whatever ends before.

    A session's policies and tags go with it. Nobody knows the secret of the new key.
    """
    iam, sts = ministack_adapter.module("services.iam"), ministack_adapter.module("services.sts")
    session = sts._sessions.get(key)
    if session is None:
        # A user's key, or the root's.
        return key
    new = str(iam._gen_session_access_key())
    secret = {"SecretAccessKey": iam._gen_secret(), "SessionToken": iam._gen_session_token()}
    sts.register_session(new, {**session, **secret, "Expiration": time.time() + seconds})
    return new


def permission_set_role(name: str) -> str:
    """Return the ARN of the role that Identity Center has in an account; make it if need be."""
    iam = ministack_adapter.module("services.iam")
    account, path = ministack_adapter.account(), "/aws-reserved/sso.amazonaws.com/"
    role = f"AWSReservedSSO_{name}_{hashlib.sha256(account.encode()).hexdigest()[:16]}"
    if role not in iam._roles:
        provider = f"arn:aws:iam::{account}:saml-provider/AWSSSO_DO_NOT_DELETE"
        trust = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": _FEDERATED}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        given = {"RoleName": [role], "Path": [path], "AssumeRolePolicyDocument": [document]}
        for operation, parameters in (
            ("CreateRole", given),
            ("AttachRolePolicy", {"RoleName": [role], "PolicyArn": [EVERYTHING]}),
        ):
            iam._IAM_HANDLERS[operation](parameters)
    return str(iam._roles[role]["Arn"])


def issued(
    role_arn: str, account: str, session: str, seconds: float, *, by_owner: bool = False
) -> Document:
    """Return credentials of a role that AWS itself takes on, without asking whether it may."""
    iam, sts = ministack_adapter.module("services.iam"), ministack_adapter.module("services.sts")
    key, secret, token = (
        iam._gen_session_access_key(),
        iam._gen_secret(),
        iam._gen_session_token(),
    )
    expires = time.time() + seconds
    sts.register_session(
        key,
        {
            "Arn": sts._assumed_role_arn(role_arn, session)[0],
            "UserId": f"{sts._role_id(role_arn)}:{session}",
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": expires,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
            "SessionTags": [],
            "SessionPolicies": None,
            owners.MARK: by_owner,
        },
    )
    return {
        "AccessKeyId": key,
        "SecretAccessKey": secret,
        "SessionToken": token,
        "Expiration": datetime.fromtimestamp(expires, UTC).isoformat(),
    }
