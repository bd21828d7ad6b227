"""A presigned link opens a notebook's page, every request of which is judged as its maker's."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from localcloud import process
from tests.support.forged_requests import Answered, visit
from tests.support.local_cloud import Cloud

OPEN = "sagemaker:CreatePresignedNotebookInstanceUrl"
ALLOWED = {"Effect": "Allow", "Action": OPEN, "Resource": "*"}


@pytest.fixture
def judging(enforcing: Cloud) -> Cloud:
    """An empty cloud that asks policies, with a notebook ``ada``, whose time stands still."""
    enforcing.reset()
    with_notebook(enforcing)
    return enforcing


def with_notebook(cloud: Cloud) -> None:
    cloud.freeze()
    cloud.client("sagemaker").create_notebook_instance(
        NotebookInstanceName="ada", InstanceType="ml.t3.medium", RoleArn=cloud.role("notebook")
    )
    cloud.advance(1)


def opener(cloud: Cloud, *statements: dict[str, Any], name: str = "opener") -> Cloud:
    """Return the cloud as a role that these statements say what it may do."""
    arn = cloud.role(name)
    may(cloud, *statements, name=name)
    return cloud.as_role(arn)


def may(cloud: Cloud, *statements: dict[str, Any], name: str = "opener") -> None:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    cloud.client("iam").put_role_policy(
        RoleName=name, PolicyName="p", PolicyDocument=json.dumps(document)
    )


def link(cloud: Cloud, **request: Any) -> str:
    given = cloud.client("sagemaker").create_presigned_notebook_instance_url(
        NotebookInstanceName="ada", **request
    )
    return str(given["AuthorizedUrl"])


class Visitor:
    """A browser of one person: it opens a link and goes on with the cookie."""

    def __init__(self, cloud: Cloud, url: str) -> None:
        self.cloud = cloud
        self.site = "http://" + urlsplit(url).netloc
        self.first = visit(cloud, url)
        self.cookie = self.first.headers.get("set-cookie", "").partition(";")[0]

    def goes_on(self, path: str = "/lab", method: str = "GET") -> Answered:
        return visit(self.cloud, f"{self.site}{path}", method, cookie=self.cookie)


def test_a_link_leads_to_a_page_that_says_which_notebook_it_stands_for(cloud: Cloud) -> None:
    with_notebook(cloud)
    url = link(cloud)
    parts = urlsplit(url)
    described = cloud.client("sagemaker").describe_notebook_instance(NotebookInstanceName="ada")
    assert parts.netloc == described["Url"]
    _, _, domain = described["Url"].partition(".")
    assert domain == f"notebook.us-east-1.sagemaker.localhost:{cloud.running.port}"
    visitor = Visitor(cloud, url)
    assert (visitor.first.status, visitor.first.headers["location"]) == (302, "/tree")
    told = visitor.first.headers["set-cookie"]
    assert told.endswith("; Path=/; HttpOnly; SameSite=Lax")
    page = visitor.goes_on("/tree")
    assert page.status == 200
    assert b"<title>ada</title>" in page.body
    assert b"the file browser is here" in page.body
    assert page.headers["cache-control"] == "no-store"
    assert Visitor(cloud, f"{url}&view=lab").first.headers["location"] == "/lab"
    assert b"JupyterLab is here" in visitor.goes_on("/lab/tree/a.ipynb").body
    assert Visitor(cloud, f"{url}&view=//example.org").first.headers["location"] == "/tree"


def test_nobody_gets_in_without_a_link_of_this_notebook(cloud: Cloud) -> None:
    with_notebook(cloud)
    role = cloud.client("iam").get_role(RoleName="notebook")["Role"]["Arn"]
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_notebook_instance(
        NotebookInstanceName="ben", InstanceType="ml.t3.medium", RoleArn=role
    )
    cloud.advance(1)
    url = link(cloud)
    told = sagemaker.create_presigned_notebook_instance_url(NotebookInstanceName="ben")
    site, bens = (f"http://{urlsplit(one).netloc}" for one in (url, told["AuthorizedUrl"]))
    token = urlsplit(url).query
    assert visit(cloud, f"{site}/lab").status == 403
    assert visit(cloud, f"{site}/?authToken=guessed").status == 403
    assert visit(cloud, f"{bens}/?{token}").status == 403
    cookie = Visitor(cloud, url).cookie
    assert visit(cloud, f"{site}/lab", cookie=cookie).status == 200
    assert visit(cloud, f"{bens}/lab", cookie=cookie).status == 403
    assert visit(cloud, f"{site}/lab", cookie="notebook-session=guessed").status == 403
    for elsewhere in (
        site.replace("ada-", "eve-"),
        site.replace("localhost", "example.org"),
        f"http://127.0.0.1:{cloud.running.port}",
    ):
        refused = visit(cloud, f"{elsewhere}/lab?{token}", cookie=cookie)
        assert refused.status == 403
        assert b"<title>" not in refused.body


def test_a_link_waits_five_minutes_and_its_session_lasts_as_asked(cloud: Cloud) -> None:
    with_notebook(cloud)
    late, soon = link(cloud), link(cloud, SessionExpirationDurationInSeconds=1800)
    longest = link(cloud)
    cloud.advance(299)
    visitor, other = Visitor(cloud, soon), Visitor(cloud, longest)
    cloud.advance(1)
    refused = Visitor(cloud, late)
    assert refused.first.status == 403
    assert b"not opened within five minutes" in refused.first.body
    cloud.advance(1798)
    assert visitor.goes_on().status == 200
    cloud.advance(1)
    assert visitor.goes_on().status == 403
    assert other.goes_on().status == 200
    cloud.advance(12 * 3600)
    assert other.goes_on().status == 403


def test_only_a_notebook_that_runs_opens(cloud: Cloud) -> None:
    with_notebook(cloud)
    sagemaker = cloud.client("sagemaker")
    visitor = Visitor(cloud, link(cloud))
    sagemaker.stop_notebook_instance(NotebookInstanceName="ada")
    cloud.advance(1)
    stopped = visitor.goes_on()
    assert stopped.status == 503
    assert b"The notebook ada is Stopped, not InService." in stopped.body
    with pytest.raises(ClientError, match="Unable to create a presigned URL"):
        link(cloud)
    sagemaker.delete_notebook_instance(NotebookInstanceName="ada")
    cloud.advance(1)
    assert visitor.goes_on().status == 404


def test_every_request_is_judged_as_the_role_that_made_the_link(judging: Cloud) -> None:
    visitor = Visitor(judging, link(opener(judging, ALLOWED)))
    another = Visitor(judging, link(opener(judging, ALLOWED, name="another")))
    unopened = link(judging.as_role("arn:aws:iam::000000000000:role/opener"))
    assert visitor.goes_on().status == 200
    may(judging, ALLOWED | {"Resource": "arn:aws:sagemaker:*:*:notebook-instance/ben"})
    refused = visitor.goes_on()
    assert refused.status == 403
    assert b"Whoever made the link may not open ada" in refused.body
    assert visitor.goes_on("/api/contents", "PUT").status == 403
    assert Visitor(judging, unopened).first.status == 403
    # Nobody else's session, nor one of an owner.
    assert another.goes_on().status == 200
    assert Visitor(judging, link(judging)).goes_on().status == 200
    may(judging, ALLOWED)
    assert visitor.goes_on().status == 200


def test_a_date_ends_what_is_open(judging: Cloud) -> None:
    now = process.set_clock(judging.running)["now"]
    end = datetime.fromtimestamp(now + 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    until = ALLOWED | {"Condition": {"DateLessThan": {"aws:CurrentTime": end}}}
    visitor = Visitor(judging, link(opener(judging, until)))
    judging.advance(3500)
    assert visitor.goes_on().status == 200
    judging.advance(200)
    assert visitor.goes_on().status == 403


def test_a_tag_of_the_notebook_closes_what_is_open_and_opens_it_again(judging: Cloud) -> None:
    frozen = {"StringEquals": {"aws:ResourceTag/frozen": "true"}}
    denied = ALLOWED | {"Effect": "Deny", "Condition": frozen}
    role = opener(judging, ALLOWED, denied)
    visitor = Visitor(judging, link(role))
    sagemaker = judging.client("sagemaker")
    arn = sagemaker.describe_notebook_instance(NotebookInstanceName="ada")["NotebookInstanceArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "frozen", "Value": "true"}])
    assert visitor.goes_on().status == 403
    with pytest.raises(ClientError, match="explicit deny"):
        link(role)
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["frozen"])
    assert visitor.goes_on().status == 200


def test_a_frozen_role_opens_nothing_any_more(judging: Cloud) -> None:
    iam = judging.client("iam")
    denied = {"Version": "2012-10-17", "Statement": [ALLOWED | {"Effect": "Deny"}]}
    freeze = iam.create_policy(PolicyName="freeze", PolicyDocument=json.dumps(denied))
    visitor = Visitor(judging, link(opener(judging, ALLOWED)))
    arn = freeze["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="opener", PolicyArn=arn)
    assert visitor.goes_on().status == 403
    iam.detach_role_policy(RoleName="opener", PolicyArn=arn)
    assert visitor.goes_on().status == 200
    iam.delete_role_policy(RoleName="opener", PolicyName="p")
    iam.delete_role(RoleName="opener")
    assert visitor.goes_on().status == 403


def test_a_session_policy_and_the_end_of_the_credentials_go_with_the_link(judging: Cloud) -> None:
    """A session outlives the credentials that made its link, and never does more than they did."""
    iam = judging.client("iam")
    opener(judging, ALLOWED)
    trust = {"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}
    iam.update_assume_role_policy(
        RoleName="opener",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    elsewhere = ALLOWED | {"Resource": "arn:aws:sagemaker:*:*:notebook-instance/a*"}
    given = judging.client("sts").assume_role(
        RoleArn="arn:aws:iam::000000000000:role/opener",
        RoleSessionName="narrow",
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [elsewhere]}),
    )["Credentials"]
    credentials = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    narrow = Cloud(judging.running, judging.state_dir, credentials=credentials)
    visitor = Visitor(judging, link(narrow))
    assert visitor.goes_on().status == 200
    may(judging, ALLOWED | {"Resource": "arn:aws:sagemaker:*:*:notebook-instance/b*"})
    assert visitor.goes_on().status == 403
