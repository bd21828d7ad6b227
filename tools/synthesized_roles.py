"""The roles of a seat as a cloud assembly makes them, and what the policy engine says of each.

A role's policies are whatever the assembly attaches to it, in whichever stack and way: inline,
``AWS::IAM::Policy`` or ``AWS::IAM::RolePolicy`` beside it, customer managed policies by ARN or by
their own list of roles. AWS's own managed policies are not ours to read; what they may allow at
most stands for them.
"""

# A private name of ministack, held by ministack_adapter.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from localcloud import policy_engine
from workshop import tags
from workshop.access.permissions import EVERYTHING
from workshop.naming import COHORT, SEAT_STACKS, Names
from workshop.policies.documents import Document

_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
_AWS_MANAGED = re.compile(r"arn:[^:]+:iam::aws:policy/")

Context = Mapping[str, str | list[str]]
"""Condition keys of a request and their values."""
Parsed = Mapping[str, Sequence[Any]]
"""Name of a policy -> its statements as the engine parses them."""


@dataclass(frozen=True)
class SynthesizedRole:
    """One role: its name and path, its policies by name, and its permissions boundary."""

    names: Names
    arn: str
    policies: Mapping[str, Document]
    boundary: Document | None
    _parsed: dict[str, Parsed] = field(default_factory=dict, compare=False, repr=False)
    _matching: dict[tuple[str, str], list[tuple[str, Any]]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def allows(self, action: str, resource: str, context: Context) -> str:
        """Return the policy and statement that allow a request, empty where it is denied."""
        evaluator = policy_engine.evaluator()
        if not self.could_allow(action):
            return ""
        request = self._context(action, resource, context)
        for layer in self._layers():
            for _, statement in self._about(layer, action):
                if statement.effect == "Deny" and evaluator._first_match(
                    request, [statement], "Deny"
                ):
                    return ""
        by = ""
        for layer in self._layers():
            allowing = [
                f"{name}: {statement.sid}"
                for name, statement in self._about(layer, action)
                if statement.effect == "Allow"
                and evaluator._first_match(request, [statement], "Allow")
            ]
            if not allowing:
                return ""
            by = by or allowing[0]
        return by

    def could_allow(self, action: str) -> bool:
        """Return whether every layer has some statement that allows the action on something."""
        return all(
            any(statement.effect == "Allow" for _, statement in self._about(layer, action))
            for layer in self._layers()
        )

    def _layers(self) -> tuple[str, ...]:
        return ("policies",) if self.boundary is None else ("policies", "boundary")

    def _about(self, layer: str, action: str) -> list[tuple[str, Any]]:
        """Return the statements of a layer that cover an action, whatever their conditions."""
        if (layer, action) not in self._matching:
            evaluator = policy_engine.evaluator()
            request = self._context(action, "*", {})
            self._matching[layer, action] = [
                (name, statement)
                for name, statements in self._statements(layer).items()
                for statement in statements
                if evaluator._first_match(request, [_bare(statement)], statement.effect)
            ]
        return self._matching[layer, action]

    def _statements(self, layer: str) -> Parsed:
        if layer not in self._parsed:
            documents = self.policies if layer == "policies" else {"boundary": self.boundary}
            evaluator = policy_engine.evaluator()
            request = self._context("", "*", {})
            self._parsed[layer] = {
                # The caller's tags are the same in every question, so they are filled in once.
                name: [
                    policy_engine.filled(request, statement)
                    for statement in evaluator.parse_policy_document(document)
                ]
                for name, document in documents.items()
            }
        return self._parsed[layer]

    def _context(self, action: str, resource: str, context: Context) -> Any:
        names = self.names
        given = {key.lower(): value for key, value in context.items()}
        region = str(given.pop("aws:requestedregion", names.region))
        return policy_engine.evaluator().EvalContext(
            principal_arn=f"arn:{names.partition}:sts::{names.account}:assumed-role/"
            f"{self.arn.rpartition('/')[2]}/SageMaker",
            principal_type="AssumedRole",
            # Where an ARN names no account, as a bucket's, the engine takes the caller's for it.
            principal_account=str(given.get("aws:resourceaccount", names.account)),
            action=action,
            resource_arn=resource,
            region=region,
            service_context=given,
            principal_keys={
                f"aws:principaltag/{tags.ATTENDEE}": names.seat,
                f"aws:principaltag/{tags.WORKSHOP}": names.workshop,
            },
        )


def _bare(statement: Any) -> Any:
    return replace(statement, resources=[], not_resources=[], conditions={})


def roles(assembly: Path, names: Names) -> list[SynthesizedRole]:
    """Return every role that a seat's stacks in a cloud assembly make.

    Raises LookupError for a role whose boundary or policies the assembly does not hold.
    """
    templates = {
        path.name.removesuffix(".template.json"): json.loads(path.read_text(encoding="utf-8"))
        for path in assembly.glob("*.template.json")
    }
    own = {name: template for name, template in templates.items() if name in _stacks(names)}
    account = _Account(names)
    for name, template in templates.items():
        if name in own or name == names.cohort.stack(COHORT):
            account.add(template)
    return account.roles()


def _stacks(names: Names) -> set[str]:
    return {names.stack(kind) for kind in SEAT_STACKS}


class _Account:
    """What stacks leave in IAM, for one seat."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._roles: dict[str, dict[str, Any]] = {}
        self._managed: dict[str, dict[str, Any]] = {}
        self._beside: list[dict[str, Any]] = []

    def add(self, template: Mapping[str, Any]) -> None:
        resources = template["Resources"]
        resolve = _Resolving(self._names, resources).resolved
        for resource in resources.values():
            kind = resource["Type"]
            if not kind.startswith("AWS::IAM::"):
                continue
            properties = resolve(resource.get("Properties", {}))
            if kind == "AWS::IAM::Role":
                self._roles[self._arn("role", properties, "RoleName")] = properties
            elif kind == "AWS::IAM::ManagedPolicy":
                arn = self._arn("policy", properties, "ManagedPolicyName")
                self._managed[arn] = properties
            elif kind in ("AWS::IAM::Policy", "AWS::IAM::RolePolicy"):
                self._beside.append(properties)

    def roles(self) -> list[SynthesizedRole]:
        return [
            SynthesizedRole(
                self._names, arn, dict(self._policies(arn, properties)), self._boundary(properties)
            )
            for arn, properties in self._roles.items()
        ]

    def _policies(self, arn: str, role: Mapping[str, Any]) -> Iterator[tuple[str, Document]]:
        name = arn.rpartition("/")[2]
        for inline in role.get("Policies", ()):
            yield inline["PolicyName"], inline["PolicyDocument"]
        for attachment in self._beside:
            if name in (*attachment.get("Roles", ()), attachment.get("RoleName")):
                yield attachment["PolicyName"], attachment["PolicyDocument"]
        attached = {
            *role.get("ManagedPolicyArns", ()),
            *(
                policy
                for policy, attachment in self._managed.items()
                if name in attachment.get("Roles", ())
            ),
        }
        for policy in sorted(attached):
            if _AWS_MANAGED.match(policy):
                yield policy.rpartition("/")[2], EVERYTHING
            else:
                yield policy.rpartition("/")[2], self._managed[policy]["PolicyDocument"]

    def _boundary(self, role: Mapping[str, Any]) -> Document | None:
        arn = role.get("PermissionsBoundary")
        document: Document | None = None if arn is None else self._managed[arn]["PolicyDocument"]
        return document

    def _arn(self, kind: str, properties: Mapping[str, Any], member: str) -> str:
        names, path = self._names, properties.get("Path", "/")
        return f"arn:{names.partition}:iam::{names.account}:{kind}{path}{properties[member]}"


class _Resolving:
    """Does what CloudFormation does with the few functions that the templates use."""

    def __init__(self, names: Names, resources: Mapping[str, Any]) -> None:
        self._names = names
        self._resources = resources

    def resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            function, given = next(iter(value.items()))
            if function == "Fn::Sub" and isinstance(given, str):
                return _PLACEHOLDER.sub(lambda found: self._value(found[1]), given)
            if function == "Fn::Join":
                return given[0].join(str(self.resolved(part)) for part in given[1])
            if function == "Ref":
                return self._value(given)
            if function.startswith("Fn::"):
                raise LookupError(f"{function} in a policy or role is not understood here: {given}")
        return {key: self.resolved(item) for key, item in value.items()}

    def _value(self, name: str) -> str:
        if name.startswith("!"):
            return f"${{{name[1:]}}}"
        names = self._names
        known = {
            "AttendeeId": names.seat,
            "AWS::AccountId": names.account,
            "AWS::Region": names.region,
            "AWS::Partition": names.partition,
            "AWS::URLSuffix": names.domain,
        }
        if name in known:
            return known[name]
        made = self._resources[name]
        properties = self.resolved(made["Properties"])
        if made["Type"] == "AWS::IAM::ManagedPolicy":
            path = f"{properties.get('Path', '/')}{properties['ManagedPolicyName']}"
            return f"arn:{names.partition}:iam::{names.account}:policy{path}"
        return str(properties["RoleName"])
