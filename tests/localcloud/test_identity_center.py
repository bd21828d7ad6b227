"""Identity Center's interfaces: what a profile of the AWS CLI asks for, and how it is refused."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from localcloud import process
from localcloud.errors import LocalCloudError
from tests.support.faulty import refusal
from tests.support.local_cloud import Cloud
from tests.support.workshop_command import run

ROLE = {"roleName": "organiser", "accountId": "000000000000"}
REFRESH = {"grantType": "refresh_token"}


def client(cloud: Cloud, service: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        region_name="us-east-1",
        endpoint_url=cloud.endpoint,
        config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}, proxies={}),
    )


def token(cloud: Cloud, account: str = "000000000000") -> dict[str, Any]:
    return process.post(cloud.running, "/_localcloud/sign-ins", {"account": account})


def renewal(signed_in: dict[str, Any]) -> dict[str, str]:
    return {name: signed_in[name] for name in ("clientId", "clientSecret", "refreshToken")}


def test_a_token_gets_the_credentials_of_the_permission_sets_role(cloud: Cloud) -> None:
    for account in ("000000000000", "111122223333"):
        given = client(cloud, "sso").get_role_credentials(
            roleName="organiser",
            accountId=account,
            accessToken=token(cloud, account)["accessToken"],
        )["roleCredentials"]
        caller = boto3.client(
            "sts",
            region_name="us-east-1",
            endpoint_url=cloud.endpoint,
            aws_access_key_id=given["accessKeyId"],
            aws_secret_access_key=given["secretAccessKey"],
            aws_session_token=given["sessionToken"],
        ).get_caller_identity()
        assert caller["Account"] == account
        role = caller["Arn"].split("/")[1]
        assert role.startswith("AWSReservedSSO_organiser_")
        made = cloud.client("iam", account=account).get_role(RoleName=role)["Role"]
        assert made["Path"] == "/aws-reserved/sso.amazonaws.com/"


def test_a_refresh_token_gets_tokens_that_are_good_too(cloud: Cloud) -> None:
    signed_in = token(cloud)
    renewed = client(cloud, "sso-oidc").create_token(**REFRESH, **renewal(signed_in))
    assert (renewed["tokenType"], renewed["expiresIn"] > 0) == ("Bearer", True)
    for good in (signed_in["accessToken"], renewed["accessToken"]):
        client(cloud, "sso").get_role_credentials(**ROLE, accessToken=good)


def test_what_no_session_stands_behind_is_refused_as_aws_does(cloud: Cloud) -> None:
    portal, oidc, signed_in = client(cloud, "sso"), client(cloud, "sso-oidc"), token(cloud)
    good, own = signed_in["accessToken"], renewal(signed_in)
    over = ("UnauthorizedException", 401)
    no_access = ("ForbiddenException", 403)
    ask = portal.get_role_credentials
    renew = oidc.create_token
    for call, given, wanted in (
        (ask, {**ROLE, "accessToken": "t"}, over),
        (ask, {**ROLE, "accountId": "111122223333", "accessToken": good}, no_access),
        (ask, {**ROLE, "roleName": "Reader", "accessToken": good}, no_access),
        (ask, {**ROLE, "roleName": "", "accessToken": good}, ("InvalidRequestException", 400)),
        (renew, {**REFRESH, **own, "clientSecret": "s"}, ("InvalidClientException", 401)),
        (renew, {**REFRESH, **own, "refreshToken": "r"}, ("InvalidGrantException", 400)),
        (renew, {"grantType": "authorization_code", **own}, ("NotPlayedHere", 400)),
        (portal.list_accounts, {"accessToken": good}, ("NotPlayedHere", 400)),
    ):
        told = refusal(call, **given)
        assert (told["code"], told["status"]) == wanted, given
    portal.logout(accessToken=good)
    assert refusal(ask, **ROLE, accessToken=good)["code"] == over[0]
    assert refusal(renew, **REFRESH, **own)["code"] == "InvalidClientException"


@pytest.mark.parametrize(
    ("fault", "service", "code", "status"),
    [
        ({"effect": "expired"}, "sso", "UnauthorizedException", 401),
        ({"effect": "throttle"}, "sso", "TooManyRequestsException", 429),
        ({"effect": "denied"}, "sso", "ForbiddenException", 403),
        ({"effect": "error", "status": 500}, "sso", "InternalFailure", 500),
        ({"effect": "expired"}, "sso-oidc", "InvalidGrantException", 400),
        (
            {"effect": "expired", "code": "ExpiredTokenException"},
            "sso-oidc",
            "ExpiredTokenException",
            400,
        ),
        ({"effect": "error", "status": 500}, "sso-oidc", "InternalServerException", 500),
    ],
)
def test_faults_speak_as_the_services_do(
    cloud: Cloud, fault: dict[str, Any], service: str, code: str, status: int
) -> None:
    signed_in = token(cloud)
    cloud.faults({**fault, "operation": f"{service}:*"})
    asked = client(cloud, service)
    call, given = (
        (asked.get_role_credentials, {**ROLE, "accessToken": signed_in["accessToken"]})
        if service == "sso"
        else (asked.create_token, {**REFRESH, **renewal(signed_in)})
    )
    told = refusal(call, **given)
    assert (told["code"], told["status"]) == (code, status)
    assert "s3" not in told["message"]
    cloud.faults()
    assert call(**given)


def test_a_refusal_of_a_renewal_has_the_members_of_oauth(cloud: Cloud) -> None:
    body = json.dumps({**REFRESH, **renewal(token(cloud)), "refreshToken": "r"}).encode()
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{cloud.endpoint}/token", body)  # noqa: S310 - of this machine
    with caught.value as refused:
        told = json.loads(refused.read())
    assert told == {
        "error": "invalid_grant",
        "error_description": "Invalid refresh token provided",
    }


def test_nobody_signs_in_without_the_token_of_the_cloud_nor_for_no_account(cloud: Cloud) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403") as caught:
        urllib.request.urlopen(  # noqa: S310 - of this machine
            f"{cloud.endpoint}/_localcloud/sign-ins", b'{"account": "000000000000"}'
        )
    caught.value.close()
    with pytest.raises(LocalCloudError, match="give one account of 12 digits"):
        token(cloud, "12")


def test_a_bucket_may_have_the_name_of_an_operations_path(cloud: Cloud) -> None:
    cloud.client("s3").create_bucket(Bucket="token")
    cloud.client("s3").put_object(Bucket="token", Key="a", Body=b"1")
    assert cloud.client("s3").get_object(Bucket="token", Key="a")["Body"].read() == b"1"


def test_a_reset_ends_all_sessions(cloud: Cloud) -> None:
    signed_in = token(cloud)
    cloud.reset()
    told = refusal(
        client(cloud, "sso").get_role_credentials, **ROLE, accessToken=signed_in["accessToken"]
    )
    assert told["code"] == "UnauthorizedException"


def test_env_signs_a_shell_in_with_a_profile(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    ran = run("cloud", "env", "--sso", "--json", "--state-dir", str(cloud.state_dir))
    told = json.loads(ran.out)
    assert (ran.code, told["set"]["AWS_PROFILE"]) == (0, "local-cloud")
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} <= set(told["unset"])
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} & set(told["set"])
    (kept,) = (tmp_path / ".aws" / "sso" / "cache").iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    assert Path(told["set"]["AWS_CONFIG_FILE"]).parent == cloud.state_dir.resolve()
