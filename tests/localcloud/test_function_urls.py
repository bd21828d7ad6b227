"""A function URL is open to everybody whom the function's policy lets in, as on AWS."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from localcloud import process
from tests.support.forged_requests import Answered, Change, Forged, send, signed, visit
from tests.support.functions import ROLE, deployed, for_everybody, function
from tests.support.local_cloud import IAM, Cloud, template

SHOWS = """
import json
def handler(event, context):
    return {"event": event}
"""
ANSWERS = """
import json
def handler(event, context):
    return json.loads(event["body"])
"""
WAITS = """
import boto3
def handler(event, context):
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name=event["rawPath"], Value="here", Type="String", Overwrite=True)
    while len(ssm.get_parameters(Names=["/1", "/2", "/3"])["Parameters"]) < 3:
        pass
    return "together"
"""


def answered(cloud: Cloud, url: str, result: Any) -> Answered:
    """Return what a visitor gets for a function's result."""
    body = json.dumps(result).encode()
    return visit(cloud, url, "POST", body, content_type="application/json")


def test_a_function_url_for_everybody_is_at_a_name_of_its_own_and_leads_nowhere_else(
    cloud: Cloud,
) -> None:
    urls = {**for_everybody("Open"), **for_everybody("Closed", AuthType="AWS_IAM")}
    outputs = {
        name: {"Value": {"Fn::GetAtt": [f"{name}Url", "FunctionUrl"]}}
        for name in ("Open", "Closed")
    }
    resources = {"Role": ROLE, "Open": function(), "Closed": function(), **urls}
    assert cloud.deploy("own", template(resources, Outputs=outputs), **IAM) == "CREATE_COMPLETE"
    (stack,) = cloud.client("cloudformation").describe_stacks(StackName="own")["Stacks"]
    told = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    open_host, closed_host = (told[name].split("/")[2] for name in ("Open", "Closed"))
    assert open_host.endswith(f".lambda-url.us-east-1.localhost:{cloud.running.port}")
    page = {"Host": open_host, "Origin": "https://example.org", "Sec-Fetch-Site": "cross-site"}
    assert send(cloud, Forged("GET", "/door?a=b", page)).body == b"hello from /door"

    user = signed(
        cloud,
        Change("iam", "POST", "/?Action=CreateUser&Version=2010-05-08&UserName=forged", {}),
        host=open_host,
    )
    for sent in (
        user,
        Forged("GET", "/_localcloud/health", {"Host": open_host}),
        Forged("POST", "/_ministack/reset", {"Host": open_host}),
        Forged("PUT", "/_ministack/cfn-response/x", {"Host": open_host}),
        Forged("GET", "/_aws/sqs/messages", {"Host": open_host}),
        Forged("OPTIONS", "/", {"Host": open_host}),
    ):
        path = sent.target.partition("?")[0]
        assert send(cloud, sent).body == f"hello from {path}".encode()
    assert cloud.client("iam").list_users()["Users"] == []
    for host in (
        closed_host,
        open_host.replace(open_host[0], "_"),
        f"x.{open_host}",
        "a.localhost",
    ):
        assert send(cloud, Forged("GET", "/", {"Host": host})).status == 403


@pytest.mark.parametrize("missing", ["Opens", "Invokes"])
def test_both_permissions_for_everybody_are_needed(cloud: Cloud, missing: str) -> None:
    url = deployed(cloud, without=missing)
    answer = visit(cloud, url)
    assert answer.status == 403
    assert json.loads(answer.body)["Message"].startswith("Forbidden")
    functions = cloud.client("lambda")
    permission: dict[str, Any] = (
        {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"}
        if missing == "Opens"
        else {"Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True}
    )
    # One account is not everybody, and a condition for other URLs is none for this.
    functions.add_permission(
        FunctionName="door", StatementId="one", Principal="111122223333", **permission
    )
    assert visit(cloud, url).status == 403
    functions.add_permission(FunctionName="door", StatementId="all", Principal="*", **permission)
    assert visit(cloud, url).body == b"hello from /"
    functions.remove_permission(FunctionName="door", StatementId="all")
    assert visit(cloud, url).status == 403


def test_the_event_is_of_format_2(cloud: Cloud) -> None:
    cloud.freeze()
    now = process.set_clock(cloud.running)["now"]
    url = deployed(cloud, SHOWS)
    answer = visit(
        cloud,
        f"{url}a%20b/c?x=1&x=2&empty=&e=%C3%A9",
        "POST",
        b"code=a+b",
        content_type="application/x-www-form-urlencoded",
        cookie="door=1.2; other=3",
        user_agent="phone",
        x_custom="Kept As It Is",
    )
    event = json.loads(answer.body)["event"]
    host = urlsplit(url).netloc
    context = event["requestContext"]
    assert (event["version"], event["rawPath"]) == ("2.0", "/a%20b/c")
    assert event["rawQueryString"] == "x=1&x=2&empty=&e=%C3%A9"
    assert event["queryStringParameters"] == {"x": "1,2", "empty": "", "e": "é"}
    assert event["cookies"] == ["door=1.2", "other=3"]
    assert event["headers"].items() >= {"host": host, "x-custom": "Kept As It Is"}.items()
    assert event["headers"]["x-forwarded-proto"] == "http"
    assert "cookie" not in event["headers"]
    assert event["isBase64Encoded"]
    assert base64.b64decode(event["body"]) == b"code=a+b"
    told = {"method": "POST", "path": "/a%20b/c", "sourceIp": "127.0.0.1", "userAgent": "phone"}
    assert context["http"].items() >= told.items()
    assert context["domainName"] == host.partition(":")[0]
    assert context["accountId"] == "anonymous"
    assert context["timeEpoch"] == int(now * 1000)

    text = json.loads(visit(cloud, url, "POST", b"{}", content_type="application/json").body)
    assert (text["event"]["body"], text["event"]["isBase64Encoded"]) == ("{}", False)
    bare = json.loads(visit(cloud, url).body)["event"]
    assert not bare.keys() & {"body", "cookies", "queryStringParameters"}


def test_what_the_function_returns_is_what_a_visitor_gets(cloud: Cloud) -> None:
    url = deployed(cloud, ANSWERS)
    whole = answered(
        cloud,
        url,
        {
            "statusCode": 303,
            "headers": {"Location": "/seat", "Content-Type": "text/html"},
            "cookies": ["door=1; HttpOnly"],
            "body": "<p>é",
        },
    )
    assert (whole.status, whole.body.decode()) == (303, "<p>é")
    told = {"location": "/seat", "content-type": "text/html", "set-cookie": "door=1; HttpOnly"}
    assert whole.headers.items() >= told.items()
    assert whole.headers["x-amzn-requestid"]
    encoded = answered(cloud, url, {"statusCode": 200, "body": "AP8=", "isBase64Encoded": True})
    assert encoded.body == b"\x00\xff"
    for result in ({"seats": 3}, ["a"], None):
        bare = answered(cloud, url, result)
        assert (bare.status, bare.headers["content-type"]) == (200, "application/json")
        assert json.loads(bare.body) == result
    assert answered(cloud, url, "in words").body == b"in words"
    for wrong in (
        {"statusCode": "teapot"},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "body": "!", "isBase64Encoded": True},
        {"statusCode": 200, "headers": {"x": "a\r\nset-cookie: b"}},
        {"statusCode": 200, "cookies": "door=1"},
    ):
        failed = answered(cloud, url, wrong)
        assert (failed.status, failed.body) == (502, b"Internal Server Error"), wrong
    # A function that raises tells a visitor nothing of itself.
    raised = visit(cloud, url)
    assert (raised.status, raised.body) == (502, b"Internal Server Error")
    head = visit(cloud, url, "HEAD")
    assert (head.status, head.body) == (502, b"")


def test_bodies_end_at_six_megabytes(cloud: Cloud) -> None:
    url = deployed(cloud, ANSWERS)
    plain = {"content_type": "text/plain"}
    longest = json.dumps("x" * 5_000_000).encode()
    assert len(visit(cloud, url, "POST", longest, **plain).body) == 5_000_000
    assert visit(cloud, url, "POST", b"x" * 6_500_000, **plain).status == 413
    # In base64 it is longer than it came.
    assert visit(cloud, url, "POST", b"x" * 5_000_000).status == 413


def test_invocations_run_side_by_side(cloud: Cloud) -> None:
    url = deployed(cloud, WAITS, Timeout=120)
    with ThreadPoolExecutor(3) as visitors:
        answers = list(visitors.map(lambda n: visit(cloud, f"{url}{n}"), (1, 2, 3)))
    assert [answer.body for answer in answers] == [b"together"] * 3


def test_a_url_s_configuration_is_made_changed_and_deleted_through_the_api(cloud: Cloud) -> None:
    resources = {"Role": ROLE, "Door": function(FunctionName="door")}
    resources |= {name: made for name, made in for_everybody("Door").items() if name != "DoorUrl"}
    assert cloud.deploy("door", template(resources), **IAM) == "CREATE_COMPLETE"
    functions = cloud.client("lambda")
    made = functions.create_function_url_config(FunctionName="door", AuthType="NONE")
    url = made["FunctionUrl"]
    assert visit(cloud, url).body == b"hello from /"
    assert functions.get_function_url_config(FunctionName="door")["FunctionUrl"] == url
    (listed,) = functions.list_function_url_configs(FunctionName="door")["FunctionUrlConfigs"]
    assert listed["FunctionUrl"] == url
    changed = functions.update_function_url_config(FunctionName="door", AuthType="AWS_IAM")
    assert (changed["FunctionUrl"], changed["AuthType"]) == (url, "AWS_IAM")
    assert visit(cloud, url).status == 403
    with pytest.raises(ClientError, match="InvokeMode BUFFERED alone"):
        functions.update_function_url_config(FunctionName="door", InvokeMode="RESPONSE_STREAM")
    functions.delete_function_url_config(FunctionName="door")
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_function_url_config(FunctionName="door")
    assert b"no such host name" in visit(cloud, url).body


def test_a_url_goes_with_its_function_and_does_not_come_back(cloud: Cloud) -> None:
    url = deployed(cloud)
    cloud.client("lambda").delete_function(FunctionName="door")
    assert b"no such host name" in visit(cloud, url).body
