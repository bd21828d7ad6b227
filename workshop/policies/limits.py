"""What no seat may spend, hide or serve: denials, which no other statement can undo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workshop import tags
from workshop.config.profiles import LONGEST_WARM_POOL
from workshop.naming import Names
from workshop.policies.actions import (
    AGENT_ITSELF,
    ALARMS,
    BOX_KEY,
    BOX_SESSION,
    BOX_USE,
    ENDPOINT_CREATE,
    EXECUTION_CHANGE,
    LOG_READ,
    LOG_WRITE,
    MADE_OF,
    MLFLOW_USE,
    MODEL_PACKAGES,
    MODEL_USE,
    OFFLINE_STORE_QUERIES,
    PROCESSING_CREATE,
    REPOSITORY_CREATE,
    SCALING_MAKE,
    SCALING_USE,
    SESSION_USE,
    TRAINING_CREATE,
)
from workshop.policies.data import (
    METRIC_NAMESPACES,
    log_groups,
    logs_of_a_seat,
)
from workshop.policies.documents import (
    Document,
    Statement,
    characters,
    deny,
    deny_but,
    differs,
    document,
)

RUNTIME_BY_DEFAULT = 24 * 3600
"""Seconds after which SageMaker ends a training or processing job that names no limit
(``MaxRuntimeInSeconds`` of StoppingCondition in the API reference)."""

ROOM = 6_000
"""How many characters of the policy what keeps tags may fill."""


def limits_policy(names: Names, tag_keys: Sequence[str] = ()) -> Document:
    """Return what holds for every seat of every profile, in either mode.

    ``tag_keys`` are the YAML's own tags. What keeps one of them takes a statement: the first in
    the alphabet are kept, as many as one policy has room for.
    """
    made = _limits(names)
    for key in (tags.ENVIRONMENT, tags.PROFILE, *sorted(tag_keys)):
        kept = document(*made["Statement"], _kept_tag(len(made["Statement"]), key))
        made = kept if characters(kept) <= ROOM else made
    return made


def _limits(names: Names) -> Document:
    # To save room: other Regions are the boundary's to deny, and what is others' by tags anyway.
    anywhere = replace(names, account="*", region="*")
    of_others = {"StringNotEquals": {f"aws:ResourceTag/{tags.ATTENDEE}": names.seat}}
    parts = {made: part for made, (_, part) in MADE_OF.items()}
    return document(
        # What something new is made of has to be one's own: a configuration names models, and they
        # run with the roles of whoever made them.
        deny(
            "PartsOfOthers",
            [*(made for made, part in parts.items() if part != "endpoint"), _CHANGED_OF],
            [anywhere.sagemaker_arn(part, "*") for part in parts.values() if part != "endpoint"],
            Condition=of_others,
        ),
        # It works on the machines of its endpoint. Those who make an endpoint are asked about it,
        # too, which carries no tags yet.
        deny(
            "EndpointsOfOthers",
            [made for made, part in parts.items() if part == "endpoint"],
            [anywhere.sagemaker_arn("endpoint", "*")],
            Condition=of_others,
        ),
        # An execution's tags are perhaps none, and then its name alone says whose it is: one of a
        # free name is nobody's to change, rather than everybody's.
        deny_but(
            "ExecutionsOfOthers",
            sorted(EXECUTION_CHANGE),
            [anywhere.sagemaker_arn("pipeline", f"{names.job_prefix}*")],
            Condition={"Null": {f"aws:ResourceTag/{tags.ATTENDEE}": "true"}},
        ),
        # A class that bills for months though an object is deleted at once, or takes hours to read.
        differs("StorageClasses", ["s3:PutObject"], "s3:x-amz-storage-class", "STANDARD"),
        # What only its maker can read, nobody can save.
        _with("KeysOfCustomers", ["s3:PutObject"], f"{_SSE}-customer-algorithm"),
        # Of the account, and whoever's it is: no key says whose.
        _with("FileSystems", TRAINING_CREATE, "sagemaker:FileSystemId"),
        # A shell in a training container would run with the job's role and outlive the job's code
        # (https://docs.aws.amazon.com/sagemaker/latest/dg/train-remote-debugging.html).
        deny(
            "RemoteDebugging",
            ["sagemaker:*teTrainingJob"],
            ["*"],
            Condition={"Bool": {"sagemaker:EnableRemoteDebug": "true"}},
        ),
        deny(
            "OtherNamespaces",
            ["cloudwatch:PutMetricData"],
            ["*"],
            Condition={"StringNotEquals": {"cloudwatch:namespace": list(METRIC_NAMESPACES)}},
        ),
        # That of a frozen seat carries a tag, which is not the seat's to change.
        deny("TagsOfNotebook", ["sagemaker:AddTags"], [anywhere.notebook_arn]),
        # One's own cannot be made somebody else's, nor be hidden from teardown.
        *(
            differs(sid, ["sagemaker:AddTags"], f"aws:RequestTag/{key}", own)
            for sid, key, own in (
                ("TagsForOthers", tags.ATTENDEE, names.seat),
                ("TagsForOtherWorkshops", tags.WORKSHOP, names.workshop),
                ("TagsOfOtherMakers", tags.MANAGED_BY, tags.MANAGED_BY_VALUE),
            )
        ),
    )


_JOBS = "sagemaker:Create*Job"
_CHANGED_OF = "sagemaker:UpdateEndpoint"
_SSE = "s3:x-amz-server-side-encryption"


def _with(sid: str, actions: Sequence[str], key: str) -> Statement:
    """Deny a request that has the key, whatever its value."""
    return deny(sid, actions, ["*"], Condition={"Null": {key: "false"}})


def _kept_tag(number: int, key: str) -> Statement:
    """Deny to change the tags of cost allocation, but to what the resource or its seat has already.

    Both, since the Python SDK tags a pipeline anew with what the notebook knew when it started.
    """
    request, resource = f"aws:RequestTag/{key}", f"aws:ResourceTag/{key}"
    return deny(
        f"KeptTag{number}",
        ["sagemaker:AddTags"],
        ["*"],
        Condition={
            "StringNotEquals": {request: [f"${{{resource}}}", f"${{aws:PrincipalTag/{key}}}"]},
            "Null": {request: "false", resource: "false"},
        },
    )


def model_statements(names: Names) -> list[Statement]:
    """Deny to make or to serve a model of any other name than the seat's own.

    Whoever serves a model runs the role that the model names, and IAM knows the name alone.
    """
    anywhere = replace(names, account="*", region="*")
    return [
        deny_but(
            "ModelsOfOtherNames",
            ["sagemaker:CreateModel"],
            [anywhere.sagemaker_arn("model", f"{names.job_prefix}*")],
        ),
        deny(
            "ServingOtherNames",
            MODEL_USE,
            ["*"],
            Condition={
                "ForAnyValue:StringNotLike": {"sagemaker:ModelArn": f"*:model/{names.job_prefix}*"}
            },
        ),
    ]


def other_models_statement(names: Names) -> Statement:
    """Deny to serve a model of another seat's name, where models may have any name.

    One request may name several: this also refuses one's own beside one of no prefix, rather than
    let a neighbour's hide there.
    """
    return deny(
        "ModelsOfOthers",
        MODEL_USE,
        ["*"],
        Condition={
            "ForAnyValue:StringLike": {"sagemaker:ModelArn": f"*:model/{names.workshop}-*"},
            "ForAnyValue:StringNotLike": {"sagemaker:ModelArn": f"*:model/{names.job_prefix}*"},
        },
    )


def log_statements(names: Names, *, own: bool) -> list[Statement]:
    """Deny to write logs where SageMaker does not, and to read whose a seat does not read."""
    return [
        deny_but("OtherLogGroups", LOG_WRITE, log_groups(names, own=own)),
        deny_but("LogsOfOthers", LOG_READ, logs_of_a_seat(names, own=own)),
    ]


def closed_in_managed_mode(names: Names, *, has_box: bool = False) -> list[Statement]:
    """Deny what AWS's policies allow, and what keys of another profile let through.

    A repository without tags would prove to no teardown whose it is.
    """
    keyed = (*ALARMS, *OFFLINE_STORE_QUERIES, *MLFLOW_USE, *SCALING_MAKE, *SCALING_USE)
    if not has_box:
        keyed += (*AGENT_ITSELF, *BOX_KEY, *BOX_SESSION, *BOX_USE, *SESSION_USE)
    return [
        deny("OpenedToOthers", keyed, ["*"]),
        deny(
            "RepositoriesWithoutTags",
            REPOSITORY_CREATE,
            ["*"],
            Condition={"StringNotEquals": {f"aws:RequestTag/{tags.ATTENDEE}": names.seat}},
        ),
    ]


def no_model_packages() -> Statement:
    """Deny to register models: IAM does not know what machines validate them."""
    return deny("ModelPackages", MODEL_PACKAGES, ["*"])


_SERVERLESS = "sagemaker:ServerlessMaxConcurrency"


def no_serverless() -> Statement:
    """Deny serverless variants, those as well that stand beside one that names a type."""
    return _with("ServerlessEndpoints", ENDPOINT_CREATE, _SERVERLESS)


def serverless_statements(concurrency: int, memory_mb: int) -> list[Statement]:
    """Return what caps a serverless variant, which has both numbers (API reference)."""
    caps = {_SERVERLESS: concurrency, "sagemaker:ServerlessMemorySize": memory_mb}
    return [
        deny(
            f"Large{key.partition(':')[2]}",
            ENDPOINT_CREATE,
            ["*"],
            Condition={"NumericGreaterThan": {key: str(most)}},
        )
        for key, most in caps.items()
    ]


def _without_instances(*, serverless: bool) -> list[Statement]:
    untyped = {"sagemaker:InstanceTypes": "true"}
    compute = (_JOBS,) if serverless else (_JOBS, *ENDPOINT_CREATE)
    statements = [deny("ComputeWithoutInstances", compute, ["*"], Condition={"Null": untyped})]
    if serverless:
        neither = {"Null": {**untyped, _SERVERLESS: "true"}}
        statements.append(
            deny("EndpointsWithoutInstances", ENDPOINT_CREATE, ["*"], Condition=neither)
        )
    return statements


def spending_statements(
    *,
    training_instance_types: Sequence[str],
    processing_instance_types: Sequence[str],
    endpoint_instance_types: Sequence[str],
    max_runtime_hours: int,
    warm_pool_minutes: int,
    serverless: bool = False,
) -> list[Statement]:
    """Return what caps a seat's machines and hours: denials, which no other statement can undo.

    Instance types are capped by a Deny: an Allow with ``ForAnyValue:StringEquals`` would let a
    mixed list through. IAM knows no key for the number of instances, for the size of their volumes
    or for managed spot training: these are the account's quotas to limit.
    """

    def cap(sid: str, actions: Sequence[str], types: Sequence[str]) -> Statement:
        return deny(
            sid,
            actions,
            ["*"],
            Condition={"ForAnyValue:StringNotLike": {"sagemaker:InstanceTypes": list(types)}},
        )

    timed = (*TRAINING_CREATE, "sagemaker:CreateProcessingJob")
    seconds = max_runtime_hours * 3600
    statements = [
        cap("TrainingInstanceTypes", TRAINING_CREATE, training_instance_types),
        cap("ProcessingInstanceTypes", PROCESSING_CREATE, processing_instance_types),
        cap("EndpointInstanceTypes", ENDPOINT_CREATE, endpoint_instance_types),
        # A request that names no type has no key to compare: serverless training and endpoints
        # would escape every cap. One that also names a type is for ServerlessEndpoints to deny.
        # Jobs of other kinds than these are nobody's.
        *_without_instances(serverless=serverless),
        deny(
            "LongJobs",
            [_JOBS],
            ["*"],
            Condition={"NumericGreaterThan": {"sagemaker:MaxRuntimeInSeconds": str(seconds)}},
        ),
    ]
    if seconds < RUNTIME_BY_DEFAULT:
        statements.append(
            deny(
                "JobsWithoutLimit",
                timed,
                ["*"],
                Condition={"Null": {"sagemaker:MaxRuntimeInSeconds": "true"}},
            )
        )
    if warm_pool_minutes < LONGEST_WARM_POOL:
        # No seconds are no pool: functions of the Python SDK that run as jobs always say so.
        most = str(warm_pool_minutes * 60)
        statements.append(
            deny(
                "WarmPools",
                ["sagemaker:*teTrainingJob"],
                ["*"],
                Condition={"NumericGreaterThan": {"sagemaker:KeepAlivePeriod": most}},
            )
        )
    return statements
