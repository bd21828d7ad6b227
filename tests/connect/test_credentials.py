"""``workshop credentials`` on a local cloud that enforces IAM: who gets them, and until when."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.box_class import (
    END,
    ORGANISERS,
    OTHERS,
    box_stack,
    console_role,
    console_role_beside,
    terminal,
    write_boxes,
)
from tests.support.local_cloud import Cloud, started
from tests.support.workshop_command import Ran, run
from workshop.aws import errors

AWS = str(Path(sys.executable).with_name("aws"))
NOTE = "warning: whoever has these is ada until "


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with started(tmp_path_factory.mktemp("credentials"), enforce_iam=True) as cloud:
        yield cloud


@pytest.fixture
def owner(server: Cloud) -> Cloud:
    server.reset()
    console_role(server)
    return server


@pytest.fixture
def room(owner: Cloud, tmp_path: Path) -> Iterator[Path]:
    """A class with boxes, in the terminal of one of its organisers."""
    write_boxes(tmp_path / "config")
    with terminal(as_caller(owner, ORGANISERS), tmp_path):
        yield tmp_path


def as_caller(owner: Cloud, role: str) -> dict[str, str]:
    given = owner.as_role(role).credentials
    names = {name: name.upper() for name in given}
    return {**owner.environment(), **{names[name]: value for name, value in given.items()}}


def credentials(*arguments: str, seat: str = "ada") -> Ran:
    return run("credentials", seat, "-e", "dev", *arguments)


def caller(owner: Cloud, given: dict[str, str], service: str = "sts") -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        region_name="us-east-1",
        endpoint_url=owner.endpoint,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


def test_an_organiser_gets_an_hour_of_the_seats_console_role(owner: Cloud, room: Path) -> None:
    assert room.is_dir()
    before = datetime.now(UTC)
    ran = credentials("--format", "json")
    assert ran.code == 0, ran.err
    given = json.loads(ran.out)
    assert (given["seat"], given["Version"]) == ("ada", 1)
    assert given["role"].endswith(":role/ws/vision/vision-ada-us-east-1-console")
    lasts = datetime.fromisoformat(given["Expiration"]) - before
    assert timedelta(minutes=59) < lasts <= timedelta(minutes=61)
    arn = caller(owner, given).get_caller_identity()["Arn"]
    assert arn.endswith(":assumed-role/vision-ada-us-east-1-console/vision-ada")
    assert credentials("--json").out.count("\n") == ran.out.count("\n")


def test_each_format_is_what_its_reader_takes(owner: Cloud, room: Path) -> None:
    lines = credentials("--os", "linux").out
    told = subprocess.run(
        ["/bin/sh", "-c", f"{lines}\naws sts get-caller-identity --query Arn --output text"],
        env={
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(room),
            "AWS_ENDPOINT_URL": owner.endpoint,
            "NO_PROXY": "127.0.0.1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout.strip().endswith("vision-ada-us-east-1-console/vision-ada"), told.stderr
    windows = credentials("--os", "windows").out.splitlines()
    assert windows[0].startswith('$Env:AWS_ACCESS_KEY_ID="ASIA')
    assert windows[-1] == '$Env:AWS_DEFAULT_REGION="us-east-1"'
    section = credentials("--format", "profile").out
    assert section.startswith("[vision-ada]\naws_access_key_id = ASIA")
    # A credential_process is called by programs, which want nothing else.
    silent = credentials("--format", "process")
    assert NOTE not in silent.err
    assert {*json.loads(silent.out)} == {
        *("Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    }


def test_the_aws_cli_takes_the_command_as_a_credential_process(owner: Cloud, room: Path) -> None:
    box_stack(owner, "ada")
    ran = run("connect", "ada", "-e", "dev", "--json")
    [who, _] = json.loads(ran.out)["identity"]
    (room / "aws.config").write_text(who["text"], encoding="utf-8")
    told = subprocess.run(
        [AWS, "sts", "get-caller-identity", "--profile", "vision-ada", "--query", "Arn"],
        env={
            **as_caller(owner, ORGANISERS),
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "AWS_CONFIG_FILE": str(room / "aws.config"),
        },
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert "vision-ada-us-east-1-console/vision-ada" in told.stdout, told.stderr


def test_who_is_no_organiser_gets_none_and_is_told_what_opens_it(owner: Cloud, room: Path) -> None:
    with terminal(as_caller(owner, OTHERS), room):
        ran = credentials()
    assert (ran.code, ran.out) == (1, "")
    last = ran.err.splitlines()[-1]
    assert last.startswith(
        "workshop: AWS does not let you take on"
        " arn:aws:iam::000000000000:role/ws/vision/vision-ada-us-east-1-console"
    )
    assert last.endswith(
        " (AssumeRole: AccessDenied); name your user or role in access.console_organisers of the"
        " profile 'gpu', or carry the tag attendee=ada as one of its console_principals, and"
        " deploy with: workshop deploy -e dev --only ada"
    )


def test_a_session_that_is_too_long_is_told_by_what_aws_says_of_it() -> None:
    said = "The requested DurationSeconds exceeds 1 hour."
    refused = ClientError({"Error": {"Code": "ValidationError", "Message": said}}, "AssumeRole")
    assert errors.describe(refused) == (
        "AssumeRole: ValidationError: The requested DurationSeconds exceeds 1 hour"
    )


def test_a_seat_without_a_role_for_people_has_none(room: Path) -> None:
    assert room.is_dir()
    ran = credentials(seat="ben")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1] == (
        "workshop: seats of the profile 'alone' have no role for people; name yours in its"
        " access.console_organisers, and make them with: workshop deploy -e dev"
    )


def test_they_end_with_the_workshop_to_the_second(owner: Cloud, room: Path) -> None:
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=5)
    write_boxes(room / "config", end=end)
    given = json.loads(credentials("--format", "json").out)
    assert datetime.fromisoformat(given["Expiration"]) == end
    s3 = caller(owner, given, "s3")
    assert s3.list_buckets()["Buckets"] == []
    owner.advance(240)
    assert s3.list_buckets()["Buckets"] == []
    owner.advance(90)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.list_buckets()


def test_after_the_end_there_are_none(room: Path) -> None:
    write_boxes(room / "config", end=datetime.fromisoformat("2026-02-09T17:00:00+01:00"))
    for asked in ((), ("--sign-in",), ("--format", "process")):
        ran = credentials(*asked)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.splitlines()[-1] == (
            "workshop: the workshop ended at 2026-02-09 17:00 +0100, and a seat has no credentials"
            " after that; let it end later with: workshop extend -e dev --until TIME"
        )


def opened(link: str) -> tuple[int, str]:
    """Follow a link, as a browser does; the status and where it leads."""
    parts = urlsplit(link)
    connection = HTTPConnection("127.0.0.1", parts.port or 80)
    connection.request("GET", f"{parts.path}?{parts.query}", headers={"Host": parts.netloc})
    answer = connection.getresponse()
    connection.close()
    return answer.status, answer.headers.get("Location", "")


def test_a_link_signs_in_to_the_page_with_a_shell(owner: Cloud, room: Path) -> None:
    box = box_stack(owner, "ada")
    assert room.is_dir()
    ran = credentials("--sign-in")
    assert ran.code == 0, ran.err
    link = ran.out.strip()
    assert link.startswith("http://signin.localhost:")
    assert ran.err.splitlines()[-1].startswith(
        "warning: whoever opens this is ada in AWS's console; it opens until "
    )
    page = (
        "https://us-east-1.console.aws.amazon.com/systems-manager/session-manager/"
        f"{box}?region=us-east-1"
    )
    assert parse_qs(urlsplit(link).query)["Destination"] == [page]
    assert opened(link) == (302, page)
    assert opened(f"{link}x")[0] == 400
    # No credential is in it.
    assert "ASIA" not in link


def test_a_longer_session_is_not_given_to_who_has_a_role_already(owner: Cloud, room: Path) -> None:
    box_stack(owner, "ada")
    assert room.is_dir()
    ran = credentials("--sign-in", "--hours", "8")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[-1] == (
        "workshop: AWS's sign-in gave no token (status 400); leave out --hours"
    )


def test_no_secret_is_in_what_is_said_or_kept(owner: Cloud, room: Path) -> None:
    box_stack(owner, "ada")
    made = json.loads(credentials("--format", "json").out)
    link = credentials("--sign-in")
    (token,) = parse_qs(urlsplit(link.out.strip()).query)["SigninToken"]
    env = credentials()
    assert env.err.splitlines()[-1].startswith(f"{NOTE}")
    secrets = [made["SecretAccessKey"], made["SessionToken"], token]
    kept = [path.read_bytes() for path in room.rglob("*") if path.is_file()]
    assert kept
    for secret in secrets:
        assert secret not in env.err + link.err
        assert not any(secret.encode() in content for content in kept)
    assert f"{END:%Y}" not in env.err


def of_several(*arguments: str) -> Ran:
    return run("credentials", "-e", "dev", *arguments)


def test_several_seats_are_given_theirs_at_once_each_in_a_form_that_can_be_handed_out(
    owner: Cloud, room: Path
) -> None:
    console_role_beside(owner, "eve")
    with (room / "config" / "people.csv").open("a") as roster:
        roster.write("eve,gpu\n")
    ran = of_several("--only", "ada,eve", "--format", "profile")
    assert ran.code == 0, ran.err
    sections = [line for line in ran.out.splitlines() if line.startswith("[")]
    assert sections == ["[vision-ada]", "[vision-eve]"]
    assert ran.err.splitlines()[-1].startswith(
        "warning: whoever has those of a seat is that seat until "
    )
    given = json.loads(of_several("--profile", "gpu", "--json").out)
    assert [caller(owner, one).get_caller_identity()["Arn"].split("/")[-1] for one in given] == [
        "vision-ada",
        "vision-eve",
    ]
    assert [one["seat"] for one in json.loads(of_several("--only", "eve", "--json").out)] == ["eve"]


def test_a_link_for_each_seat_and_who_has_none_is_named(owner: Cloud, room: Path) -> None:
    console_role_beside(owner, "eve")
    with (room / "config" / "people.csv").open("a") as roster:
        roster.write("eve,gpu\n")
    box = box_stack(owner, "ada")
    ran = of_several("--profile", "gpu", "--sign-in")
    assert ran.code == 1
    [line] = ran.out.splitlines()
    seat, _, link = line.partition(" ")
    assert seat == "ada"
    assert f"/{box}?" in opened(link)[1]
    *_, missing, note = ran.err.splitlines()
    assert missing == (
        "warning: eve has no EC2 instance yet; make it with: workshop deploy -e dev --only eve"
    )
    assert note.startswith(
        "warning: whoever opens one of these is its seat in AWS's console; they open until "
    )
    [document] = json.loads(of_several("--profile", "gpu", "--sign-in", "--json").out)
    assert {*document} == {"seat", "link", "open_before"}


def test_one_of_several_that_can_have_none_is_refused_before_any_are_given(room: Path) -> None:
    assert room.is_dir()
    ran = of_several("--only", "ada,ben", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert "seats of the profile 'alone' have no role for people; " in ran.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("ada", "--sign-in", "--format", "profile"),
            "'--sign-in' prints a link and no credentials; leave out --format",
        ),
        ((), "name a seat, or several with --only or --profile"),
        (("ada", "--only", "ada"), "name a seat, or several with --only or --profile"),
        (
            ("--only", "ada,ben"),
            "'--format env' is of one seat; of several, say '--format profile', '--format json' or"
            " '--sign-in'",
        ),
    ],
)
def test_options_that_make_no_sense_together_are_refused(
    arguments: tuple[str, ...], sentence: str
) -> None:
    ran = of_several(*arguments)
    assert (ran.code, ran.err) == (2, f"workshop: {sentence}\n")
