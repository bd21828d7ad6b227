"""Acknowledges what cdk-nag finds in our policy documents, each finding with its reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from aws_cdk import Acknowledgment, CfnResource, Validations

from workshop.policies.reasons import WHY_WILDCARD


def acknowledge(resource: CfnResource, reasons: Mapping[str, str]) -> None:
    """Acknowledge rules on one resource; ``reasons`` maps a rule's id to why it is accepted."""
    Validations.of(resource).acknowledge(
        *(Acknowledgment(id=rule, reason=reason) for rule, reason in reasons.items())
    )


def wildcards(
    resource: CfnResource,
    documents: Mapping[str, Mapping[str, Any]],
    more_reasons: Mapping[str, str] | None = None,
) -> None:
    """Acknowledge each wildcard that the Allow statements of ``documents`` hold.

    The reasons are those of :mod:`workshop.policies.reasons` and ``more_reasons``, by statement; a
    statement with a wildcard and without a reason is a KeyError, so that none gets in unexplained.
    """
    known = {**WHY_WILDCARD, **(more_reasons or {})}
    found: dict[str, list[str]] = defaultdict(list)
    for document in documents.values():
        for statement in document["Statement"]:
            if statement["Effect"] != "Allow":
                continue
            for part in ("Action", "Resource"):
                for text in statement[part]:
                    if "*" in text:
                        reason = known[statement["Sid"]]
                        found[f"AwsSolutions-IAM5[{part}::{_as_reported(text)}]"].append(
                            f"{statement['Sid']}: {reason}"
                        )
    acknowledge(
        resource, {rule: "; ".join(dict.fromkeys(reasons)) for rule, reasons in found.items()}
    )


def _as_reported(text: str) -> str:
    """cdk-nag spells ``${AWS::Region}`` as ``<AWS::Region>``, and IAM's own as ``<!aws:...>``."""
    return text.replace("${aws:", "${!aws:").replace("${", "<").replace("}", ">")
