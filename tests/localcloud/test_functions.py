"""What could run programs is closed, but for the inline functions of the owner's own stacks."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from localcloud import process, rules
from tests.support.forged_requests import Change, send, signed
from tests.support.functions import GREETS, ROLE, function
from tests.support.local_cloud import IAM, Cloud, template
from tests.support.machines import run
from tests.support.refusals import message_of
from tests.support.stacksets import Administrator, established, notebook, regional

UNPLAYED = (
    *("apigateway", "appsync", "athena", "backup", "batch", "cloudcontrol", "cloudfront"),
    *("codebuild", "cognito-idp", "dynamodb", "ecs", "eks", "elasticache", "elasticmapreduce"),
    *("firehose", "iot", "kinesis", "kms", "pipes", "rds", "secretsmanager", "sqs"),
    *("states", "transfer"),
)
"""Services of the emulator that nothing here needs, among them all that could start a process."""

RUNNER = {"Fn::GetAtt": ["Runner", "Arn"]}
ANSWERS = """
import json, urllib.request, boto3
def handler(event, context):
    told = {"Status": "SUCCESS", "PhysicalResourceId": "told-by-a-function",
            "Data": {"Who": boto3.client("sts").get_caller_identity()["Arn"]}}
    told |= {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    request = urllib.request.Request(event["ResponseURL"], json.dumps(told).encode(), method="PUT")
    urllib.request.urlopen(request)
"""


def test_services_that_run_programs_are_not_supported(cloud: Cloud) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("index.py", GREETS)
    arn = cloud.role()
    code = {"Code": {"ZipFile": archive.getvalue()}, "Handler": "index.handler", "Role": arn}
    job = {"Name": "j", "Role": arn, "Command": {"Name": "pythonshell", "ScriptLocation": "s3://b"}}
    attempts: list[tuple[str, str, dict[str, Any]]] = [
        ("lambda", "create_function", {"FunctionName": "f", "Runtime": "python3.12", **code}),
        ("lambda", "update_function_code", {"FunctionName": "f", "ZipFile": b"z"}),
        ("lambda", "update_function_configuration", {"FunctionName": "f", "Handler": "os.system"}),
        ("lambda", "publish_layer_version", {"LayerName": "l", "Content": {"ZipFile": b"z"}}),
        ("glue", "create_job", job),
        ("glue", "start_job_run", {"JobName": "j"}),
        ("glue", "create_crawler", {"Name": "c", "Role": arn, "Targets": {}}),
    ]
    for service, operation, request in attempts:
        told = message_of(getattr(cloud.client(service), operation), **request)
        assert told.startswith("The local cloud does not play "), (service, operation, told)
    assert cloud.client("lambda").list_functions()["Functions"] == []
    for service in UNPLAYED:
        answer = send(cloud, signed(cloud, Change(service, "POST", "/", {}, b"{}")))
        assert answer.status == 400, (service, answer)
        assert f"does not play POST / of {service}.".encode() in answer.body


@pytest.mark.parametrize(
    "type_name",
    [
        "AWS::Glue::Job",
        "AWS::ECS::Service",
        "AWS::CodeBuild::Project",
        "AWS::StepFunctions::StateMachine",
        "AWS::Lambda::LayerVersion",
        "AWS::Lambda::EventSourceMapping",
        "AWS::RDS::DBInstance",
        "AWS::S3ObjectLambda::AccessPoint",
        "AWS::CloudFront::Function",
    ],
)
def test_types_that_run_programs_are_unknown(cloud: Cloud, type_name: str) -> None:
    told = message_of(
        cloud.client("cloudformation").create_stack,
        StackName="runs",
        TemplateBody=template({"Runs": {"Type": type_name}}),
    )
    assert told == f"Template format error: Unrecognized resource types: [{type_name}]"


def test_a_function_of_the_owner_s_stack_answers_as_its_role(cloud: Cloud) -> None:
    custom = {
        "Type": "Custom::Told",
        "Properties": {"ServiceToken": {"Fn::GetAtt": ["Runs", "Arn"]}},
    }
    resources = {"Role": ROLE, "Runs": function(ANSWERS), "Told": custom}
    who = {"Who": {"Value": {"Fn::GetAtt": ["Told", "Who"]}}}
    assert cloud.deploy("own", template(resources, Outputs=who), **IAM) == "CREATE_COMPLETE"
    client = cloud.client("cloudformation")
    found = client.describe_stack_resource(StackName="own", LogicalResourceId="Told")
    assert found["StackResourceDetail"]["PhysicalResourceId"] == "told-by-a-function"
    (output,) = client.describe_stacks(StackName="own")["Stacks"][0]["Outputs"]
    assert ":assumed-role/runner/" in output["OutputValue"]


def test_nobody_else_s_stack_makes_or_changes_a_function(cloud: Cloud) -> None:
    resources = {"Role": ROLE, "Runs": function(FunctionName="runs")}
    assert cloud.deploy("own", template(resources), **IAM) == "CREATE_COMPLETE"
    seat = cloud.as_role(cloud.role())
    assert seat.deploy("theirs", template(resources), **IAM) == "ROLLBACK_COMPLETE"
    changed = {"Role": ROLE, "Runs": function(ANSWERS, FunctionName="runs")}
    assert seat.update("own", template(changed), **IAM) == "UPDATE_ROLLBACK_COMPLETE"
    told = cloud.reasons("own", "UPDATE_FAILED")["Runs"]
    assert "made with the credentials of an account's root" in told
    invoked = cloud.client("lambda").invoke(
        FunctionName="runs", Payload=json.dumps({"rawPath": "/"}).encode()
    )
    assert json.loads(invoked["Payload"].read())["body"] == "hello from /"


@pytest.mark.parametrize(
    "properties",
    [
        {"Runtime": "nodejs22.x"},
        {"Runtime": "provided.al2023"},
        {"Code": {"S3Bucket": "b", "S3Key": "k"}},
        {"Code": {"ImageUri": "i"}, "PackageType": "Image"},
        {"Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:l:1"]},
    ],
)
def test_only_python_that_stands_in_the_template_runs(
    cloud: Cloud, properties: dict[str, Any]
) -> None:
    resources = {"Role": ROLE, "Runs": function(**properties)}
    assert cloud.deploy("other", template(resources), **IAM) == "ROLLBACK_COMPLETE"
    assert "in Python alone" in cloud.reasons("other", "CREATE_FAILED")["Runs"]


def test_a_stack_set_s_functions_are_those_of_who_asked_for_the_operation(cloud: Cloud) -> None:
    """Also where one operation waits for another, whoever asked for that."""
    owner = established(cloud)
    slow = json.loads(notebook())
    slow["Resources"] |= {"Runner": ROLE, "Runs": function(FunctionName="runs", Role=RUNNER)}
    managed = {"ManagedExecution": {"Active": True}}
    by_owner, by_seat = owner.prepared(2, json.dumps(slow), **IAM, **managed)
    seat = Administrator(cloud.as_role(cloud.role()))
    cloud.delays(notebook=60)
    cloud.freeze()
    asked = owner.call("create_stack_instances", Accounts=[by_owner], **regional())
    waits = seat.call("create_stack_instances", Accounts=[by_seat], **regional())
    cloud.delays(notebook=0)
    cloud.advance(60)
    assert owner.settled(asked["OperationId"])["Status"] == "SUCCEEDED"
    owner.settled(waits["OperationId"])
    (result,) = owner.results(waits["OperationId"]).values()
    assert result["Status"] == "FAILED"
    assert "made with the credentials of an account's root" in result["StatusReason"]
    assert owner.within("lambda", by_owner).get_function(FunctionName="runs")["Configuration"]


WAKES = """
import json, os, boto3
def handler(event, context):
    boto3.client("sns").publish(
        TopicArn=os.environ["TOPIC"], Subject=event["detail-type"], Message=event["time"]
    )
"""


def woken(**when: Any) -> str:
    """Return a template with a function that says to a topic what woke it."""
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "told"}}
    variables = {"Variables": {"TOPIC": {"Ref": "Topic"}}}
    target = {"Arn": RUNNER, "Id": "runner"}
    rule = {"Type": "AWS::Events::Rule", "Properties": {**when, "Targets": [target]}}
    return template(
        {"Role": ROLE, "Topic": topic, "Runner": function(WAKES, Environment=variables)}
        | {"Rule": rule}
    )


def told(cloud: Cloud) -> list[tuple[str, str]]:
    """Return what the topic was sent, once no function runs any more."""
    while process.post(cloud.running, "/_localcloud/functions", {})["running"]:
        pass
    sent = process.post(cloud.running, "/_localcloud/messages", {})["messages"]
    return [(one["subject"], one["message"]) for one in sent]


def test_a_rule_fires_by_the_clouds_own_clock(cloud: Cloud) -> None:
    cloud.freeze()
    body = woken(ScheduleExpression="rate(5 minutes)")
    assert cloud.deploy("own", body, **IAM) == "CREATE_COMPLETE"
    cloud.advance(290)
    assert told(cloud) == []
    cloud.advance(20)
    now = process.set_clock(cloud.running)["now"]
    ((subject, moment),) = told(cloud)
    assert subject == "Scheduled Event"
    assert datetime.fromisoformat(moment).timestamp() == int(now)
    cloud.advance(3600)
    assert len(told(cloud)) == 2


def test_sagemaker_tells_of_what_a_resource_becomes(cloud: Cloud) -> None:
    cloud.freeze()
    pattern = {"source": ["aws.sagemaker"], "detail": {"NotebookInstanceStatus": ["InService"]}}
    assert cloud.deploy("own", woken(EventPattern=pattern), **IAM) == "CREATE_COMPLETE"
    cloud.client("sagemaker").create_notebook_instance(
        NotebookInstanceName="book", InstanceType="ml.t3.medium", RoleArn=cloud.role()
    )
    cloud.advance(1)
    assert [subject for subject, _ in told(cloud)] == ["SageMaker Notebook Instance State Change"]


def test_ec2_tells_of_what_an_instance_becomes(cloud: Cloud) -> None:
    cloud.freeze()
    pattern = {"source": ["aws.ec2"], "detail": {"state": ["running", "terminated"]}}
    assert cloud.deploy("own", woken(EventPattern=pattern), **IAM) == "CREATE_COMPLETE"
    name = run(cloud.client)
    cloud.client("ec2").terminate_instances(InstanceIds=[name])
    cloud.advance(1)
    assert [one for one, _ in told(cloud)] == ["EC2 Instance State-change Notification"] * 2


def test_a_role_that_the_owner_takes_on_may_bring_functions(cloud: Cloud) -> None:
    """Organisers deploy to other accounts so; what notebooks and functions have may not."""
    given = cloud.client("sts").assume_role(RoleArn=cloud.role("away"), RoleSessionName="deploy")
    credentials = {
        "aws_access_key_id": given["Credentials"]["AccessKeyId"],
        "aws_secret_access_key": given["Credentials"]["SecretAccessKey"],
        "aws_session_token": given["Credentials"]["SessionToken"],
    }
    away = Cloud(cloud.running, cloud.state_dir, credentials=credentials)
    resources = {"Role": ROLE, "Runs": function(FunctionName="runs")}
    assert away.deploy("own", template(resources), **IAM) == "CREATE_COMPLETE"


def test_functions_of_a_burst_of_events_run_in_their_order_one_at_a_time() -> None:
    invocations, began, ended = rules.Invocations(), list[int](), list[int]()

    def function(number: int) -> None:
        began.append(number)
        assert began == [*ended, number]
        ended.append(number)

    for number in range(50):
        invocations.run(partial(function, number))
    while invocations.settled()["running"]:
        pass
    assert ended == list(range(50))
