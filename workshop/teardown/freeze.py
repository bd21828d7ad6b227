"""Takes away from attendees' roles what makes new things, before anybody looks what there is.

A deny policy is put on each role: what exists goes on, can be stopped and deleted, and jobs can
still write their results. Presigned links can no longer be made, and every request of an open
notebook is judged anew by IAM. It is never taken off to give anything back: just before the role
is deleted, :func:`bury` replaces it with a boundary that denies all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from workshop.aws.clients import Clients
from workshop.places import Place
from workshop.teardown import refusals

POLICY = "workshop-freeze"
THREADS = 8

DOCUMENT: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "WorkshopFreeze",
            "Effect": "Deny",
            "Action": [
                "sagemaker:Create*",
                "sagemaker:Start*",
                "sagemaker:Retry*",
                "sagemaker:Update*",
                "sagemaker:Put*",
                "sagemaker:Register*",
                "ec2:Run*",
                "ec2:Create*",
                "ec2:Start*",
                "ecr:Create*",
                "ecr:Put*",
                "s3:CreateBucket",
                "events:Put*",
                "scheduler:Create*",
                "lambda:Create*",
                "cloudwatch:PutDashboard",
                "application-autoscaling:Register*",
                "iam:PassRole",
            ],
            "Resource": "*",
        }
    ],
}
"""Short: all inline policies of a role together have 10,240 characters."""


def freeze(clients: Clients, place: Place, names: Iterable[str]) -> dict[str, str]:
    """Put the policy on these roles; why it failed, by role, for those where it did.

    A role that is gone needs none. Doing it twice is doing it once.
    """
    client = clients.client("iam", place)
    document = json.dumps(DOCUMENT, separators=(",", ":"))

    def put(name: str) -> tuple[str, str]:
        try:
            client.put_role_policy(RoleName=name, PolicyName=POLICY, PolicyDocument=document)
        except refusals.Refusal as error:
            return name, "" if refusals.is_gone(error) else refusals.told(error)
        return name, ""

    with ThreadPoolExecutor(THREADS) as pool:
        return {name: told for name, told in pool.map(put, names) if told}


def bury(clients: Clients, place: Place, name: str) -> None:
    """Deny a role everything in a way that lets CloudFormation delete it.

    A policy that its stack does not know keeps a role from being deleted; a boundary does not.
    botocore's errors pass through; a role that is gone is no error.
    """
    client = clients.client("iam", place)
    partition = client.meta.partition
    try:
        client.put_role_permissions_boundary(
            RoleName=name, PermissionsBoundary=f"arn:{partition}:iam::aws:policy/AWSDenyAll"
        )
        client.delete_role_policy(RoleName=name, PolicyName=POLICY)
    except refusals.Refusal as error:
        if not refusals.is_gone(error):
            raise
