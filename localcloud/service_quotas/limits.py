"""Quotas of the services that are ministack's own: one more than allowed is refused.

What is created through the API and what CloudFormation creates is counted alike. A name that exists
already is none too many: the service itself says what is wrong with it, or that nothing is.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from localcloud import ministack_adapter
from localcloud.cloudformation.failures import ResourceError, handler_message
from localcloud.indexed_keys import indexed
from localcloud.protocol.errors import ApiError
from localcloud.service_quotas.applied import AppliedQuotas

Answer = tuple[int, dict[str, str], bytes]
Properties = dict[str, Any]
Name = Callable[[Any], str | None]

STACKS = "Limit for stack has been exceeded"
BUCKETS = "You have attempted to create more buckets than allowed"


@dataclass(frozen=True)
class EnforcedLimit:
    """One quota and what it counts in the account and Region being served.

    ``module`` and ``store`` name the dictionary of ministack that holds what there is.
    """

    quotas: AppliedQuotas
    service: str
    quota: str
    module: str
    store: str
    counts: Callable[[dict[str, Any]], bool] = lambda item: True  # noqa: ARG005

    def exceeded_by(self, name: str | None) -> float | None:
        """Return the applied value if a new one of that name is one too many, else None."""
        store = getattr(ministack_adapter.module(self.module), self.store)
        limit = self.quotas.limit(self.service, self.quota)
        everybodys = indexed(store)
        if len(everybodys) + 1 <= limit or (name in store and self.counts(store[name])):
            return None
        account = ministack_adapter.account()
        # A key is account, Region and name, or account and name.
        here = (account, ministack_adapter.region())
        used = sum(
            self.counts(everybodys[key])
            for key in everybodys.of_account(account)
            if key[-2] in here
        )
        return limit if used + 1 > limit else None


def enforce(quotas: AppliedQuotas) -> None:
    """Put the checks in front of all creation, after all other patches."""
    _enforce_stacks(
        EnforcedLimit(
            quotas, "cloudformation", "Stacks", "services.cloudformation", "_stacks", _is_there
        )
    )
    _enforce_identities(
        EnforcedLimit(quotas, "iam", "Roles per account", "services.iam", "_roles"),
        # AWS's own policies are kept elsewhere.
        EnforcedLimit(
            quotas, "iam", "Customer managed policies per account", "services.iam", "_policies"
        ),
    )
    _enforce_attachments(quotas)
    _enforce_buckets(
        EnforcedLimit(quotas, "s3", "General purpose buckets", "services.s3", "_buckets")
    )
    _enforce_repositories(
        EnforcedLimit(quotas, "ecr", "Registered repositories", "services.ecr", "_repositories")
    )


def _enforce_stacks(limit: EnforcedLimit) -> None:
    actions = ministack_adapter.module("services.cloudformation.handlers")._ACTION_HANDLERS
    error = ministack_adapter.module("services.cloudformation.helpers")._error

    def refusal(_: float) -> Answer:
        refused: Answer = error("LimitExceededException", STACKS)
        return refused

    creates = _checked(limit, lambda params: _first(params, "StackName"), refusal)
    actions["CreateStack"] = creates(actions["CreateStack"])
    change = actions["CreateChangeSet"]
    creating_change = creates(change)

    def create_change_set(params: dict[str, Any]) -> Answer:
        # Both begin with a stack in REVIEW_IN_PROGRESS, unless there is one of that name.
        new = _first(params, "ChangeSetType") in {"CREATE", "IMPORT"}
        answer: Answer = creating_change(params) if new else change(params)
        return answer

    actions["CreateChangeSet"] = create_change_set
    # A nested stack gets a new name from its parent.
    _guard("AWS::CloudFormation::Stack", limit, lambda props: None, lambda _: STACKS)  # noqa: ARG005


def _enforce_identities(roles: EnforcedLimit, policies: EnforcedLimit) -> None:
    iam = ministack_adapter.module("services.iam")

    def sentence(counted: str) -> Callable[[float], str]:
        return lambda limit: f"Cannot exceed quota for {counted}: {limit:.0f}"

    def refusal(counted: str) -> Callable[[float], Answer]:
        return lambda limit: iam._error(409, "LimitExceeded", sentence(counted)(limit))

    def in_event(counted: str) -> Callable[[float], str]:
        return lambda limit: handler_message(
            "Iam", sentence(counted)(limit), 409, "ServiceLimitExceeded"
        )

    handlers = iam._IAM_HANDLERS
    new_role = _checked(
        roles, lambda params: _first(params, "RoleName"), refusal("RolesPerAccount")
    )
    handlers["CreateRole"] = new_role(handlers["CreateRole"])
    new_policy = _checked(
        policies,
        lambda params: _policy_arn(_first(params, "PolicyName"), _first(params, "Path")),
        refusal("PoliciesPerAccount"),
    )
    handlers["CreatePolicy"] = new_policy(handlers["CreatePolicy"])
    _guard("AWS::IAM::Role", roles, _property("RoleName"), in_event("RolesPerAccount"))
    _guard(
        "AWS::IAM::ManagedPolicy",
        policies,
        lambda props: _policy_arn(props.get("ManagedPolicyName"), props.get("Path")),
        in_event("PoliciesPerAccount"),
    )


def _enforce_attachments(quotas: AppliedQuotas) -> None:
    """Make the API refuse one policy too many on a role; stacks count theirs themselves."""
    iam = ministack_adapter.module("services.iam")
    attach = iam._IAM_HANDLERS["AttachRolePolicy"]

    def attach_within(params: dict[str, Any]) -> Answer:
        role = iam._roles.get(_first(params, "RoleName")) or {}
        others = {*role.get("AttachedPolicies", ())} - {_first(params, "PolicyArn")}
        most = quotas.limit("iam", "Managed policies per role")
        if len(others) < most:
            answer: Answer = attach(params)
            return answer
        message = f"Cannot exceed quota for PoliciesPerRole: {most:.0f}"
        refused: Answer = iam._error(409, "LimitExceeded", message)
        return refused

    iam._IAM_HANDLERS["AttachRolePolicy"] = attach_within


def _enforce_buckets(limit: EnforcedLimit) -> None:
    s3 = ministack_adapter.module("services.s3")

    def refusal(_: float) -> Answer:
        refused: Answer = s3._error("TooManyBuckets", f"{BUCKETS}.", 400)
        return refused

    def in_event(_: float) -> str:
        return f"{BUCKETS} (Service: Amazon S3; Status Code: 400; Error Code: TooManyBuckets)"

    s3._create_bucket = _checked(limit, lambda name: name, refusal)(s3._create_bucket)
    _guard("AWS::S3::Bucket", limit, _property("BucketName"), in_event)


def _enforce_repositories(limit: EnforcedLimit) -> None:
    ecr = ministack_adapter.module("services.ecr")

    def sentence(most: float) -> str:
        # Worded after ECR's other limits; this one is not measured on AWS.
        return (
            f"The registry with id '{ministack_adapter.account()}' has reached the maximum allowed"
            f" number of repositories which is '{most:.0f}'"
        )

    def refusal(most: float) -> Answer:
        body = ApiError("LimitExceededException", sentence(most)).body()
        return 400, {"Content-Type": "application/x-amz-json-1.1"}, body

    def in_event(most: float) -> str:
        return handler_message("Ecr", sentence(most), 400, "ServiceLimitExceeded")

    create = _checked(limit, lambda data: data.get("repositoryName"), refusal)
    ecr._create_repository = create(ecr._create_repository)
    _guard("AWS::ECR::Repository", limit, _property("RepositoryName"), in_event)


def _checked(
    limit: EnforcedLimit, name_of: Name, refusal: Callable[[float], Answer]
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Return an API call that answers ``refusal`` when its first argument names one too many."""

    def wrap(create: Callable[..., Answer]) -> Callable[..., Answer]:
        def create_within(first: Any, *more: Any, **options: Any) -> Answer:
            most = limit.exceeded_by(name_of(first))
            return create(first, *more, **options) if most is None else refusal(most)

        return create_within

    return wrap


def _guard(
    resource_type: str, limit: EnforcedLimit, name_of: Name, reason: Callable[[float], str]
) -> None:
    """Make CloudFormation's handler of a type fail with ``reason`` for one resource too many."""
    provisioners = ministack_adapter.module("services.cloudformation.provisioners")
    handlers = provisioners._RESOURCE_HANDLERS[resource_type]
    create = handlers["create"]

    def create_within(logical_id: str, props: Properties, stack_name: str) -> Any:
        most = limit.exceeded_by(name_of(props))
        if most is not None:
            raise ResourceError(reason(most))
        return create(logical_id, props, stack_name)

    handlers["create"] = create_within


def _property(name: str) -> Name:
    return lambda props: props.get(name)


def _first(params: dict[str, Any], name: str) -> str | None:
    value = params.get(name)
    return value[0] if isinstance(value, list) else value


def _policy_arn(name: str | None, path: str | None) -> str:
    return f"arn:aws:iam::{ministack_adapter.account()}:policy{path or '/'}{name}"


def _is_there(stack: dict[str, Any]) -> bool:
    # Deleted stacks stay listed for a while, and do not count.
    return bool(stack["StackStatus"] != "DELETE_COMPLETE")
