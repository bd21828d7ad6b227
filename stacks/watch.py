"""The watch stack: what ends the workshop from inside AWS, though every laptop sleeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_cdk import CfnCondition, CfnParameter, CfnResource, Fn, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.base import Placement, WorkshopStack
from stacks.function_role import function_role
from workbench.bucket import WorkbenchBucket
from workbench.fn_sub import sub, sub_all
from workbench.inline_source import WATCH as WATCH_PACKAGE
from workbench.inline_source import index
from workshop.naming import FREEZE, NOTIFY, PRICES, WATCH, Names
from workshop.policies.watch import watch_policy

EVENTS = {
    "source": ["aws.sagemaker"],
    "detail": {
        "$or": [
            *(
                {f"{noun}Status": ["InProgress"]}
                for noun in (
                    *("HyperParameterTuningJob", "ProcessingJob"),
                    *("TrainingJob", "TransformJob"),
                )
            ),
            {"NotebookInstanceStatus": ["InService"]},
            {"EndpointStatus": [{"exists": True}]},
        ]
    },
}
"""What SageMaker tells EventBridge by itself of what begins to bill, changes its size, can be
deleted now, or bills no more
(https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html)."""
SECONDS = 300
MEGABYTES = 256
DAYS_OF_LOGS = 30
WARNING = timedelta(minutes=15)
"""How long before the end the function is woken to tell attendees (``workshop.watch.handler``)."""


class WatchStack(WorkshopStack):
    """A function, what wakes it, its topic, its log group, and a bucket for what it knows.

    Nothing in it is a seat's: a later end of the workshop updates this stack and the cohort's.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        placement: Placement,
        start: datetime,
        end: datetime,
        hours: str | None = None,
        changes: Mapping[str, int] | None = None,
        budget: Mapping[str, Any] | None = None,
        prices: str = "",
        notify: bool = False,
        boxes: bool = False,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=placement.names.stack(WATCH),
            description="Ends the workshop: freezes its seats and stops what bills by the hour.",
            placement=placement,
            compact=True,
        )
        names = placement.inside
        end = end.astimezone(UTC)
        more: dict[str, Any] = {"hours": hours, "start": start.isoformat()} if hours else {}
        if hours and changes:
            more["changes"] = changes
        if budget is not None:
            more["budget"] = budget
        state = WorkbenchBucket(
            self,
            "State",
            bucket_name=names.watch_bucket,
            versioned=False,
            noncurrent_days=1,
            incomplete_upload_days=1,
        )
        topic = sns.CfnTopic(self, "Topic", topic_name=names.watch)
        self._over_tls(topic, names)
        if notify:
            self._subscriptions(topic)
        variables = {"WATCH": sub(json.dumps({**self._settings(names, end), **more}))}
        if budget is not None:
            variables["PRICES"] = self._prices(prices)
        group = logs.CfnLogGroup(
            self, "Logs", log_group_name=names.watch_log_group, retention_in_days=DAYS_OF_LOGS
        )
        group.apply_removal_policy(RemovalPolicy.DESTROY)
        function = functions.CfnFunction(
            self,
            "Function",
            function_name=names.watch,
            description="Ends the workshop",
            runtime="python3.14",
            handler="index.handler",
            code=functions.CfnFunction.CodeProperty(zip_file=index(WATCH_PACKAGE)),
            role=sub(names.watch_role_arn),
            timeout=SECONDS,
            memory_size=MEGABYTES,
            logging_config=functions.CfnFunction.LoggingConfigProperty(
                log_group=names.watch_log_group
            ),
            environment=functions.CfnFunction.EnvironmentProperty(variables=variables),
        )
        # What is made last is deleted first: nothing wakes the function while it goes.
        function.node.add_dependency(
            self._role(names, starts=bool(hours), boxes=boxes), state, topic, group
        )
        for rule in self._rules(names, end):
            rule.node.add_dependency(function)
        self._output("StateBucket", names.watch_bucket, "What the watch knows; no seat reads it")
        self._output("TopicArn", names.watch_topic_arn, "Where the watch says what it did")

    @staticmethod
    def _settings(names: Names, end: datetime) -> dict[str, Any]:
        """Return what the function is told in any case: an environment holds 4 KB of it."""
        return {
            "workshop": names.workshop,
            "path": names.iam_path,
            "end": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "freeze": names.cohort_policy_arn(FREEZE),
            "bucket": names.watch_bucket,
            "datasets": names.datasets_bucket,
            "topic": names.watch_topic_arn,
        }

    def _role(self, names: Names, *, starts: bool, boxes: bool) -> CfnResource:
        policy = watch_policy(names, starts=starts, boxes=boxes)
        return function_role(
            self, WATCH, role_name=names.watch_role, path=names.iam_path, policy=policy
        )

    def _prices(self, default: str) -> str:
        """Define the parameter with the prices; a deployment gives it newer ones than these."""
        return CfnParameter(
            self,
            PRICES,
            type="String",
            default=default,
            description="USD per hour by instance type",
        ).value_as_string

    def _subscriptions(self, topic: sns.CfnTopic) -> None:
        """Define parameters for e-mail addresses that nobody reads again, each subscribed if given.

        AWS asks each address first whether it wants to be told.
        """
        for name in NOTIFY:
            address = CfnParameter(
                self,
                name,
                type="String",
                no_echo=True,
                default="",
                description="An e-mail address, or nothing",
            ).value_as_string
            given = CfnCondition(
                self, f"Has{name}", expression=Fn.condition_not(Fn.condition_equals(address, ""))
            )
            subscription = sns.CfnSubscription(
                self, f"{name}Mail", topic_arn=topic.ref, protocol="email", endpoint=address
            )
            subscription.cfn_options.condition = given

    def _over_tls(self, topic: sns.CfnTopic, names: Names) -> None:
        statement = {
            "Sid": "OverTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": names.watch_topic_arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        document = {"Version": "2012-10-17", "Statement": [statement]}
        sns.CfnTopicPolicy(
            self, "TopicPolicy", topics=[topic.ref], policy_document=sub_all(document)
        )

    def _rules(self, names: Names, end: datetime) -> list[CfnResource]:
        """Return what wakes the function, each with the right to."""
        rules = [
            self._rule("Tick", names, schedule_expression="rate(5 minutes)"),
            self._rule("Warning", names, schedule_expression=_once(end - WARNING)),
            self._rule("End", names, schedule_expression=_once(end)),
            self._rule("Change", names, event_pattern=EVENTS),
        ]
        wakes = functions.CfnPermission(
            self,
            "Wakes",
            action="lambda:InvokeFunction",
            function_name=names.watch,
            principal="events.amazonaws.com",
            source_arn=sub(
                f"arn:{names.partition}:events:{names.region}:{names.account}:rule/{names.watch}-*"
            ),
        )
        return [*rules, wakes]

    def _rule(self, word: str, names: Names, **when: Any) -> events.CfnRule:
        target = events.CfnRule.TargetProperty(arn=sub(names.watch_arn), id="watch")
        return events.CfnRule(
            self,
            word,
            name=f"{names.watch}-{word.lower()}",
            targets=[target],
            **when,
        )


def _once(moment: datetime) -> str:
    """Return the schedule of one moment in UTC, to the minute."""
    return f"cron({moment.minute} {moment.hour} {moment.day} {moment.month} ? {moment.year})"
