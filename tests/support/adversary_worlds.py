"""What adversaries try, drawn from what the policy engine allows them and the local cloud plays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from hypothesis import strategies as st

from localcloud.protocol.errors import NOT_PLAYED
from tests.support import adversary
from tests.support.adversary import Attempt
from tests.support.adversary_arena import (
    EXEMPLARS,
    MACHINES,
    MODES,
    AdversarialSeat,
    Arena,
    Contest,
    assembly,
    names_of,
)
from tests.support.adversary_bystanders import BYSTANDERS
from tests.support.adversary_machines import MOVES, TAGS, MachineAttempt
from tools.synthesized_roles import roles

OFTEN = (0, 0, 0, 1, 1, *range(len(adversary.NAMES)))
"""Places in the tables of names: one's own and free names more often than others."""
MOSTLY = st.sampled_from((True, True, True, False))
FAULTY = (
    *("ec2:DescribeInstances", "ec2:DescribeVolumes", "ec2:DescribeSnapshots"),
    *("ec2:DescribeImages", "ec2:DescribeSecurityGroups", "iam:ListInstanceProfiles"),
    *("ec2:TerminateInstances", "ec2:DeregisterImage", "ec2:DeleteSnapshot", "ec2:DeleteVolume"),
    *("ec2:DeleteSecurityGroup", "iam:GetInstanceProfile", "iam:DeleteInstanceProfile"),
)
MOVED = ("", "", "", "", "renamed", "region", "row", "far row")


Played = frozenset[tuple[str, str]]
"""Services and their operations."""

UNPLAYED = (NOT_PLAYED, "InvalidOperationException")
"""How the local cloud refuses what it does not have."""


def played(arena: Arena) -> Played:
    """All that may change something and that the local cloud plays: it is asked for each of it."""
    arena.cloud.reset()
    arena.root()
    person = adversary.seat(names_of("ada"), "ben")
    return frozenset(
        (service, operation)
        for service in adversary.SERVICES
        for operation in adversary.changing(service)
        if not set(adversary.attempts(person, Attempt(service, operation, first=False), arena.call))
        & {*UNPLAYED}
    )


@cache
def attempted(mode: str, known: Played) -> Mapping[str, Sequence[str]]:
    """By service, what the policy engine allows a seat of this mode on something.

    What makes something is there three times.
    """
    (role,) = roles(assembly().directory, names_of(EXEMPLARS[mode]))
    found: dict[str, list[str]] = {}
    for service, operation in sorted(known):
        if any(role.could_allow(action) for action in _actions(service, operation)):
            makes = operation.startswith(("Create", "Put", "Start"))
            found.setdefault(service, []).extend([operation] * (3 if makes else 1))
    return found


def _actions(service: str, operation: str) -> Iterator[str]:
    """The actions that may stand for an operation: the object's of S3 are told by fewer words."""
    yield f"{service}:{operation}"
    if service == "s3":
        renamed = {
            "CopyObject": "PutObject",
            "CreateMultipartUpload": "PutObject",
            "DeleteObjects": "DeleteObject",
            "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
            "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
            "PutBucketReplication": "PutReplicationConfiguration",
        }
        yield f"s3:{renamed.get(operation, operation)}"


def attempts(mode: str, known: Played, least: int, most: int) -> st.SearchStrategy[list[Attempt]]:
    """What is tried by a seat of this mode: one service as often as another."""
    by_service = attempted(mode, known)
    name = st.sampled_from(OFTEN)
    return st.lists(
        st.sampled_from(sorted(by_service)).flatmap(
            lambda service: st.builds(
                Attempt,
                st.just(service),
                st.sampled_from(by_service[service]),
                name,
                name,
                name,
                st.sampled_from((0, 0, 0, 0, 1, 2, 3)),
                first=MOSTLY,
                tagged=MOSTLY,
            )
        ),
        min_size=least,
        max_size=most,
    )


def machine_attempts(most: int) -> st.SearchStrategy[list[MachineAttempt]]:
    """What is tried of EC2."""
    one = st.builds(
        MachineAttempt,
        st.sampled_from(sorted(MOVES)),
        st.integers(0, 9),
        st.integers(0, len(TAGS) - 1),
    )
    return st.lists(one, max_size=most)


def _faults() -> st.SearchStrategy[list[dict[str, object]]]:
    """What goes wrong with EC2's listings and deletions, for a while or as long as the run."""
    one = st.fixed_dictionaries(
        {
            "effect": st.sampled_from(("throttle", "error", "denied")),
            "operation": st.sampled_from(FAULTY),
            "after": st.integers(0, 2),
        },
        optional={"times": st.integers(1, 3)},
    )
    return st.lists(one, max_size=2)


def _with_boxes(contest: Contest) -> st.SearchStrategy[Contest]:
    """A contest with what others do of EC2, if a seat has an instance."""
    if not contest.has_boxes:
        return st.just(contest)
    return st.builds(replace, st.just(contest), imitations=machine_attempts(6), faults=_faults())


def _seats(name: str, known: Played, least: int, most: int) -> st.SearchStrategy[AdversarialSeat]:
    return st.sampled_from(MODES).flatmap(
        lambda mode: st.builds(
            AdversarialSeat,
            st.just(name),
            st.just(mode),
            attempts(mode, known, least, most),
            machine_attempts(6) if mode in MACHINES else st.just(()),
        )
    )


def contests(known: Played) -> st.SearchStrategy[Contest]:
    """Worlds in which seats try what is ``known`` to be played."""
    ada, ben = _seats("ada", known, 3, 10), _seats("ben", known, 0, 3)
    return st.builds(
        Contest,
        bystanders=st.lists(st.sampled_from(sorted(BYSTANDERS)), max_size=2, unique=True),
        strangers=attempts("managed", known, 0, 2),
        seats=st.tuples(ada, ben) | st.tuples(ada),
        meanwhile=st.just([]) | attempts("scoped", known, 0, 2),
        late=attempts("scoped", known, 0, 2),
        moved=st.sampled_from(MOVED),
        only=st.booleans(),
    ).flatmap(_with_boxes)
