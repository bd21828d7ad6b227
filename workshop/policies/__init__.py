"""The policy documents, as pure functions that return plain dictionaries.

Each takes :class:`workshop.naming.Names`: with real values it returns the document as IAM will see
it, with :meth:`Names.placeholders` the text that CloudFormation's ``Fn::Sub`` completes. IAM's own
variables (``${aws:PrincipalTag/attendee}``) are left for IAM; whoever hands a document to
``Fn::Sub`` escapes them (``workbench.fn_sub`` does).

Which action knows which resource type and condition key follows the Service Authorization
Reference for SageMaker
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html).
"""

from workshop.policies.boundary import Openings, boundary_policy
from workshop.policies.compute import sagemaker_policy
from workshop.policies.data import data_policy, observation_policy
from workshop.policies.documents import (
    MANAGED_LIMIT,
    OWN_ATTENDEE,
    Document,
    Statement,
    characters,
)
from workshop.policies.extra import ESCALATING, extra_policy, making, refused, summarize_statement
from workshop.policies.freeze import freeze_policy
from workshop.policies.layout import (
    ATTACHMENTS,
    BOUNDARY_ROOM,
    CONSOLE,
    POLICIES_PER_ACCOUNT,
    PolicySize,
    attached,
    attachments,
    cohort_policies,
    cure,
    openings,
    seat_policies,
    sizes,
)
from workshop.policies.limits import limits_policy
from workshop.policies.people import (
    console_policy,
    console_trust_policy,
    permission_set,
    presigned_url_policy,
)
from workshop.policies.reasons import WHY_WILDCARD
from workshop.policies.trust import MANAGED_POLICIES, managed_policy_arns, trust_policy

__all__ = [
    "ATTACHMENTS",
    "BOUNDARY_ROOM",
    "CONSOLE",
    "ESCALATING",
    "MANAGED_LIMIT",
    "MANAGED_POLICIES",
    "OWN_ATTENDEE",
    "POLICIES_PER_ACCOUNT",
    "WHY_WILDCARD",
    "Document",
    "Openings",
    "PolicySize",
    "Statement",
    "attached",
    "attachments",
    "boundary_policy",
    "characters",
    "cohort_policies",
    "console_policy",
    "console_trust_policy",
    "cure",
    "data_policy",
    "extra_policy",
    "freeze_policy",
    "limits_policy",
    "making",
    "managed_policy_arns",
    "observation_policy",
    "openings",
    "permission_set",
    "presigned_url_policy",
    "refused",
    "sagemaker_policy",
    "seat_policies",
    "sizes",
    "summarize_statement",
    "trust_policy",
]
