"""A real browser opens a function URL, and from its form the notebook that the form leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.functions import deployed
from tests.support.local_cloud import Cloud

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DOOR = """
import boto3
def handler(event, context):
    sagemaker = boto3.client("sagemaker")
    if event["requestContext"]["http"]["method"] == "POST":
        link = sagemaker.create_presigned_notebook_instance_url(NotebookInstanceName="ada")
        return {"statusCode": 303, "headers": {"location": link["AuthorizedUrl"] + "&view=lab"}}
    found = sagemaker.list_notebook_instances()["NotebookInstances"][0]
    named = "*." + found["Url"].partition(".")[2] if event["rawPath"] == "/named" else ""
    seen = "cookies " + ", ".join(event.get("cookies", []))
    return {
        "statusCode": 200,
        "headers": {
            "content-type": "text/html; charset=utf-8",
            "content-security-policy": f"default-src 'none'; form-action 'self' {named}",
        },
        "cookies": ["door=1; Path=/; HttpOnly; SameSite=Strict", "other=2; Path=/; Secure"],
        "body": f"<title>Door</title><p>{seen}</p><form method=post><button>Open</button></form>",
    }
"""


@pytest.fixture
def door(cloud: Cloud) -> str:
    """The URL of a function that opens the notebook ``ada``."""
    cloud.client("sagemaker").create_notebook_instance(
        NotebookInstanceName="ada", InstanceType="ml.t3.medium", RoleArn=cloud.role()
    )
    return deployed(cloud, DOOR)


def test_a_form_of_a_function_s_page_opens_the_notebook(browser: Browser, door: str) -> None:
    page = browser.new_page()
    page.goto(f"{door}named")
    page.reload()
    assert page.inner_text("p") == "cookies door=1, other=2"
    page.click("button")
    page.wait_for_url("**/lab")
    assert ".notebook.us-east-1.sagemaker.localhost:" in page.url
    assert page.title() == "ada"
    assert "JupyterLab is here" in page.inner_text("p")
    # The notebook's own session, which goes on without the link.
    page.reload()
    assert page.title() == "ada"
    assert [cookie["name"] for cookie in page.context.cookies(page.url)] == ["notebook-session"]
    page.context.close()


def test_a_policy_that_does_not_name_the_notebook_s_domain_holds_the_form_back(
    browser: Browser, door: str
) -> None:
    page = browser.new_page()
    page.goto(door)
    with page.expect_console_message(lambda message: "form-action" in message.text):
        page.click("button")
    assert page.title() == "Door"
    page.context.close()
