"""SageMaker for one seat."""

from __future__ import annotations

from collections.abc import Sequence

from workshop import tags
from workshop.naming import Names
from workshop.policies.actions import (
    ENDPOINT_CREATE,
    LISTS,
    OTHER_CREATE,
    PROCESSING_CREATE,
    TAGGED_USE,
    TRAINING_CREATE,
)
from workshop.policies.documents import Document, Statement, allow, deny, document


def sagemaker_policy(
    names: Names,
    *,
    training_instance_types: Sequence[str],
    processing_instance_types: Sequence[str],
    endpoint_instance_types: Sequence[str],
) -> Document:
    """SageMaker for one seat: what it makes carries its tag, and only that can it use.

    Instance types are capped by a Deny: an Allow with ``ForAnyValue:StringEquals`` would let a
    mixed list through.
    """
    # The workshop as well as the seat: another workshop of the account may have the same id.
    own = {tags.WORKSHOP: names.workshop, tags.ATTENDEE: names.seat}
    own_tag = {f"aws:RequestTag/{key}": value for key, value in own.items()}
    own_thing = {f"aws:ResourceTag/{key}": value for key, value in own.items()}

    def cap(sid: str, actions: Sequence[str], types: Sequence[str]) -> Statement:
        return deny(
            sid,
            actions,
            ["*"],
            Condition={"ForAnyValue:StringNotLike": {"sagemaker:InstanceTypes": list(types)}},
        )

    return document(
        allow(
            "MakeOwn",
            TRAINING_CREATE + PROCESSING_CREATE + ENDPOINT_CREATE + OTHER_CREATE,
            ["*"],
            Condition={"StringEquals": own_tag},
        ),
        # Authorised on the endpoint and on its configuration: a statement each, or one could serve
        # a neighbour's configuration, and with it run the neighbour's model and role.
        allow(
            "MakeOwnEndpoint",
            ["sagemaker:CreateEndpoint"],
            [names.sagemaker_arn("endpoint", "*")],
            Condition={"StringEquals": own_tag},
        ),
        # Tags can be set while a thing is made and at no other time, so that nobody can put their
        # own tag on a neighbour's
        # (https://docs.aws.amazon.com/sagemaker/latest/dg/security_iam_id-based-policy-examples.html).
        allow(
            "TagWhatIsBeingMade",
            ["sagemaker:AddTags"],
            ["*"],
            Condition={"StringEquals": own_tag, "Null": {"sagemaker:TaggingAction": "false"}},
        ),
        allow("UseOwn", TAGGED_USE, ["*"], Condition={"StringEquals": own_thing}),
        allow("SeeNames", LISTS, ["*"]),
        allow(
            "OwnNotebook",
            [
                "sagemaker:CreatePresignedNotebookInstanceUrl",
                "sagemaker:DescribeNotebookInstance",
                "sagemaker:StartNotebookInstance",
                "sagemaker:StopNotebookInstance",
            ],
            [names.notebook_arn],
        ),
        allow(
            "PassOwnRole",
            ["iam:PassRole"],
            [names.role_arn],
            Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        allow("ReadOwnRole", ["iam:GetRole"], [names.role_arn]),
        cap("TrainingInstanceTypes", TRAINING_CREATE, training_instance_types),
        cap("ProcessingInstanceTypes", PROCESSING_CREATE, processing_instance_types),
        cap("EndpointInstanceTypes", ENDPOINT_CREATE, endpoint_instance_types),
    )
