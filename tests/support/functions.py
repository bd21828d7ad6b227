"""Lambda functions for templates, and function URLs that are open to everybody."""

from __future__ import annotations

from typing import Any

from tests.support.local_cloud import IAM, Cloud, template

TRUSTS_LAMBDA = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]
}
ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {"RoleName": "runner", "AssumeRolePolicyDocument": TRUSTS_LAMBDA},
}
GREETS = """
def handler(event, context):
    return {"statusCode": 200, "body": "hello from " + event["rawPath"]}
"""


def function(source: str = GREETS, **properties: Any) -> dict[str, Any]:
    """Return a function for a template that has ``ROLE`` as ``Role``."""
    usual = {
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": source},
        "Timeout": 20,
    }
    return {"Type": "AWS::Lambda::Function", "Properties": usual | properties}


def for_everybody(named: str, **more: Any) -> dict[str, dict[str, Any]]:
    """Return the URL of a template's function and the two permissions that it needs."""
    whom = {"FunctionName": {"Ref": named}, "Principal": "*"}
    url = {"AuthType": "NONE", "TargetFunctionArn": {"Ref": named}, **more}
    opens = {**whom, "Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"}
    invokes = {**whom, "Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True}
    return {
        f"{named}Url": {"Type": "AWS::Lambda::Url", "Properties": url},
        f"{named}Opens": {"Type": "AWS::Lambda::Permission", "Properties": opens},
        f"{named}Invokes": {"Type": "AWS::Lambda::Permission", "Properties": invokes},
    }


def deployed(cloud: Cloud, source: str = GREETS, *, without: str = "", **properties: Any) -> str:
    """Deploy the function ``door`` with a URL for everybody and return the URL.

    ``without`` leaves one of its permissions out: ``Opens`` or ``Invokes``.
    """
    runs = function(source, FunctionName="door", **properties)
    resources = {"Role": ROLE, "Door": runs, **for_everybody("Door")}
    if without:
        del resources[f"Door{without}"]
    outputs = {"Url": {"Value": {"Fn::GetAtt": ["DoorUrl", "FunctionUrl"]}}}
    assert cloud.deploy("door", template(resources, Outputs=outputs), **IAM) == "CREATE_COMPLETE"
    (stack,) = cloud.client("cloudformation").describe_stacks(StackName="door")["Stacks"]
    return str(stack["Outputs"][0]["OutputValue"])
