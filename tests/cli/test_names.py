"""What an attendee names, in all that a teardown prints and writes: shown, never obeyed."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.support import teardown_demo
from tests.support.local_cloud import Cloud
from tests.support.scan_context import tag_list
from tests.support.workshop_command import Ran, run
from workshop import escaping

CONFIG = Path(__file__).parents[2] / "config"
GONE = "gone: two scans found nothing of workshop 'demo'"
STREAM = (
    "demo-ada-\x1b]0;owned\x07\x1b[2J\x9b1A\u202egpj\u200b[bold]b[/bold]"
    "|![x](http://evil.example)<b>`_~\r\n" + GONE + "Z" + "\u0335" * 20
)
KEY = "models/\x9b2J\x85\n" + GONE + "\n\u202e\u2066|![x](https://evil.example)"
GROUP = "/aws/sagemaker/TrainingJobs"


@pytest.fixture
def named(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log stream and a bucket's key with such names."""
    teardown_demo.connect(cloud, monkeypatch)
    teardown_demo.role(cloud, teardown_demo.ADA)
    logs, s3 = cloud.client("logs"), cloud.client("s3")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    bucket = "demo-ada-data-000000000000-us-east-1"
    s3.create_bucket(Bucket=bucket)
    tags = tag_list(workshop="demo", environment="demo", attendee="ada")
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def workshop(*arguments: str) -> Ran:
    return run(*arguments, "--config-dir", str(CONFIG))


def obeyed(text: str) -> set[str]:
    """Characters of a text that steer a terminal or a page."""
    return set(text) - set(escaping.printable(text, keep="\n"))


def forged(text: str) -> list[str]:
    """Lines that a name has begun."""
    return [line for line in text.splitlines() if line.startswith((GONE, "\u202e", "Z"))]


def test_no_name_is_obeyed_by_anything_that_a_command_prints_or_writes(named: Path) -> None:
    teardown = ("teardown", "-e", "demo", "--early", "--include-claimed")
    plan, as_json = workshop(*teardown), workshop(*teardown, "--json")
    leftovers = workshop("leftovers", "-e", "demo")
    applied = workshop(*teardown, "--apply", "--yes", "demo", "--interval", "0")
    assert applied.code == 0, applied.err
    folder = named / ".workshop" / "demo"
    (told,) = folder.glob("teardown-2*.json")
    markdown, page = (told.with_suffix(f".{one}").read_text() for one in ("md", "html"))
    printed = [one for ran in (plan, as_json, leftovers, applied) for one in (ran.out, ran.err)]
    for text in (*printed, told.read_text(), markdown, page, (folder / "ledger.jsonl").read_text()):
        assert not obeyed(text)
        assert forged(text) == ([GONE] if text == applied.out else [])

    shown = r"demo-ada-\x1b]0;owned\x07\x1b[2J\x9b1A\u202egpj\u200b[bold]b[/bold]"
    assert shown in plan.out
    assert shown in leftovers.out
    (line,) = as_json.out.splitlines()
    assert f"{GROUP}:{STREAM}" in {one["id"] for one in json.loads(line)["resources"]}
    results = json.loads(told.read_text())["results"]
    assert f"{GROUP}:{STREAM}" in {one["id"] for part in results.values() for one in part}

    rendered = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown)
    assert not re.search("<img|<a |<b>|<code|<em|<strong>b", rendered)
    assert "http://" not in markdown
    whole = " ".join(escaping.printable(f"{GROUP}:{STREAM}").split())
    for text in (rendered, page):
        cells = [html.unescape(one) for one in re.findall(r"<td>(.*?)</td>", text)]
        assert whole in [" ".join(one.split()) for one in cells]
