"""What people get, as opposed to the role that their notebook and jobs run with.

Either a link to the notebook or a session with the instance (``people_policy``, for whoever hands
links out or fetches their own), or AWS's console (``console_policy`` beside the seat's own
policies, on a role of the account or as a permission set of IAM Identity Center).
"""

from __future__ import annotations

from collections.abc import Sequence

from workshop import tags
from workshop.naming import BOUNDARY, Names
from workshop.policies.actions import CONSOLE_VIEWS, NOTEBOOK_USE
from workshop.policies.box import people_statements
from workshop.policies.documents import Document, Statement, allow, document
from workshop.policies.trust import managed_policy_arns


def people_policy(names: Names, *, has_notebook: bool = True, has_box: bool = False) -> Document:
    """Return what opens one seat's notebook or instance, and starts it when it has stopped itself.

    It is for callers without a permissions boundary: it names nothing of another seat.
    """
    opens = allow("OpenNotebook", NOTEBOOK_USE, [names.notebook_arn])
    return document(
        *([opens] if has_notebook else []), *(people_statements(names) if has_box else [])
    )


def console_policy() -> Document:
    """Return what the console needs beside the seat's own policies.

    Readings for dashboards, and lists that the console asks for before it shows anything; they show
    all seats' names, tags and states. None of S3 and ECR: of the account's buckets and
    repositories, the boundary lets a seat ask about its own alone, and a list of all is about all.
    Their pages open by the address of one's own.
    """
    return document(allow("ConsoleViews", CONSOLE_VIEWS, ["*"]))


def console_trust_policy(
    names: Names, *, principals: Sequence[str], organisers: Sequence[str], alone: bool
) -> Document:
    """Return who may take on a seat's console role, by ARN.

    ``principals`` only with the seat's id as their tag ``attendee``, that of the role or user or of
    its session, since the same principals stand in the trust of every seat; where they also say a
    workshop, it has to be this one. Of a seat that is ``alone`` in its account the tag is the
    account: there all seats have one id. ``organisers`` need no tag: they may be any seat.
    """
    statements: list[Statement] = []
    if principals:
        seat = names.account if alone else names.seat
        tagged = {
            "StringEquals": {f"aws:PrincipalTag/{tags.ATTENDEE}": seat},
            "StringEqualsIfExists": {f"aws:PrincipalTag/{tags.WORKSHOP}": names.workshop},
        }
        statements.append(_may_assume("TaggedPrincipals", principals, Condition=tagged))
    if organisers:
        statements.append(_may_assume("Organisers", organisers))
    return document(*statements)


def _may_assume(sid: str, principals: Sequence[str], **rest: Document) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": list(principals)},
        "Action": "sts:AssumeRole",
        **rest,
    }


def permission_set(names: Names, *, profile: str, parts: Sequence[str], managed: bool) -> Document:
    """Return a permission set as CloudFormation's ``AWS::SSO::PermissionSet`` has its properties.

    For the command line it is the arguments of ``create-permission-set``,
    ``attach-customer-managed-policy-reference-to-permission-set``,
    ``put-inline-policy-to-permission-set``, ``put-permissions-boundary-to-permission-set`` and,
    in ``managed`` mode, ``attach-managed-policy-to-permission-set``. The seat is the attribute of
    the person signed in: IAM Identity Center passes attributes as session tags, so that
    ``aws:PrincipalTag/attendee`` in the cohort's policies is theirs
    (https://docs.aws.amazon.com/singlesignon/latest/userguide/attributesforaccesscontrol.html).
    ``parts`` are those of the profile's policies. They and the boundary are the cohort's, which has
    to exist in the account before the set is assigned there
    (https://docs.aws.amazon.com/singlesignon/latest/userguide/howtocmp.html).
    """

    def reference(part: str) -> Document:
        return {"Name": names.cohort_policy(part), "Path": names.iam_path}

    return {
        "Name": f"{names.workshop}-{profile}",
        "Description": f"One seat of a workshop, by the attribute {tags.ATTENDEE}",
        "SessionDuration": "PT12H",
        "CustomerManagedPolicyReferences": [reference(part) for part in parts],
        "InlinePolicy": console_policy(),
        **({"ManagedPolicies": list(managed_policy_arns(names))} if managed else {}),
        "PermissionsBoundary": {"CustomerManagedPolicyReference": reference(BOUNDARY)},
    }
