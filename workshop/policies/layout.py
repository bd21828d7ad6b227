"""Which managed policies the cohort's stack makes, and which of them a seat's roles carry.

Every policy is laid out once: it names the seat by the tag of the calling role, so that all seats
share it. What does not differ between profiles is one policy for all of them. A role takes ten
attachments (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html): the last
is kept free for the freeze.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from workshop.config.profiles import Profile
from workshop.naming import BOUNDARY, END, FREEZE, Names
from workshop.policies.actions import (
    BOX_ENTER,
    FEATURE_STORE_USE,
    LOG_READ,
    LOG_WRITE,
    MLFLOW_USE,
    OFFLINE_STORE_QUERIES,
    PUBLIC_READ,
    SCALING_CHANGE,
    SCALING_MAKE,
    SCALING_USE,
)
from workshop.policies.boundary import Openings, boundary_policy
from workshop.policies.box import box_statements, other_boxes_statements
from workshop.policies.compute import (
    autoscaling_statements,
    feature_store_statements,
    mlflow_statements,
    model_package_statements,
    sagemaker_policy,
)
from workshop.policies.data import (
    data_policy,
    log_groups,
    logs_of_a_seat,
    network_statements,
    observation_policy,
    start_statement,
)
from workshop.policies.documents import (
    MANAGED_LIMIT,
    OWN_ATTENDEE,
    Document,
    Statement,
    allow,
    carries_own,
    characters,
    document,
)
from workshop.policies.extra import extra_policy
from workshop.policies.freeze import end_policy, freeze_policy
from workshop.policies.limits import (
    closed_in_managed_mode,
    limits_policy,
    log_statements,
    model_statements,
    no_model_packages,
    no_serverless,
    other_models_statement,
    serverless_statements,
    spending_statements,
)
from workshop.policies.people import console_policy
from workshop.policies.trust import MANAGED_POLICIES

ATTACHMENTS = 9
"""How many policies a role may carry of the ten that IAM takes; the tenth is for the freeze."""
POLICIES_PER_ACCOUNT = 1_500
"""How many customer managed policies an account takes by default (same page)."""
TEMPLATE_LIMIT = 51_200
"""Bytes of a template that CloudFormation takes in a call
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html)."""
BESIDE_POLICIES = 5_000
"""Bytes that the cohort's template has at least beside its policies."""
AROUND_A_POLICY = 200
"""Bytes that it has at least for a policy beside the policy's own characters."""

CONSOLE = "console"
"""The part that a console role carries beside what the seat's role does."""


@dataclass(frozen=True)
class PolicySize:
    """A policy of the cohort, as large as IAM counts it."""

    name: str
    characters: int
    limit: int = MANAGED_LIMIT


def seat_policies(
    names: Names, name: str, profile: Profile, *, tag_keys: Iterable[str] = ()
) -> dict[str, Document]:
    """Return what the role of a seat of this profile carries, by the parts of their names.

    In ``managed`` mode AWS's policies take the place of what a seat may do; what none may do, and
    what the YAML opens on purpose, stays. ``name`` is the profile's, ``tag_keys`` are the YAML's
    own tags.
    """
    access = profile.access
    allowed: dict[str, Document] = {}
    if access.mode == "scoped":
        allowed = {
            "data": data_policy(names),
            "sagemaker": sagemaker_policy(names),
            "observation": observation_policy(names),
        }
    own = {
        f"{name}-caps": document(*_caps(names, profile)),
        f"{name}-opened": document(*_opened(names, profile)),
        f"{name}-extra": extra_policy(access.extra_statements),
    }
    return {
        **allowed,
        "limits": limits_policy(names, tuple(tag_keys)),
        **{part: made for part, made in own.items() if made["Statement"]},
    }


def cohort_policies(
    names: Names,
    profiles: Mapping[str, Profile],
    *,
    end: datetime,
    tag_keys: Iterable[str] = (),
) -> dict[str, Document]:
    """Return every policy of a cohort's stack, by the parts of their names.

    Those of all profiles, whether or not a seat of the account and Region has them: a policy that
    is taken out of the stack could not be deleted while a seat that has not been updated carries
    it.
    """
    any_seat = replace(names, seat=OWN_ATTENDEE)
    extra = ending_actions(profiles.values())
    made = {
        BOUNDARY: boundary_policy(any_seat, openings(profiles.values())),
        FREEZE: freeze_policy(extra),
        END: end_policy(end, extra),
    }
    keys = tuple(tag_keys)
    for name, profile in profiles.items():
        made.update(seat_policies(any_seat, name, profile, tag_keys=keys))
    if any(profile.access.has_console for profile in profiles.values()):
        made[CONSOLE] = console_policy()
    return made


def attached(name: str, profile: Profile) -> tuple[str, ...]:
    """Return the parts that the role of a seat of this profile carries: the end's among them."""
    return (*seat_policies(Names("", "", "", ""), name, profile), END)


def attachments(name: str, profile: Profile) -> int:
    """Return how many policies the fullest role of a seat of this profile carries."""
    aws = len(MANAGED_POLICIES) if profile.access.mode == "managed" else 0
    return len(attached(name, profile)) + aws + int(profile.access.has_console)


def cure(part: str) -> str:
    """Return how to make a policy smaller; ``part`` is the last word of its name."""
    cures = {
        "caps": "allow fewer instance types, or by a wildcard",
        "opened": "name fewer public buckets or security groups, or close the feature store",
        "extra": "open less in access.extra_statements, by wildcards",
    }
    return cures.get(part, "open fewer actions in access.extra_statements, by wildcards")


def sizes(
    names: Names,
    profiles: Mapping[str, Profile],
    *,
    end: datetime,
    tag_keys: Iterable[str] = (),
) -> tuple[PolicySize, ...]:
    """Return the sizes of a cohort's policies."""
    made = cohort_policies(names, profiles, end=end, tag_keys=tag_keys)
    return tuple(PolicySize(part, characters(policy)) for part, policy in made.items())


def extra_actions(profiles: Iterable[Profile]) -> tuple[str, ...]:
    """Return the actions that any of the profiles opens by statements of its own."""
    return tuple(
        dict.fromkeys(action for profile in profiles for action in profile.access.extra_actions)
    )


def ending_actions(profiles: Iterable[Profile]) -> tuple[str, ...]:
    """Return what any of the profiles opens that may make, start or change something.

    Beside what seats can do in any case, of which a freeze and the workshop's end know.
    """
    listed = tuple(profiles)
    of_keys = {
        OFFLINE_STORE_QUERIES: any(profile.access.feature_store for profile in listed),
        (*SCALING_MAKE, *SCALING_CHANGE): any(profile.access.autoscaling for profile in listed),
        BOX_ENTER: any(profile.has_box for profile in listed),
    }
    keyed = (action for opened, is_open in of_keys.items() if is_open for action in opened)
    return tuple(dict.fromkeys((*extra_actions(listed), *keyed)))


def openings(profiles: Iterable[Profile]) -> Openings:
    """Return what the boundary has to let through for these profiles."""
    listed = tuple(profiles)
    access = [profile.access for profile in listed]
    return Openings(
        extra_actions=extra_actions(listed),
        feature_store=any(section.feature_store for section in access),
        autoscaling=any(section.autoscaling for section in access),
        mlflow=any(profile.mlflow is not None for profile in listed),
        model_packages=any(section.model_packages for section in access),
        network=any(profile.notebook.vpc is not None for profile in listed),
        console=any(section.has_console for section in access),
        box=any(profile.has_box for profile in listed),
    )


def _caps(names: Names, profile: Profile) -> Sequence[Statement]:
    """Return what holds in either mode for the seats of one profile."""
    access = profile.access
    statements: list[Statement] = [*model_statements(names)] if access.model_prefix else []
    if access.mode == "scoped":
        statements += spending_statements(
            training_instance_types=access.training_instance_types,
            processing_instance_types=access.processing_instance_types,
            endpoint_instance_types=access.endpoint_instance_types,
            max_runtime_hours=access.max_runtime_hours,
            warm_pool_minutes=access.warm_pool_minutes,
            serverless=access.serverless is not None,
        )
    else:
        statements += [
            start_statement(names),
            *log_statements(names, own=access.logs == "own"),
            *closed_in_managed_mode(names, has_box=profile.has_box),
        ]
    if access.mode == "scoped" and access.serverless is not None:
        serverless = access.serverless
        statements += serverless_statements(serverless.max_concurrency, serverless.memory_mb)
    else:
        statements.append(no_serverless())
    if not access.model_prefix:
        statements.append(other_models_statement(names))
    if not access.model_packages:
        statements.append(no_model_packages())
    # Here since it holds in either mode, and a role has no attachment left for one more policy.
    if profile.has_box:
        statements += box_statements(names)
        if access.mode == "managed":
            statements += other_boxes_statements(names)
    return statements


def _opened(names: Names, profile: Profile) -> Sequence[Statement]:
    access, vpc = profile.access, profile.notebook.vpc
    if access.mode != "scoped":
        return []
    statements: list[Statement] = []
    if access.search:
        statements.append(allow("SearchRecords", ["sagemaker:Search"], ["*"]))
    if access.model_packages:
        statements += model_package_statements(names)
    if access.logs == "shared":
        statements += [
            allow("WriteLogs", LOG_WRITE, log_groups(names, own=False)[-1:]),
            allow("ReadLogs", LOG_READ, logs_of_a_seat(names, own=False)),
        ]
    if access.public_buckets:
        public = [f"arn:{names.partition}:s3:::{name}" for name in access.public_buckets]
        objects = [f"{arn}/*" for arn in public]
        statements.append(allow("PublicBuckets", PUBLIC_READ, [*public, *objects]))
    statements += _opened_by_tags(names, profile)
    if vpc is not None:
        statements += network_statements(
            names, subnet_id=vpc.subnet_id, security_group_ids=vpc.security_group_ids
        )
    return statements


def _opened_by_tags(names: Names, profile: Profile) -> Iterator[Statement]:
    """Yield what opens resources that go by their tags: one statement lets use them all."""
    access, use = profile.access, list[str]()
    if access.feature_store:
        yield from feature_store_statements(names)
        use += FEATURE_STORE_USE
    if access.autoscaling:
        yield from autoscaling_statements(names)
        use += SCALING_USE
    if profile.mlflow is not None:
        yield from mlflow_statements(profile.shared_mlflow)
        use += MLFLOW_USE if profile.shared_mlflow is None else ()
    if use:
        yield allow("UseOwnOpened", use, ["*"], Condition=carries_own(names))
