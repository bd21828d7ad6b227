"""Application Auto Scaling, as far as SageMaker's endpoints use it: targets and their policies.

Nothing is scaled, and no alarm is made for a policy. With IAM enforced, whoever registers a target
has to be allowed to change the endpoint or the component
(https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_permission_validation.html;
the wording of the refusal is not measured). A target is registered for an endpoint's
variant or an inference component that exists; it stays when that is gone (not measured on AWS).
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from localcloud import ministack_adapter
from localcloud.iam.guard import Guard
from localcloud.protocol import responses
from localcloud.protocol.errors import ApiError, not_played
from localcloud.protocol.json_service import Document, JsonService
from localcloud.protocol.requests import check_request
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.service_quotas.pages import page

SERVICE = "application-autoscaling"
TARGET_PREFIX = "AnyScaleFrontendService"
SIGNING_NAME = "application-autoscaling"
LARGEST = 50
"""Targets or policies a page (botocore's service model)."""

_KINDS = {"endpoint": "Endpoint", "inference-component": "InferenceComponent"}
"""First part of a resource id -> the kind of SageMaker's it means."""
_CHANGES = {
    "endpoint": ("UpdateEndpointWeightsAndCapacities", "EndpointName"),
    "inference-component": ("UpdateInferenceComponentRuntimeConfig", "InferenceComponentName"),
}
"""First part of a resource id -> what scaling it calls, and the member with its name."""
_TAGS: dict[str, dict[str, str]] = {}
"""The tags of targets, by account, Region and target: what policies ask for."""


def tags(request: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of the target that a request names."""
    return _TAGS.get(_key(request), {})


class ScalingService(JsonService):
    """What ministack asks of a service module: requests, state, reset."""

    def __init__(self, engine: SageMakerEngine, guard: Guard | None = None) -> None:
        self._engine = engine
        self._guard = guard
        self._targets: dict[str, Document] = {}
        self._policies: dict[str, Document] = {}
        self._operations: dict[str, Callable[[Document], Document]] = {
            "RegisterScalableTarget": self._register,
            "DescribeScalableTargets": self._describe_targets,
            "DeregisterScalableTarget": self._deregister,
            "PutScalingPolicy": self._put_policy,
            "DescribeScalingPolicies": self._describe_policies,
            "DeleteScalingPolicy": self._delete_policy,
            # Nothing is scaled.
            "DescribeScalingActivities": lambda _: {"ScalingActivities": []},
        }

    def call(
        self,
        operation: str,
        request: Document,
        headers: dict[str, str],
    ) -> Document:
        """Perform one operation; raises ``ApiError`` for every refusal."""
        if operation not in self._operations:
            raise not_played("Application Auto Scaling", operation)
        check_request(SERVICE, operation, request)
        if operation == "RegisterScalableTarget":
            self._validate(request, headers)
        return responses.checked(SERVICE, operation, self._operations[operation](request))

    def get_state(self) -> Document:
        """Return the state to keep when the process stops with persistence on."""
        return {"targets": self._targets, "policies": self._policies, "tags": _TAGS}

    def load_persisted_state(self, data: Document) -> None:
        """Restore the state of an earlier process."""
        self._targets, self._policies = data["targets"], data["policies"]
        _TAGS.clear()
        _TAGS.update(data.get("tags", {}))

    def reset(self) -> None:
        """Forget everything."""
        self._targets, self._policies = {}, {}
        _TAGS.clear()

    def _validate(self, request: Document, headers: dict[str, str]) -> None:
        of, _, rest = request["ResourceId"].partition("/")
        if self._guard is None or of not in _CHANGES:
            return
        operation, member = _CHANGES[of]
        key = ministack_adapter.access_key(headers)
        if not self._guard.allows(operation, {member: rest.partition("/")[0]}, key):
            raise ApiError(
                "ValidationException",
                f"Unable to assume permissions of the caller: sagemaker:{operation} is missing.",
            )

    def _register(self, request: Document) -> Document:
        key, before = _key(request), self._targets.get(_key(request))
        of, _, rest = request["ResourceId"].partition("/")
        kind = _KINDS.get(of)
        name = rest.partition("/")[0]
        if kind is None or self._engine.record(self._engine.kinds[kind], name) is None:
            # Not measured on AWS.
            raise ApiError("ValidationException", f"No such resource: {request['ResourceId']}")
        if before is None and not {"MinCapacity", "MaxCapacity"} <= request.keys():
            raise ApiError(
                "ValidationException",
                "MinCapacity and MaxCapacity are required to register a new scalable target",
            )
        made = {
            "MinCapacity": 0,
            "MaxCapacity": 0,
            "RoleARN": f"arn:aws:iam::{ministack_adapter.account()}:role/aws-service-role/"
            "sagemaker.application-autoscaling.amazonaws.com/"
            "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
            "CreationTime": self._engine.clock.now(),
            "ScalableTargetARN": target_arn(request),
        }
        given = {name: value for name, value in request.items() if name != "Tags"}
        self._targets[key] = {**made, **(before or {}), **copy.deepcopy(given)}
        _TAGS.setdefault(key, {}).update(request.get("Tags", {}))
        return {"ScalableTargetARN": self._targets[key]["ScalableTargetARN"]}

    def _describe_targets(self, request: Document) -> Document:
        found = [target for target in self._here(self._targets) if _is_asked_for(target, request)]
        return _page("DescribeScalableTargets", request, "ScalableTargets", found)

    def _deregister(self, request: Document) -> Document:
        if self._targets.pop(_key(request), None) is None:
            raise _missing("scalable target", request)
        _TAGS.pop(_key(request), None)
        for name in [key for key in self._policies if key.startswith(f"{_key(request)} ")]:
            del self._policies[name]
        return {}

    def _put_policy(self, request: Document) -> Document:
        if _key(request) not in self._targets:
            raise _missing("scalable target", request)
        key = f"{_key(request)} {request['PolicyName']}"
        place = f"{ministack_adapter.region()}:{ministack_adapter.account()}"
        made = {
            "PolicyARN": f"arn:aws:autoscaling:{place}:scalingPolicy:"
            f"{uuid.uuid5(uuid.NAMESPACE_URL, key)}:resource/sagemaker/"
            f"{request['ResourceId']}:policyName/{request['PolicyName']}",
            "PolicyType": "StepScaling",
            "CreationTime": self._engine.clock.now(),
        }
        policy = {**made, **self._policies.get(key, {}), **copy.deepcopy(request)}
        self._policies[key] = policy
        return {"PolicyARN": policy["PolicyARN"], "Alarms": []}

    def _describe_policies(self, request: Document) -> Document:
        names = request.get("PolicyNames")
        found = [
            policy
            for policy in self._here(self._policies)
            if _is_asked_for(policy, request) and (not names or policy["PolicyName"] in names)
        ]
        return _page("DescribeScalingPolicies", request, "ScalingPolicies", found)

    def _delete_policy(self, request: Document) -> Document:
        if self._policies.pop(f"{_key(request)} {request['PolicyName']}", None) is None:
            raise _missing("scaling policy", request)
        return {}

    @staticmethod
    def _here(records: dict[str, Document]) -> list[Document]:
        start = f"{ministack_adapter.account()} {ministack_adapter.region()} "
        return [record for key, record in records.items() if key.startswith(start)]


def target_arn(request: Mapping[str, Any]) -> str:
    """Return the ARN of the target that a request names, whether it is there or not."""
    place = f"{ministack_adapter.region()}:{ministack_adapter.account()}"
    name = uuid.uuid5(uuid.NAMESPACE_URL, _key(request)).hex
    return f"arn:aws:application-autoscaling:{place}:scalable-target/{name}"


def _key(request: Mapping[str, Any]) -> str:
    named = (request[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension"))
    return " ".join([ministack_adapter.account(), ministack_adapter.region(), *named])


def _is_asked_for(record: Document, request: Document) -> bool:
    ids = request.get("ResourceIds") or [request.get("ResourceId", record["ResourceId"])]
    return bool(
        record["ServiceNamespace"] == request["ServiceNamespace"]
        and record["ResourceId"] in ids
        and record["ScalableDimension"]
        == request.get("ScalableDimension", record["ScalableDimension"])
    )


def _page(operation: str, request: Document, member: str, found: list[Document]) -> Document:
    asked = {**request, "MaxResults": min(request.get("MaxResults", LARGEST), LARGEST)}
    return page(
        operation, asked, member, found, key=_name, show=lambda item: dict(copy.deepcopy(item))
    )


def _name(record: Document) -> Any:
    return f"{record['ResourceId']} {record['ScalableDimension']} {record.get('PolicyName', '')}"


def _missing(noun: str, request: Document) -> ApiError:
    return ApiError(
        "ObjectNotFoundException",
        f"No {noun} found for service namespace: {request['ServiceNamespace']}, resource ID:"
        f" {request['ResourceId']}, scalable dimension: {request['ScalableDimension']}",
    )
