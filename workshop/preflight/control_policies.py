"""What service control policies deny of a workshop in seats' own accounts.

They are read down the tree of the organization, from its root to each account. On each level
something has to allow an action and nothing may deny it
(https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html);
IAM's own simulation says so of the policies of a level, with who will call and in which Region.
What hangs on any other key is open.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from workshop.account_region import AccountRegion
from workshop.accounts.organization import AT_ONCE
from workshop.aws.clients import Clients
from workshop.preflight.permissions import Question

KIND = "SERVICE_CONTROL_POLICY"
ALLOWS_ALL = "p-FullAWSAccess"
"""The policy of AWS's that every root, unit and account has until somebody takes it off."""

_PAGE = 20


@dataclass(frozen=True)
class CallingRole:
    """Who will call something in seats' accounts, by the name of its role, and what."""

    who: str
    role: str
    questions: Sequence[Question]


@dataclass(frozen=True)
class ControlPolicy:
    """A service control policy, whose name is the organization's."""

    id: str
    name: str
    document: str


@dataclass(frozen=True)
class PolicyLevel:
    """The policies of a root, a unit or an account."""

    target: str
    policies: tuple[ControlPolicy, ...]

    @property
    def allows_all(self) -> bool:
        """Whether there is nothing to ask about."""
        return {policy.id for policy in self.policies} <= {ALLOWS_ALL}

    @property
    def names(self) -> list[str]:
        """The names of the policies that somebody wrote."""
        return [policy.name for policy in self.policies if policy.id != ALLOWS_ALL]


@dataclass(frozen=True)
class Denial:
    """What policies of one level deny, and to whom; ``open``: it hangs on what is not known."""

    level: PolicyLevel
    who: str
    actions: tuple[str, ...]
    open: bool = False


@dataclass(frozen=True)
class PolicyTree:
    """The levels above and of each account, from the root on; empty without such policies."""

    clients: Clients
    home: AccountRegion
    levels: Mapping[str, tuple[PolicyLevel, ...]]

    def denials(self, where: AccountRegion, askers: Sequence[CallingRole]) -> list[Denial]:
        """Return what is denied in an account and Region; botocore's errors pass through."""
        asked = ((level, asker) for level in self.levels.get(where.account, ()) for asker in askers)
        return [
            denial
            for level, asker in asked
            if not level.allows_all
            for denial in self._denied(level, where, asker)
        ]

    def _denied(
        self, level: PolicyLevel, where: AccountRegion, asker: CallingRole
    ) -> Iterator[Denial]:
        partition = self.clients.client("iam", self.home).meta.partition
        role = f"arn:{partition}:iam::{where.account}:role/{asker.role}"
        answers = [
            answer
            for resource, actions in asker.questions
            for answer in self._simulated(level, where.region, role, resource, actions)
        ]
        for is_open in (False, True):
            actions = dict.fromkeys(
                answer["EvalActionName"]
                for answer in answers
                if (answer["EvalDecision"] != "allowed" or is_open)
                and bool(answer.get("MissingContextValues")) == is_open
            )
            if actions:
                yield Denial(level, asker.who, tuple(actions), open=is_open)

    def _simulated(
        self, level: PolicyLevel, region: str, role: str, resource: str, actions: Collection[str]
    ) -> list[dict[str, Any]]:
        keys = {"aws:RequestedRegion": region, "aws:PrincipalArn": role}
        pages = self.clients.client("iam", self.home).get_paginator("simulate_custom_policy")
        return [
            result
            for page in pages.paginate(
                PolicyInputList=[policy.document for policy in level.policies],
                ActionNames=list(actions),
                ResourceArns=[resource],
                ContextEntries=[
                    {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [text]}
                    for key, text in keys.items()
                ],
            )
            for result in page["EvaluationResults"]
        ]


def read(clients: Clients, home: AccountRegion, units: Mapping[str, str]) -> PolicyTree:
    """Return the policies over accounts, each by its unit; botocore's errors pass through.

    A unit that is empty is asked for. The management account may read all this, and a delegated
    administrator of a service.
    """
    return _PolicyReader(clients, home).tree(units)


@dataclass(frozen=True)
class _PolicyReader:
    clients: Clients
    home: AccountRegion

    def tree(self, units: Mapping[str, str]) -> PolicyTree:
        if not self._is_enabled:
            return PolicyTree(self.clients, self.home, {})
        with ThreadPoolExecutor(AT_ONCE) as pool:
            unknown = [account for account, unit in units.items() if not unit]
            units = {**units, **dict(zip(unknown, pool.map(self._parent, unknown), strict=True))}
            above = {unit: self._path(unit) for unit in dict.fromkeys(units.values())}
            targets = dict.fromkeys(
                (*(target for path in above.values() for target in path), *units)
            )
            found = dict(zip(targets, pool.map(self._attached, targets), strict=True))
            ids = dict.fromkeys(id_ for some in found.values() for id_ in some)
            policies = dict(zip(ids, pool.map(self._policy, ids), strict=True))
        level = {
            target: PolicyLevel(target, tuple(policies[id_] for id_ in some))
            for target, some in found.items()
        }
        levels = {
            account: tuple(level[target] for target in (*above[unit], account))
            for account, unit in units.items()
        }
        return PolicyTree(self.clients, self.home, levels)

    @cached_property
    def _is_enabled(self) -> bool:
        roots = self._call("ListRoots")["Roots"]
        return any(
            (policy_type["Type"], policy_type["Status"]) == (KIND, "ENABLED")
            for root in roots
            for policy_type in root.get("PolicyTypes", ())
        )

    def _path(self, unit: str) -> list[str]:
        """Return the unit and all above it, the root first."""
        path = [unit]
        while not path[0].startswith("r-"):
            path.insert(0, self._parent(path[0]))
        return path

    def _parent(self, child: str) -> str:
        """Return the unit, or the root, that a unit or an account is in."""
        return str(self._call("ListParents", ChildId=child)["Parents"][0]["Id"])

    def _attached(self, target: str) -> list[str]:
        listed = partial(self.clients.pages, self.home, "organizations")
        pages = listed("ListPoliciesForTarget", size=_PAGE, TargetId=target, Filter=KIND)
        return [policy["Id"] for page in pages for policy in page["Policies"]]

    def _policy(self, policy_id: str) -> ControlPolicy:
        found = self._call("DescribePolicy", PolicyId=policy_id)["Policy"]
        return ControlPolicy(policy_id, found["PolicySummary"]["Name"], found["Content"])

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.clients.call(self.home, "organizations", operation, **request)
