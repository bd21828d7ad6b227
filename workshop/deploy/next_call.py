"""Which call a stack's plan asks for next, and what is looked at before it is made."""

from __future__ import annotations

from workshop.aws.reads import Unavailable, attempt
from workshop.deploy import diff, machines
from workshop.deploy import plan as planning
from workshop.deploy.cloudformation import Answer, CallResult, CloudFormation
from workshop.deploy.failures import Cause, FailureClass
from workshop.deploy.jobs import StackJob
from workshop.deploy.plan import StackAction


def send(aws: CloudFormation, job: StackJob) -> CallResult:
    """Make the call that takes a stack one step on its way."""
    plan, found = job.plan, job.plan.current
    if found is None:
        return aws.create(plan.desired, plan.desired.templates[job.template])
    if job.deleting:
        return aws.delete(found)
    if job.rolling_back:
        return aws.roll_back(found)
    if job.review:
        before = attempt(lambda: aws.document(found.id))
        if isinstance(before, Unavailable):
            unread = planning.unread_template(plan.desired, before.reason)
            return CallResult(Answer.REFUSED, cause=Cause(FailureClass.PERMANENT, unread))
        job.template = machines.where_it_is(plan.desired, job.template, before)
        after = plan.desired.templates[job.template].document
        changes = diff.between(before, after, plan.desired.account_region.region)
        reviewed = planning.with_changes(plan, changes)
        if reviewed.action == StackAction.REFUSED:
            return CallResult(
                Answer.REFUSED, cause=Cause(FailureClass.PERMANENT, reviewed.message, known=True)
            )
        job.plan = reviewed
    return aws.update(plan.desired, plan.desired.templates[job.template], found)
