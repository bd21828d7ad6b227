"""Credentials: which errors mean that they have ended, and that nothing is asked after that."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from botocore import exceptions as botocore_errors
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from localcloud import environment
from localcloud import process as cloud_process
from tests.support.faulty import counts
from tests.support.local_cloud import Cloud
from tests.support.preflights import calling
from tests.support.small_workshop import HOME
from workshop.account_region import AccountRegion
from workshop.aws import account_guard, errors, local_cloud
from workshop.aws.clients import Clients
from workshop.aws.sign_in import SignIn
from workshop.errors import SignInError, WorkshopError

AWAY = AccountRegion("111122223333", "eu-west-1")
CALLS: dict[str, Callable[[Any], object]] = {
    "cloudformation": lambda client: client.describe_stacks(),
    "cloudwatch": lambda client: client.list_dashboards(),
    "ec2": lambda client: client.describe_vpcs(),
    "ecr": lambda client: client.describe_repositories(),
    "iam": lambda client: client.list_roles(),
    "logs": lambda client: client.describe_log_groups(),
    "resourcegroupstaggingapi": lambda client: client.get_resources(),
    "s3": lambda client: client.list_buckets(),
    "sagemaker": lambda client: client.list_endpoints(),
    "scheduler": lambda client: client.list_schedules(),
    "sts": lambda client: client.get_caller_identity(),
}
"""By service, a call that anybody may make: all protocols that the commands speak."""


@pytest.fixture
def clients(cloud: Cloud) -> Iterator[Clients]:
    with calling(cloud):
        yield Clients(HOME)


@pytest.mark.parametrize("service", CALLS)
def test_every_service_tells_that_credentials_are_over(
    cloud: Cloud, clients: Clients, service: str
) -> None:
    cloud.faults({"effect": "expired"})
    client = clients.client(service, HOME)
    for _ in range(3):
        with pytest.raises(SignInError) as caught:
            CALLS[service](client)
    assert caught.value.state.startswith("your sign-in to AWS has ended")
    asked = 4 if service == "ec2" else 1  # whose RequestExpired is held against STS
    assert counts(cloud)[0][1] <= asked


def test_a_head_that_s3_refuses_without_a_code_is_held_against_sts(
    cloud: Cloud, clients: Clients
) -> None:
    cloud.faults({"effect": "expired"})
    with pytest.raises(SignInError):
        clients.client("s3", HOME).head_bucket(Bucket="some-bucket")
    cloud.faults()
    with calling(cloud), pytest.raises(ClientError, match="404"):
        Clients(HOME).client("s3", HOME).head_bucket(Bucket="some-bucket")


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("sagemaker", "UnrecognizedClientException"),
        ("cloudformation", "InvalidClientTokenId"),
        ("ec2", "AuthFailure"),
        ("s3", "InvalidAccessKeyId"),
    ],
)
def test_what_one_service_or_region_refuses_is_no_end_where_sts_takes_the_credentials(
    cloud: Cloud, clients: Clients, service: str, code: str
) -> None:
    cloud.faults({"effect": "expired", "operation": f"{service}:*", "code": code})
    client = clients.client(service, HOME)
    for _ in range(3):
        with pytest.raises(ClientError, match=code):
            CALLS[service](client)
    cloud.faults({"effect": "expired", "code": code, "region": "eu-south-2"})
    with pytest.raises(ClientError, match=code):
        CALLS[service](clients.client(service, AccountRegion(HOME.account, "eu-south-2")))
    cloud.faults({"effect": "expired", "code": code})
    with calling(cloud), pytest.raises(SignInError, match=r"has ended, or was never good \("):
        CALLS[service](Clients(HOME).client(service, HOME))


def test_a_wrong_clock_is_not_told_as_the_end_of_a_sign_in(cloud: Cloud, clients: Clients) -> None:
    cloud.faults({"effect": "expired", "code": "RequestTimeTooSkewed"})
    with pytest.raises(SignInError) as caught:
        clients.client("s3", HOME).list_buckets()
    assert str(caught.value) == (
        "AWS refuses all calls, since this machine's clock is wrong (RequestTimeTooSkewed: The"
        " difference between the request time and the current time is too large); set it right, and"
        " run this again"
    )


def test_a_throttled_sts_is_no_proof_that_a_sign_in_has_ended(
    cloud: Cloud, clients: Clients
) -> None:
    cloud.faults(
        {"effect": "throttle", "operation": "sts:*"},
        {"effect": "expired", "code": "AuthFailure"},
    )
    with pytest.raises(ClientError, match="AuthFailure"):
        clients.client("ec2", HOME).describe_vpcs()


def test_all_threads_end_and_nothing_more_is_asked(cloud: Cloud, clients: Clients) -> None:
    cloud.faults({"effect": "expired", "after": 40})
    made = clients.client("sagemaker", HOME)

    def ask(_: int) -> str:
        try:
            made.list_endpoints()
        except SignInError:
            return "ended"
        return "answered"

    with ThreadPoolExecutor(16) as pool:
        ends = list(pool.map(ask, range(400)))
    assert ends.count("answered") == 40
    assert ends.count("ended") == 360
    assert counts(cloud)[0][1] <= 16


# --- credentials that are renewed ---------------------------------------------------------------


class Renewed:
    """A session whose credentials are had from ``renew`` each time."""

    profile_name = "class room"

    def __init__(self, renew: Callable[[], object]) -> None:
        self.renew = renew
        self.asked = 0

    def get_credentials(self) -> Any:
        return SimpleNamespace(get_frozen_credentials=self._frozen)

    def _frozen(self) -> object:
        self.asked += 1
        return self.renew()


def raising(error: Exception) -> Callable[[], object]:
    def renew() -> object:
        raise error

    return renew


def refusal(code: str, operation: str, status: int = 400) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, operation)


SSO = botocore_errors.UnauthorizedSSOTokenError()


@pytest.mark.parametrize(
    ("error", "ends"),
    [
        (SSO, True),
        (botocore_errors.SSOTokenLoadError(error_msg="no token"), True),
        (botocore_errors.TokenRetrievalError(provider="sso", error_msg="expired"), True),
        (botocore_errors.CredentialRetrievalError(provider="process", error_msg="expired"), True),
        (botocore_errors.PartialCredentialsError(provider="env", cred_var="key"), True),
        (botocore_errors.RefreshWithMFAUnsupportedError(), True),
        (botocore_errors.LoginRefreshRequired(), True),
        (RuntimeError("the refreshed credentials are still expired"), True),
        (FileNotFoundError(2, "No such file", "/run/token"), True),
        (ValueError("Expecting value: line 1 column 1"), True),
        (refusal("ForbiddenException", "GetRoleCredentials", 403), True),
        (refusal("ExpiredToken", "AssumeRole", 403), True),
        (refusal("ExpiredTokenException", "AssumeRoleWithWebIdentity"), True),
        (refusal("InvalidIdentityToken", "AssumeRoleWithWebIdentity"), True),
        (refusal("AccessDenied", "AssumeRole", 403), True),
        (refusal("Throttling", "AssumeRole"), False),
        (refusal("InternalFailure", "GetRoleCredentials", 500), False),
        (EndpointConnectionError(endpoint_url="https://portal.sso", error="reset"), False),
    ],
)
def test_a_renewal_that_fails_for_good_ends_the_sign_in_and_is_not_tried_again(
    error: Exception, *, ends: bool
) -> None:
    session = Renewed(raising(error))
    sign_in = SignIn(HOME, lambda _: None)
    for _ in range(3):
        with pytest.raises(SignInError if ends else type(error)) as caught:
            sign_in._renew(session, HOME, "https://sagemaker.eu-west-1.amazonaws.com")  # type: ignore[arg-type]
    assert session.asked == (1 if ends else 3)
    if isinstance(caught.value, SignInError):
        assert caught.value.state == "your sign-in to AWS has ended"
        assert caught.value.cure.startswith("sign in")


@pytest.mark.parametrize(
    ("error", "command"),
    [
        (SSO, "aws sso login"),
        (botocore_errors.SSOTokenLoadError(error_msg="no token"), "aws sso login"),
        (botocore_errors.TokenRetrievalError(provider="sso", error_msg="over"), "aws sso login"),
        (botocore_errors.LoginRefreshRequired(), "aws login"),
    ],
)
def test_whoever_signs_in_with_a_browser_is_told_the_command(
    error: Exception, command: str
) -> None:
    session = Renewed(raising(error))
    for profile, cure in (
        ("class room", f"sign in with: {command} --profile 'class room'"),
        ("default", f"sign in with: {command}"),
    ):
        session.profile_name = profile
        with pytest.raises(SignInError) as caught:
            SignIn(HOME, lambda _: None)._renew(session, HOME, "https://aws")  # type: ignore[arg-type]
        assert caught.value.cure == cure


def test_a_session_of_identity_center_that_is_over_stops_a_command_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile class]\nsso_session = corp\nsso_account_id = 111122223333\n"
        "sso_role_name = organiser\nregion = eu-west-1\n[sso-session corp]\n"
        "sso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "class")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(SignInError) as caught:
        Clients(AWAY).caller(AWAY)
    assert caught.value.state == "your sign-in to AWS has ended"
    assert caught.value.cure == "sign in with: aws sso login --profile class"


def test_a_role_of_another_account_that_may_not_be_taken_on_ends_nothing_else() -> None:
    session = Renewed(raising(refusal("AccessDenied", "AssumeRole", 403)))
    sign_in = SignIn(HOME, lambda _: None)
    with pytest.raises(ClientError, match="AccessDenied"):
        sign_in._renew(session, AWAY, "https://aws")  # type: ignore[arg-type]
    good = Renewed(lambda: None)
    sign_in._renew(good, HOME, "https://aws")  # type: ignore[arg-type]
    assert good.asked == 1


def test_one_thread_tries_a_renewal_and_the_others_hear_of_it() -> None:
    waiting = threading.Barrier(8)
    session = Renewed(raising(SSO))
    sign_in = SignIn(HOME, lambda _: None)

    def sign(_: int) -> bool:
        waiting.wait()
        with pytest.raises(SignInError):
            sign_in._renew(session, HOME, "https://aws")  # type: ignore[arg-type]
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(sign, range(8)))
    assert session.asked == 1


def process(cloud: Cloud, folder: Path, *, lasts: timedelta) -> tuple[Path, Path]:
    """A configuration with a credential process, and the file that counts how often it ran."""
    ran, answer = folder / "ran", folder / "answer"
    own = cloud.environment()
    given = {
        "Version": 1,
        "AccessKeyId": own["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": own["AWS_SECRET_ACCESS_KEY"],
        "Expiration": (datetime.now(UTC) + lasts).isoformat(),
    }
    answer.write_text(json.dumps(given))
    script = folder / "credentials.sh"
    script.write_text(
        f'echo >> "{ran}"; cat "{answer}" || {{ echo "the session is over" >&2; exit 1; }}'
    )
    config = folder / "config"
    config.write_text(f"[default]\ncredential_process = sh {script}\n")
    return config, ran


@pytest.mark.parametrize("lasts", [timedelta(minutes=5), timedelta(hours=1)])
def test_credentials_that_are_renewed_go_on_until_no_more_are_to_be_had(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lasts: timedelta
) -> None:
    config, ran = process(cloud, tmp_path, lasts=lasts)
    with calling(cloud, AWS_CONFIG_FILE=str(config)):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name, raising=False)
        made = Clients(HOME).client("sagemaker", HOME)
        for _ in range(3):
            assert made.list_endpoints()["Endpoints"] == []
        (tmp_path / "answer").unlink()
        before = len(ran.read_text())
        if lasts > timedelta(minutes=15):  # botocore renews a quarter of an hour before the end
            assert made.list_endpoints()["Endpoints"] == []
            return
        for _ in range(3):
            with pytest.raises(SignInError, match="the session is over"):
                made.list_endpoints()
        assert len(ran.read_text()) == before + 1


def test_without_credentials_nobody_has_been_signed_in(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    with calling(cloud, AWS_EC2_METADATA_DISABLED="true"):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(SignInError) as caught:
            Clients(HOME).caller(HOME)
    assert caught.value.is_missing
    assert caught.value.state == "you are not signed in to AWS"


def test_another_accounts_role_that_is_over_ends_the_sign_in_with_its_source(cloud: Cloud) -> None:
    with calling(cloud):
        made = Clients(HOME, role="WorkshopDeployer")
        assert made.caller(AWAY) == AWAY.account
        cloud.faults({"effect": "expired", "account": HOME.account})
        # What was taken on before is good until it has to be renewed.
        made.client("sagemaker", AWAY).list_endpoints()
        cloud.faults({"effect": "expired", "account": AWAY.account})
        with pytest.raises(SignInError):
            made.client("sagemaker", AWAY).list_endpoints()
        with pytest.raises(SignInError):
            made.client("sagemaker", HOME).list_endpoints()


# --- nobody at the address ----------------------------------------------------------------------


@pytest.mark.parametrize("url", ["http://nowhere.invalid", "http://127.0.0.1:9"])
def test_where_nobody_can_be_is_asked_twice(cloud: Cloud, url: str) -> None:
    sent: list[str] = []
    with calling(cloud, AWS_ENDPOINT_URL_SCHEDULER=url):
        client = Clients(HOME).client("scheduler", HOME)
        client.meta.events.register("before-send", lambda request, **_: sent.append(request.url))
        with pytest.raises(EndpointConnectionError):
            client.list_schedules()
    assert len(sent) == 2


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_terminal_that_points_to_a_local_cloud_which_is_gone_is_told_so(
    cloud: Cloud, *, elsewhere: bool
) -> None:
    state = cloud.state_dir if elsewhere else cloud_process.DEFAULT_STATE_DIR
    variables = {local_cloud.STATE_DIR: str(state.resolve())}
    where = f" --state-dir {state}" if elsewhere else ""
    with (
        calling(cloud, AWS_ENDPOINT_URL="http://127.0.0.1:9", **variables),
        pytest.raises(WorkshopError) as told,
    ):
        Clients(HOME).caller(HOME)
    assert str(told.value) == (
        "this terminal points to a local cloud at http://127.0.0.1:9, and nobody is there; start it"
        f" with: workshop cloud start --account 000000000000 --region us-east-1{where}, and point"
        " this terminal to it with:"
        f' eval "$(workshop cloud env{where})", or open another terminal for AWS itself'
    )


def test_both_sides_name_the_local_cloud_of_a_terminal_alike(cloud: Cloud) -> None:
    for state in (cloud.state_dir, Path("my clouds"), cloud_process.DEFAULT_STATE_DIR):
        variables = environment.variables(cloud.running, state)
        with mock.patch.dict(os.environ, variables):
            for name in ("env", "stop"):
                assert local_cloud.command(name) == cloud_process.command(
                    name, state if state == cloud_process.DEFAULT_STATE_DIR else state.resolve()
                )


def test_errors_of_botocore_are_all_of_the_kinds_that_are_decided_about() -> None:
    """Whoever adds an error to botocore adds one that no repetition mends, unless it is here."""
    known = {
        name
        for name in vars(botocore_errors)
        if isinstance(kind := getattr(botocore_errors, name), type)
        and issubclass(kind, BotoCoreError)
        and issubclass(kind, errors._ON_THE_WAY)
    }
    assert known == {
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "ConnectionError",
        "EndpointConnectionError",
        "FlexibleChecksumError",
        "HTTPClientError",
        "IncompleteReadError",
        "MetadataRetrievalError",
        "ProxyConnectionError",
        "ReadTimeoutError",
        "ResponseStreamingError",
        "SSLError",
    }


def test_whoever_is_in_another_account_of_aws_is_to_sign_in_to_the_right_one() -> None:
    clients = Clients(HOME)
    sts = SimpleNamespace(meta=SimpleNamespace(endpoint_url="https://sts.amazonaws.com"))
    with mock.patch.object(Clients, "client", return_value=sts):
        assert account_guard.cure(clients, HOME) == "sign in to that account"
