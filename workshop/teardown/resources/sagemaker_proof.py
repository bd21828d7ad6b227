"""What proves whose a resource of SageMaker is: its role, its maker, its models, its own tags."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from workshop import tags as keys
from workshop.aws import errors
from workshop.pricing import billing
from workshop.teardown import ownership
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import Ownership, ScanContext
from workshop.teardown.resources.base import tag_map
from workshop.teardown.resources.sagemaker_operations import Answer, ask, described

Prove = Callable[[ScanContext, Answer], OwnershipVerdict | None]
"""Reads the proof from a description; None where it holds none. botocore's errors pass through."""


def unproven(context: ScanContext, described: Answer) -> OwnershipVerdict | None:  # noqa: ARG001 - as Prove is called
    """Nothing in the description tells whose it is."""
    return None


def by_role(*path: str) -> Prove:
    """Return the proof by the role that stands at this place of a description."""

    def prove(context: ScanContext, described: Answer) -> OwnershipVerdict | None:
        found: Any = described
        for member in path:
            found = found.get(member) if isinstance(found, Mapping) else None
        return ownership.of_role(context.scope, found) if found else None

    return prove


def by_maker(context: ScanContext, described: Answer) -> OwnershipVerdict | None:
    """Return the proof by whoever made it, ``CreatedBy.IamIdentity``."""
    who = described.get("CreatedBy", {}).get("IamIdentity", {})
    if not who.get("Arn"):
        return None
    made = described.get("CreationTime")
    return ownership.of_maker(context, who["Arn"], who.get("PrincipalId", ""), made)


# --- what serves models --------------------------------------------------------------------------


def of_model(context: ScanContext, name: str) -> OwnershipVerdict | None:
    """Return the proof by a model's role; None where model or role are not there."""
    model = described(context, "DescribeModel", ModelName=name)
    role = (model or {}).get("ExecutionRoleArn")
    return ownership.of_role(context.scope, role) if role else None


def of_config(context: ScanContext, config: Answer) -> OwnershipVerdict | None:
    """Return the proof by a configuration's role, or by those of its models."""
    return ownership.joined(_proofs(context, config))


def _proofs(context: ScanContext, config: Answer) -> list[OwnershipVerdict]:
    proofs = [
        of_model(context, variant["ModelName"])
        for variant in billing.variants(config)
        if "ModelName" in variant
    ]
    role = config.get("ExecutionRoleArn")
    proofs += [ownership.of_role(context.scope, role)] if role else []
    return [proof for proof in proofs if proof is not None]


def by_own_tags(
    context: ScanContext,
    arn: str,
    answer: Answer,
    served: OwnershipVerdict | None,
    own_role: OwnershipVerdict | None = None,
) -> OwnershipVerdict | None:
    """Return whose it is what serves models: its maker's, whatever models it names.

    IAM asks for no permission on a model that is served, so anybody may serve a seat's: ``served``,
    what its models prove, says nothing of who serves them, and is a claim at most. What a seat
    makes carries the seat's tags, since without them no seat can make anything
    (:mod:`workshop.policies.compute`); ``own_role`` is what its own role proves, where it has one.
    """
    if served is not None and served.ownership == Ownership.UNKNOWN:
        return served
    tagged = own_tags(context, arn, answer.get("CreationTime"))
    seat = keys.seat_of_tags(context.scope.workshop, tagged)
    if own_role is not None and own_role.ownership == Ownership.OWNED:
        return replace(own_role, seat=seat or own_role.seat)
    if seat:
        return _of_tagged(served, seat)
    if served is None or served.ownership != Ownership.OWNED:
        return served
    workshop = tagged.get(keys.WORKSHOP, context.scope.workshop)
    if workshop != context.scope.workshop:
        why = f"its tags say workshop {workshop}, whosever model it serves"
        return OwnershipVerdict(Ownership.FOREIGN, why)
    why = "it serves a model of this seat, and without tags nothing tells who made it"
    return OwnershipVerdict(Ownership.CLAIMED, why, served.seat)


def _of_tagged(served: OwnershipVerdict | None, seat: str) -> OwnershipVerdict:
    """Return whose it is what has a seat's tags, given what its models prove."""
    if served is not None and served.ownership == Ownership.OWNED:
        return replace(served, seat=seat)
    why = "only its tags say so" if served is None else f"its tags say so, but: {served.why}"
    return OwnershipVerdict(Ownership.CLAIMED, why, seat)


def own_tags(context: ScanContext, arn: str, created: datetime | None = None) -> Mapping[str, str]:
    """Return the tags of a resource, asked of SageMaker where the tagging service tells none.

    That is minutes behind. What was made before the workshop began is not asked.
    """
    known = context.tagged.get(arn)
    if known is not None or (context.since is not None and created and created < context.since):
        return known or {}

    def find() -> dict[str, str]:
        with errors.gone_is_fine():
            return tag_map(ask(context, "ListTags", ResourceArn=arn)["Tags"])  # at most fifty
        return {}

    found: dict[str, str] = context.memory.get(("ListTags", arn), find)
    return found


def of_own_config(context: ScanContext, config: Answer) -> OwnershipVerdict | None:
    """Return the proof by a configuration's own tags, its role and its models."""
    own_role = by_role("ExecutionRoleArn")(context, config)
    served = of_config(context, config)
    return by_own_tags(context, config["EndpointConfigArn"], config, served, own_role)


def config_of(context: ScanContext, endpoint: Answer) -> dict[str, Any] | None:
    """Return the configuration of an endpoint; None where it is gone."""
    name = endpoint.get("EndpointConfigName")
    return described(context, "DescribeEndpointConfig", EndpointConfigName=name) if name else None


def of_endpoint(context: ScanContext, endpoint: Answer) -> OwnershipVerdict | None:
    """Return the proof by an endpoint's own tags and its configuration."""
    config = config_of(context, endpoint)
    found = of_config(context, config) if config else None
    return by_own_tags(context, endpoint["EndpointArn"], endpoint, found)


def of_transform(context: ScanContext, job: Answer) -> OwnershipVerdict | None:
    """Return the proof by a transform job's own tags and its model."""
    found = of_model(context, job["ModelName"]) if job.get("ModelName") else None
    return by_own_tags(context, job["TransformJobArn"], job, found)


def of_component(context: ScanContext, component: Answer) -> OwnershipVerdict | None:
    """Return the proof by an inference component's own tags, its model and its endpoint."""
    model = component.get("Specification", {}).get("ModelName")
    found = of_model(context, model) if model else None
    if found is None:
        endpoint = described(context, "DescribeEndpoint", EndpointName=component["EndpointName"])
        found = of_endpoint(context, endpoint) if endpoint else None
    return by_own_tags(context, component["InferenceComponentArn"], component, found)


def why_endpoint_unattributable(context: ScanContext, endpoint: Answer) -> str:
    """Return why nothing proves whose an endpoint is; empty where its models' roles speak."""
    config = config_of(context, endpoint)
    if config is None:
        return "its configuration is gone"
    proofs = _proofs(context, config)
    return "" if proofs else "no model of its configuration is left that has a role"
