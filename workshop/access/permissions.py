"""Whether a seat's role may do something, and which statement says so.

The evaluation of statements is that of the emulator's policy engine; the documents are exactly
those that synthesis writes into templates.
"""

# Private names of ministack, held by ministack_adapter.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from localcloud import policy_engine
from workshop import tags
from workshop.config.models import Environment
from workshop.config.profiles import Profile
from workshop.naming import Names
from workshop.policies import documents, layout, people
from workshop.policies.boundary import boundary_policy
from workshop.policies.documents import Document
from workshop.policies.extra import why_closed

BOUNDARY = "boundary"
"""The name of the boundary among the documents."""

OTHER_SIDE = "the other account"
"""Stands among the documents for what another account says of its own."""

EVERYTHING: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "AwsManaged", "Effect": "Allow", "Action": ["*"], "Resource": ["*"]}],
}
"""Stands for AWS's managed policies, which are not ours to read: what they may allow at most."""

UNASKED = frozenset({"sts:GetCallerIdentity"})
"""Actions for which AWS asks for no permission, whatever policies say
(https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html)."""

_OF_TAGS = "aws:RequestTag/"


@dataclass(frozen=True)
class AccessQuestion:
    """One action on one resource, with the condition keys of the request.

    ``by_nobody`` asks for a caller of the same policies that lost the seat's tags. ``shared`` says
    of a resource of another account whether that account lets others use it, which is the second
    of the two sides that have to allow what is done across accounts
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html).
    """

    action: str
    resource: str = "*"
    context: Mapping[str, str | list[str]] = field(default_factory=dict)
    by_nobody: bool = False
    shared: bool = True

    @property
    def keys(self) -> dict[str, str | list[str]]:
        """The condition keys, with the one that names the tags of a request where it has some."""
        named = [key.removeprefix(_OF_TAGS) for key in self.context if key.startswith(_OF_TAGS)]
        return {**({"aws:TagKeys": named} if named else {}), **self.context}


@dataclass(frozen=True)
class AccessDecision:
    """``document`` and ``statement`` decided; both are empty when nothing allows.

    ``why`` tells of a denial why no YAML can open it.
    """

    allowed: bool
    document: str = ""
    statement: str = ""
    why: str = ""

    def __str__(self) -> str:
        return f"{self._verdict}; it {self.why}" if self.why else self._verdict

    @property
    def by(self) -> str:
        """Return what decides as a part of a sentence: the statement and its document."""
        if self.document == OTHER_SIDE:
            return "not shared by that account"
        return f"{self.statement} ({self.document})" if self.statement else "no statement"

    @property
    def _verdict(self) -> str:
        if self.allowed and not self.statement:
            return "allowed: AWS asks for no permission"
        if self.statement:
            return (
                f"{'allowed' if self.allowed else 'denied'} by {self.statement} ({self.document})"
            )
        if self.document == OTHER_SIDE:
            return "denied: the account that has it shares it with nobody"
        if self.document == BOUNDARY:
            return "denied: the boundary does not let it through"
        return "denied: no statement allows it"


_UNSHARED = AccessDecision(allowed=False, document=OTHER_SIDE)


@dataclass(frozen=True)
class EffectivePermissions:
    """Everything that decides what one seat may do."""

    names: Names
    documents: Mapping[str, Document]
    boundary: Document

    def decide(self, question: AccessQuestion) -> AccessDecision:
        """Evaluate as IAM does: a denial anywhere, else an Allow by policy and boundary.

        What another account has it has to allow as well.
        """
        if question.action in UNASKED:
            return AccessDecision(allowed=True)
        decision = self._evaluated(question)
        if decision.allowed:
            return decision if question.shared else _UNSHARED
        return replace(decision, why=why_closed(question.action))

    def _evaluated(self, question: AccessQuestion) -> AccessDecision:
        evaluator = policy_engine.evaluator()
        context = self._context(question)
        read = {
            name: [
                policy_engine.filled(context, statement)
                for statement in statements
                if evaluator._action_matches(
                    question.action, statement.actions, statement.not_actions
                )
            ]
            for name, statements in self._statements.items()
        }
        for name, statements in read.items():
            denying = evaluator._first_match(context, statements, "Deny")
            if denying is not None:
                return AccessDecision(allowed=False, document=name, statement=denying.sid)
        if evaluator._first_match(context, read[BOUNDARY], "Allow") is None:
            return AccessDecision(allowed=False, document=BOUNDARY)
        for name, statements in read.items():
            allowing = evaluator._first_match(context, statements, "Allow")
            if allowing is not None and name != BOUNDARY:
                return AccessDecision(allowed=True, document=name, statement=allowing.sid)
        return AccessDecision(allowed=False)

    @cached_property
    def _statements(self) -> dict[str, list[Any]]:
        """The statements of each document, as the engine reads them."""
        parse = policy_engine.evaluator().parse_policy_document
        documents = {**self.documents, BOUNDARY: self.boundary}
        return {name: parse(document) for name, document in documents.items()}

    def _context(self, question: AccessQuestion) -> Any:
        names = self.names
        given = {key.lower(): value for key, value in question.keys.items()}
        region = str(given.pop("aws:requestedregion", names.region))
        # Where an ARN names no account, as a bucket's, the engine takes the caller's for it.
        owner = str(given.get("aws:resourceaccount", names.account))
        given.setdefault("aws:userid", user_id(names))
        return policy_engine.evaluator().EvalContext(
            principal_arn=f"arn:{names.partition}:sts::{names.account}:assumed-role/"
            f"{names.role}/SageMaker",
            principal_type="AssumedRole",
            principal_account=owner,
            action=question.action,
            resource_arn=question.resource,
            region=region,
            service_context=given,
            principal_keys={}
            if question.by_nobody
            else {
                f"aws:principaltag/{tags.ATTENDEE}".lower(): names.seat,
                f"aws:principaltag/{tags.WORKSHOP}".lower(): names.workshop,
            },
        )


def user_id(names: Names) -> str:
    """Return what stands here for ``aws:userid``: a role's id is AWS's to give."""
    return f"{names.role}:SageMaker"


def cell(names: Names, profile: Profile, settings: Environment) -> EffectivePermissions:
    """Return the effective permissions of one seat of an environment."""
    documents = layout.seat_policies(
        any_seat(names), name_of(profile, settings), profile, tag_keys=settings.tags
    )
    if profile.access.mode == "managed":
        documents["managed"] = EVERYTHING
    return EffectivePermissions(names, documents, boundary(names, settings))


def console_cell(names: Names, profile: Profile, settings: Environment) -> EffectivePermissions:
    """Return those of the console role of one seat of an environment."""
    made = cell(names, profile, settings)
    console = {layout.CONSOLE: people.console_policy()}
    return replace(made, documents={**made.documents, **console})


def boundary(names: Names, settings: Environment) -> Document:
    """Return the boundary over every seat of an environment, where one of its seats is."""
    return boundary_policy(any_seat(names), layout.openings(settings.profiles.values()))


def any_seat(names: Names) -> Names:
    """Return the names as the cohort's policies spell them: the seat is the caller's tag."""
    return replace(names, seat=documents.OWN_ATTENDEE)


def name_of(profile: Profile, settings: Environment) -> str:
    """Return a profile's name in an environment, which its policies are named by.

    A profile that is not of the environment is treated as if it stood in the place of the first.
    """
    first = next(iter(settings.profiles))
    return next((name for name, each in settings.profiles.items() if each == profile), first)
