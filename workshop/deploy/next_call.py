"""Which call a stack's plan asks for next, and what is looked at before it is made."""

from __future__ import annotations

from workshop.aws.reads import Unavailable, attempt
from workshop.deploy import diff
from workshop.deploy import plan as planning
from workshop.deploy.cloudformation import Answer, CloudFormation, Sent
from workshop.deploy.failures import Cause, FailureClass
from workshop.deploy.jobs import StackJob
from workshop.deploy.plan import StackAction


def send(aws: CloudFormation, job: StackJob) -> Sent:
    """Make the call that takes a stack one step on its way."""
    plan, found = job.plan, job.plan.current
    template = plan.desired.templates[job.template]
    if found is None:
        return aws.create(plan.desired, template)
    if job.deleting:
        return aws.delete(found)
    if job.rolling_back:
        return aws.roll_back(found)
    if job.review:
        before = attempt(lambda: aws.document(found.id))
        if isinstance(before, Unavailable):
            unread = planning.unread_template(plan.desired, before.reason)
            return Sent(Answer.REFUSED, cause=Cause(FailureClass.PERMANENT, unread))
        changes = diff.between(before, template.document)
        reviewed = planning.with_changes(plan, changes)
        if reviewed.action == StackAction.REFUSED:
            return Sent(
                Answer.REFUSED, cause=Cause(FailureClass.PERMANENT, reviewed.message, known=True)
            )
        job.plan = reviewed
    return aws.update(plan.desired, template, found)
