"""A seat's own EC2 instance: started and stopped, entered by Session Manager, and nothing else.

Nothing of EC2 is made, changed, copied or tagged by a seat. Its instance is known by the tags that
CloudFormation put on it, which the seat can neither set nor take.
"""

from __future__ import annotations

from workshop import tags
from workshop.naming import Names
from workshop.policies.actions import (
    AGENT,
    AGENT_ITSELF,
    BOX_CONNECTION,
    BOX_KEY,
    BOX_SESSION,
    BOX_USE,
    BOX_VIEW,
    CARRY,
    SESSION_USE,
)
from workshop.policies.documents import Statement, allow, carries_own, deny, deny_but

DOCUMENTS = ("AWS-StartPortForwardingSession", "AWS-StartSSHSession", "SSM-SessionManagerRunShell")
"""The documents of sessions that a seat may start: a port, SSH, and a shell without either."""
USERS = ("ec2-user", "ubuntu")
"""Whose key may be sent: the users of AWS's images. Root is reached from there by sudo."""
_CHECKED = {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}}
"""Has AWS ask about the document of a session too, whether the request names it or not. It has to
stand in every statement that allows to start one
(https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-specify-session-document.html)."""
_MAKER = "ssm:resourceTag/aws:ssmmessages:session-id"
"""The tag by which AWS says who began a session. Its id tells less: it begins with the name of the
caller's session, and that is the same for every seat's notebook
(https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-examples.html)."""
_ITSELF = "${aws:userid}"


def box_statements(names: Names) -> list[Statement]:
    """Return what lets a seat use its own instance, and the instance be reached."""
    return [
        *people_statements(names),
        # No other session of the seat's role, as a job's, answers for an instance.
        allow(
            "BoxAgent", AGENT_ITSELF, ["*"], Condition={"Null": {"ec2:SourceInstanceARN": "false"}}
        ),
        allow("BoxChannels", AGENT, ["*"]),
    ]


def people_statements(names: Names) -> list[Statement]:
    """Return what whoever works on a seat's instance does from elsewhere."""
    instances = [_anywhere(names, "ec2", "instance/*")]
    own = carries_own(names)["StringEquals"]
    # As Session Manager's own examples name the tags of an instance.
    of_session = {key.replace("aws:ResourceTag", "ssm:resourceTag"): own[key] for key in own}
    return [
        # With what the plug-in of the AWS CLI calls with the token of its session.
        allow("SeeAndCarry", (*BOX_VIEW, *CARRY), ["*"]),
        allow("UseOwnBox", BOX_USE, instances, Condition=carries_own(names)),
        allow(
            "OwnBoxSessions",
            (*BOX_SESSION, *BOX_CONNECTION),
            instances,
            Condition={"StringEquals": of_session, **_CHECKED},
        ),
        allow("SessionDocuments", BOX_SESSION, _documents(names), Condition=_CHECKED),
        allow(
            "OwnSessions",
            SESSION_USE,
            [_anywhere(names, "ssm", "session/*")],
            Condition={"StringEquals": {_MAKER: _ITSELF}},
        ),
        allow(
            "SendKeys",
            BOX_KEY,
            instances,
            Condition={"StringEquals": {**own, "ec2:osuser": list(USERS)}},
        ),
    ]


def other_boxes_statements(names: Names) -> list[Statement]:
    """Deny what is nobody's or somebody else's, whatever AWS's policies may come to allow.

    An instance that carries another seat's tag, the boundary denies.
    """
    use = (*BOX_USE, *BOX_KEY, *BOX_SESSION)
    untagged = {"Null": {f"aws:ResourceTag/{tags.ATTENDEE}": "true"}}
    return [
        # Machines outside EC2 and containers among them; documents carry no tags.
        deny_but("BoxesOfNobody", use, _documents(names), Condition=untagged),
        deny(
            "SessionsOfOthers",
            SESSION_USE,
            ["*"],
            Condition={"StringNotEquals": {_MAKER: _ITSELF}},
        ),
    ]


def _documents(names: Names) -> list[str]:
    return [_anywhere(names, "ssm", f"document/{name}") for name in DOCUMENTS]


def _anywhere(names: Names, service: str, resource: str) -> str:
    """Return an ARN of any account and Region, to save room.

    Other Regions are the boundary's to deny, and AWS's own documents have no account.
    """
    return f"arn:{names.partition}:{service}:*:*:{resource}"
