"""A second policy engine: that of iam-simulate, asked about the templates as synthesized."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.support.assemblies import ROOT, Synthesized
from workshop.access.permissions import EVERYTHING, AccessQuestion
from workshop.naming import COHORT, Names

_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")


OFFERED = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}
"""The policy of a resource of another account that anybody may use."""


_ANSWERS: dict[str, str] = {}
"""What the engine has answered, by what it was asked: policies by their digests."""


@dataclass(frozen=True)
class Role:
    """A seat's role as its stack makes it: policies and boundary with real values."""

    names: Names
    policies: dict[str, Any]
    boundary: Any
    tags: dict[str, str]

    def simulation(self, question: AccessQuestion) -> dict[str, Any]:
        """Give what iam-simulate wants to know."""
        names = self.names
        principal = f"arn:aws:sts::{names.account}:assumed-role/{names.role}/SageMaker"
        account = question.resource.split(":")[4] if question.resource != "*" else ""
        if not account and not question.shared:
            account = str(question.keys.get("aws:ResourceAccount", ""))
        foreign = account not in ("", names.account)
        caller = {f"aws:PrincipalTag/{key}": value for key, value in self.tags.items()}
        return {
            # What AWS offers to everybody carries a policy that says so.
            **({"resourcePolicy": OFFERED} if foreign and question.shared else {}),
            "request": _with_known_keys(
                {
                    "principal": principal,
                    "action": question.action,
                    "resource": {
                        "resource": _known(question),
                        "accountId": account or names.account,
                    },
                    "contextVariables": {
                        "aws:RequestedRegion": names.region,
                        **({} if question.by_nobody else caller),
                        **question.keys,
                    },
                }
            ),
            **self._documents,
        }

    @cached_property
    def _documents(self) -> dict[str, Any]:
        """The same objects for every question, which :func:`ask` hands over but once."""
        named = [{"name": name, "policy": policy} for name, policy in self.policies.items()]
        return {
            "identityPolicies": _with_known_keys(named),
            "permissionBoundaryPolicies": _with_known_keys(
                [{"name": "boundary", "policy": self.boundary}]
            ),
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
        }


def _with_known_keys(made: Any) -> Any:
    """Give what the engine's data has a condition key for.

    It has that of the user for an action of EC2 Instance Connect, and knows no such key of EC2: any
    other whose value is a text does as well.
    """
    return json.loads(json.dumps(made).replace("ec2:osuser", "aws:PrincipalTag/osuser"))


def _known(question: AccessQuestion) -> str:
    """The resource, of a type that the engine's data has for the action.

    It has no Apps, and none of AWS's documents, which are in no account.
    """
    if "::document/" in question.resource:
        return question.resource.replace("::document/", ":111122223333:document/")
    if question.action.startswith("sagemaker-mlflow:"):
        return question.resource.replace(":mlflow-app/", ":mlflow-tracking-server/")
    return question.resource


def role(
    assembly: Synthesized, exemplar: str, names: Names, kind: str = "execution", profile: str = ""
) -> Role:
    """Give the role that the exemplar's template makes for another seat.

    ``kind`` may be ``console``, where the template has such a role; ``profile`` is that of the
    stack sets where each seat has an account of its own.
    """
    account_region = Names(names.workshop, exemplar, names.account, names.region)
    shared = Names(names.workshop, COHORT, "", "")
    stacks = (account_region.stack("access"), shared.stack(COHORT))
    if profile:
        stacks = (
            account_region.stack_set("access", profile),
            shared.stack_set(COHORT, profile),
        )
    access, cohort = (assembly.template(name)["Resources"] for name in stacks)
    (properties,) = [
        one["Properties"]
        for one in access.values()
        if one["Type"] == "AWS::IAM::Role" and kind in json.dumps(one["Properties"]["RoleName"])
    ]
    made = {
        f"arn:{names.partition}:iam::{names.account}:policy"
        f"{one['Properties']['Path']}{_resolved(one['Properties']['ManagedPolicyName'], names)}": (
            _resolved(one["Properties"]["PolicyDocument"], names)
        )
        for one in cohort.values()
        if one["Type"] == "AWS::IAM::ManagedPolicy"
    }
    assert "Policies" not in properties
    attached = [_resolved(arn, names) for arn in properties["ManagedPolicyArns"]]
    policies = {arn: made[arn] for arn in attached if ":aws:policy/" not in arn}
    if len(policies) < len(attached):
        policies["managed"] = EVERYTHING
    tags = {
        tag["Key"]: names.seat if tag["Value"] == {"Ref": "AttendeeId"} else tag["Value"]
        for tag in properties["Tags"]
    }
    return Role(names, policies, made[_resolved(properties["PermissionsBoundary"], names)], tags)


def assuming(role: str, trust: Any, who: str, tags: dict[str, str]) -> dict[str, Any]:
    """Give what iam-simulate wants to know: whether ``who`` may take on a role of its account.

    ``tags`` are the condition keys that the caller's tags fill. The caller itself may assume any
    role, so that the trust policy alone decides.
    """
    anything = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    return {
        "request": {
            "principal": who,
            "action": "sts:AssumeRole",
            "resource": {"resource": role, "accountId": role.split(":")[4]},
            "contextVariables": dict(tags),
        },
        "identityPolicies": [
            {"name": "any", "policy": {"Version": "2012-10-17", "Statement": [anything]}}
        ],
        "resourcePolicy": trust,
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
    }


def ask(simulations: Sequence[dict[str, Any]]) -> list[str]:
    """Ask the engine, all at once; "Allowed", "ExplicitlyDenied" or "ImplicitlyDenied" for each.

    What is the same, as what a seat does to itself whoever the neighbour is, is asked once.
    """
    documents: dict[str, Any] = {}
    names: dict[int, str] = {}

    def named(document: Any) -> str:
        if id(document) not in names:
            text = json.dumps(document)
            names[id(document)] = hashlib.sha256(text.encode()).hexdigest()
            documents[names[id(document)]] = document
        return names[id(document)]

    texts = [
        json.dumps(
            {name: given if name == "request" else named(given) for name, given in one.items()}
        )
        for one in simulations
    ]
    new = [text for text in dict.fromkeys(texts) if text not in _ANSWERS]
    asked = subprocess.run(
        [ROOT / ".venv/bin/node", "tests/support/simulate.mjs"],
        input=f'{{"documents": {json.dumps(documents)}, "asked": [{",".join(new)}]}}',
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    _ANSWERS.update(zip(new, json.loads(asked.stdout), strict=True))
    return [_ANSWERS[text] for text in texts]


def _resolved(value: Any, names: Names) -> Any:
    """Do what CloudFormation does with ``Fn::Sub``."""
    if isinstance(value, list):
        return [_resolved(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["Fn::Sub"]:
        return _PLACEHOLDER.sub(lambda found: _value(found[1], names), value["Fn::Sub"])
    return {key: _resolved(item, names) for key, item in value.items()}


def _value(name: str, names: Names) -> str:
    if name.startswith("!"):
        return f"${{{name[1:]}}}"
    return {
        "AttendeeId": names.seat,
        "AWS::AccountId": names.account,
        "AWS::Region": names.region,
        "AWS::Partition": names.partition,
        "AWS::URLSuffix": names.domain,
    }[name]
