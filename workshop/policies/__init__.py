"""The policy documents, as pure functions that return plain dictionaries.

Each takes :class:`workshop.naming.Names`: with real values it returns the document as IAM will see
it, with :meth:`Names.placeholders` the text that CloudFormation's ``Fn::Sub`` completes. IAM's own
variables (``${aws:PrincipalTag/attendee}``) are left for IAM; whoever hands a document to
``Fn::Sub`` escapes them (``workbench.sub`` does).

Which action knows which resource type and condition key follows the Service Authorization
Reference for SageMaker
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html).
"""

from workshop.policies.boundary import OWN_ATTENDEE, boundary_policy
from workshop.policies.compute import limits_policy, sagemaker_policy
from workshop.policies.data import data_policy, network_policy, observation_policy
from workshop.policies.documents import (
    INLINE_LIMIT,
    MANAGED_LIMIT,
    Document,
    Statement,
    characters,
    check_inline,
    check_managed,
)
from workshop.policies.extra import ESCALATING, extra_policy, making, opened, refused
from workshop.policies.people import (
    console_policy,
    console_trust_policy,
    for_whoever_is_signed_in,
    permission_set,
    presigned_url_policy,
)
from workshop.policies.reasons import WHY_WILDCARD
from workshop.policies.seat import seat_policies
from workshop.policies.trust import MANAGED_POLICIES, managed_policy_arns, trust_policy

__all__ = [
    "ESCALATING",
    "INLINE_LIMIT",
    "MANAGED_LIMIT",
    "MANAGED_POLICIES",
    "OWN_ATTENDEE",
    "WHY_WILDCARD",
    "Document",
    "Statement",
    "boundary_policy",
    "characters",
    "check_inline",
    "check_managed",
    "console_policy",
    "console_trust_policy",
    "data_policy",
    "extra_policy",
    "for_whoever_is_signed_in",
    "limits_policy",
    "making",
    "managed_policy_arns",
    "network_policy",
    "observation_policy",
    "opened",
    "permission_set",
    "presigned_url_policy",
    "refused",
    "sagemaker_policy",
    "seat_policies",
    "trust_policy",
]
