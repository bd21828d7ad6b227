"""A page that somebody visits reaches nothing of their local cloud, in a real browser."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from localcloud import process
from tests.support.forged_requests import STACK, USER, made
from tests.support.local_cloud import Cloud

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ATTACK = """
async ([cloud, gets, form]) => {
  const told = [];
  const element = (name, properties) => new Promise(done => {
    const one = Object.assign(document.createElement(name), properties);
    one.onload = () => done('loaded');
    one.onerror = () => done('refused');
    document.body.append(one);
  });
  const posted = (action, fields, type) => new Promise(done => {
    const frame = Object.assign(document.createElement('iframe'), { name: 'f' + Math.random() });
    document.body.append(frame);
    const one = Object.assign(document.createElement('form'),
      { method: 'POST', action, target: frame.name, enctype: type });
    for (const [name, value] of Object.entries(fields))
      one.append(Object.assign(document.createElement('input'), { name, value }));
    document.body.append(one);
    frame.onload = () => { try { done(frame.contentDocument.body.innerText) }
                           catch (error) { done('unreadable') } };
    one.submit();
  });
  for (const get of gets) {
    told.push(await element('img', { src: get }));
    told.push(await element('script', { src: get }));
    told.push(await element('link', { rel: 'stylesheet', href: get }));
    await element('iframe', { src: get });
    told.push(await fetch(get, { mode: 'no-cors' }).then(a => a.type, () => 'refused'));
    told.push(await fetch(get, { credentials: 'include' }).then(a => a.text(), () => 'refused'));
  }
  const urlencoded = 'application/x-www-form-urlencoded';
  told.push(await posted(cloud + '/', form, urlencoded));
  told.push(await posted(cloud + '/kept', { key: 'forged', file: 'x' }, 'multipart/form-data'));
  told.push(await posted(cloud + '/_ministack/reset', {}, 'text/plain'));
  for (const [path, headers, body] of [
    ['/', { 'Content-Type': urlencoded }, new URLSearchParams(form).toString()],
    ['/', { 'Content-Type': 'text/plain', 'X-Amz-Target': 'SageMaker.ListModels' }, '{}'],
    ['/_localcloud/clock', { Authorization: 'Bearer none' }, '{"advance": 1e9}'],
    ['/_ministack/reset', {}, ''],
  ])
    for (const mode of ['cors', 'no-cors'])
      told.push(await fetch(cloud + path, { method: 'POST', mode, headers, body })
        .then(a => a.type == 'opaque' ? 'opaque' : a.text(), () => 'refused'));
  told.push(String(navigator.sendBeacon(cloud + '/', new URLSearchParams(form))));
  told.push(await new Promise(done => {
    const one = new WebSocket(cloud.replace('http', 'ws') + '/');
    one.onopen = () => done('open'); one.onerror = () => done('refused');
  }));
  told.push(await new Promise(done => {
    const one = new EventSource(cloud + '/');
    one.onopen = () => done('open'); one.onerror = () => { one.close(); done('refused') };
  }));
  return told;
}
"""
"""All that a page can make a browser send, and what it gets to see of the answers."""

WITHIN_A_MINUTE = f"""
given => Promise.race([({ATTACK})(given), new Promise(done => setTimeout(done, 60000, ['silent']))])
"""
WINDOW = """
address => { const opened = window.open(address); return opened ? 'opened' : 'blocked' }
"""
NOTHING = {"refused", "unreadable", "opaque", "true"}
"""A beacon was ``true``: sent, whatever came of it."""


class _BrowserPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        text = b"<!doctype html><title>A page</title><body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of a page on another port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _BrowserPage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(
    params=[pytest.param("for everything", marks=pytest.mark.long), "as policies allow"]
)
def visited(
    request: pytest.FixtureRequest, running_cloud: Cloud, tmp_path: Path
) -> Iterator[Cloud]:
    """A cloud whose owner visits the page."""
    if request.param == "for everything":
        running_cloud.reset()
        cloud = running_cloud
    else:
        cloud = Cloud(process.start(tmp_path, enforce_iam=True).running, tmp_path)
    cloud.client("s3").create_bucket(Bucket="kept")
    yield cloud
    if cloud is not running_cloud:
        process.stop(tmp_path)


def code_running_stack(path: Path) -> str:
    """Return the query of a stack whose function writes a file, as a page would send it."""
    source = f"def handler(event, context):\\n    open({str(path)!r}, 'w').write('ran')\\n"
    trusted = {"Service": "lambda.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    role = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    function = {
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": source},
    }
    token = {"ServiceToken": {"Fn::GetAtt": ["Runs", "Arn"]}, "ServiceTimeout": "1"}
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": role},
        "Runs": {"Type": "AWS::Lambda::Function", "Properties": function},
        "Now": {"Type": "Custom::Now", "Properties": token},
    }
    return urlencode(
        {
            "Action": "CreateStack",
            "Version": "2010-05-15",
            "StackName": "runs",
            "Capabilities.member.1": "CAPABILITY_IAM",
            "TemplateBody": json.dumps({"Resources": resources}),
        }
    )


def test_a_page_makes_a_browser_do_and_show_nothing(
    browser: Browser, site: str, visited: Cloud, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    key = f"&AWSAccessKeyId={visited.running.account}"
    queries = [query + more for query in (USER.decode(), STACK.decode()) for more in ("", key)]
    queries += [code_running_stack(ran) + key, code_running_stack(ran)]
    page = browser.new_page()
    statuses: list[int] = []
    page.context.on("response", lambda answer: statuses.append(answer.status))
    for host in ("127.0.0.1", "localhost", "rebound.localhost"):
        cloud = f"http://{host}:{visited.running.port}"
        gets = [f"{cloud}/?{query}" for query in queries]
        gets += [f"{cloud}/kept/", f"{cloud}/_localcloud/health", f"{cloud}/health"]
        page.goto(site)
        del statuses[:]
        told = page.evaluate(WITHIN_A_MINUTE, [cloud, gets, dict(_fields(USER))])
        assert set(told) <= NOTHING, told
        # They did arrive.
        assert len([status for status in statuses if status in {400, 403}]) > len(gets)
        assert {status for status in statuses if status < 400} == set()
        _navigate(page, gets)
    assert made(visited) == []
    assert not ran.exists()
    page.context.close()


def _fields(form: bytes) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, _, value in (field.partition("=") for field in form.decode().split("&"))
    ]


def _navigate(page: Page, addresses: list[str]) -> None:
    """Go there, in a window of its own and in this one; Chrome asks nobody about either."""
    for address in addresses[:2] + addresses[-3:]:
        with page.context.expect_page() as opened:
            assert page.evaluate(WINDOW, address) == "opened"
        opened.value.wait_for_load_state()
        opened.value.close()
        answer = page.goto(address)
        assert answer is not None
        assert answer.status in {400, 403}


def test_a_presigned_url_opens_in_a_browser(browser: Browser, site: str, cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="notes/a b.txt", Body=b"of a", ContentType="text/plain")
    page = browser.new_page()
    page.goto(site)
    url = s3.generate_presigned_url("get_object", {"Bucket": "kept", "Key": "notes/a b.txt"})
    page.evaluate("url => { location.href = url }", url)
    page.wait_for_url(url)
    assert page.inner_text("body") == "of a"
    page.context.close()
