"""Sign-ins by a browser, as botocore's own providers find them: each end stops every command.

The tokens are in the caches of a home of its own; the local cloud renews them, or refuses.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore import credentials
from botocore.credentials import LoginCredentialFetcher, SSOProvider
from botocore.tokens import SSOTokenProvider

from localcloud import environment, process
from tests.support.faulty import counts
from tests.support.local_cloud import Cloud
from tests.support.small_workshop import Fleet
from tests.support.workshop_command import Ran
from workshop.aws import errors

START = "https://example.awsapps.com/start"
SSO = "sso_account_id = 000000000000\nsso_role_name = organiser\nregion = us-east-1\n"
SESSION = f"sso_region = us-east-1\nsso_start_url = {START}\n"
MODERN = f"sso_session = corp\n{SSO}\n[sso-session corp]\n{SESSION}"
ROLE = (
    "role_arn = arn:aws:iam::000000000000:role/organiser\nsource_profile = corporate\n"
    f"[profile corporate]\n{MODERN}"
)
LOGIN_SESSION = "arn:aws:sts::000000000000:assumed-role/organiser/olga"
LOGIN = f"login_session = {LOGIN_SESSION}\nregion = us-east-1\n"


HOUR = timedelta(hours=1)
CACHE = Path(".aws", "sso", "cache")
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
ASKED = ("sso:*", "sso-oidc:*", "signin:*")
"""Whoever gives and renews what a browser's sign-in is good for."""


@dataclass
class Home:
    """A folder with a configuration and caches of tokens, and the local cloud that renews them."""

    folder: Path
    cloud: Cloud

    def token(self, name: str, *, lasts: timedelta, **more: Any) -> None:
        """Have a token of Identity Center in the cache that ends after this."""
        path = self.folder / CACHE / f"{hashlib.sha1(name.encode()).hexdigest()}.json"  # noqa: S324
        path.parent.mkdir(parents=True, exist_ok=True)
        told = {"accessToken": "t", "expiresAt": moment(lasts), "startUrl": START, **more}
        path.write_text(json.dumps(told))

    def login(self, **more: Any) -> None:
        """Have a token of ``aws login`` in the cache that is over."""
        name = hashlib.sha256(LOGIN_SESSION.encode()).hexdigest()
        (self.folder / "login").mkdir(exist_ok=True)
        access = {"accessKeyId": "AKIA", "secretAccessKey": "s", "sessionToken": "t"}
        access |= {"accountId": "000000000000", "expiresAt": moment(-HOUR)}
        told = {"accessToken": access, "refreshToken": "r", "dpopKey": "k", "clientId": "c", **more}
        (self.folder / "login" / f"{name}.json").write_text(json.dumps(told))

    def variables(self) -> dict[str, str]:
        return {
            **dict.fromkeys((*KEYS, "AWS_SESSION_TOKEN"), ""),
            "AWS_ENDPOINT_URL": "",
            "AWS_ENDPOINT_URL_SSO": self.cloud.endpoint,
            "AWS_ENDPOINT_URL_SSO_OIDC": self.cloud.endpoint,
            "AWS_ENDPOINT_URL_SIGNIN": self.cloud.endpoint,
            "AWS_CONFIG_FILE": str(self.folder / "aws.ini"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "none"),
            "AWS_PROFILE": "class",
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(self.folder),
        }


def watch(cloud: Cloud, *faults: dict[str, Any]) -> None:
    """Count from now on what is asked of a sign-in, with these faults behind."""
    counting = ({"effect": "latency", "operation": asked, "seconds": 1e-3} for asked in ASKED)
    cloud.faults(*counting, *faults)


def asked(cloud: Cloud) -> int:
    return sum(seen for seen, _ in counts(cloud)[: len(ASKED)])


def moment(lasts: timedelta) -> str:
    return (datetime.now(UTC) + lasts).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def home(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home whose caches botocore looks into: it reads where they are once a process."""
    made = Home(tmp_path / "home", cloud)
    made.folder.mkdir()
    monkeypatch.setattr(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", str(made.folder / CACHE))
    monkeypatch.setattr(SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(made.folder / CACHE))
    monkeypatch.setenv("AWS_LOGIN_CACHE_DIRECTORY", str(made.folder / "login"))
    monkeypatch.setenv("HOME", str(made.folder))
    return made


@dataclass(frozen=True)
class Kind:
    """A way to have signed in, and what is to be said when that is over."""

    config: str
    begin: Callable[[Home], None]
    why: str
    cure: str
    asked: int
    """How many renewals are asked for: one, whatever calls are to be made."""


REFRESH = {"refreshToken": "r", "clientId": "c", "clientSecret": "s"}
CLASS = "sign in with: aws sso login --profile class"
KINDS = {
    "no token": Kind(MODERN, lambda _: None, "Error loading SSO Token: Token for corp", CLASS, 0),
    "a token that is over": Kind(
        MODERN,
        lambda home: home.token("corp", lasts=-HOUR),
        "Error when retrieving token from sso: Token has expired and refresh failed",
        CLASS,
        0,
    ),
    "a token that is not renewed": Kind(
        MODERN,
        lambda home: home.token(
            "corp", lasts=-HOUR, **REFRESH, registrationExpiresAt=moment(24 * HOUR)
        ),
        "Error when retrieving token from sso: Token has expired and refresh failed",
        CLASS,
        1,
    ),
    "a client whose registration is over": Kind(
        MODERN,
        lambda home: home.token(
            "corp", lasts=-HOUR, **REFRESH, registrationExpiresAt=moment(-HOUR)
        ),
        "Error when retrieving token from sso: Token has expired and refresh failed",
        CLASS,
        0,
    ),
    "a session that was ended elsewhere": Kind(
        MODERN,
        lambda home: home.token("corp", lasts=8 * HOUR),
        "The SSO session associated with this profile has expired or is otherwise invalid",
        CLASS,
        1,
    ),
    "a profile of the older form": Kind(
        f"{SSO}{SESSION}",
        lambda home: home.token(START, lasts=-HOUR),
        "The SSO session associated with this profile has expired or is otherwise invalid",
        CLASS,
        0,
    ),
    "a role that is taken on with it": Kind(
        ROLE,
        lambda home: home.token("corp", lasts=-HOUR),
        "Error when retrieving token from sso: Token has expired and refresh failed",
        "sign in with: aws sso login --profile corporate",
        0,
    ),
    "aws login, no session": Kind(
        LOGIN,
        lambda _: None,
        "Error loading login session token",
        "sign in with: aws login --profile class",
        0,
    ),
    "aws login, a session that is over": Kind(
        LOGIN,
        lambda home: home.login(),
        "Your session has expired or credentials have changed",
        "sign in with: aws login --profile class",
        1,
    ),
}
COMMANDS = (
    *(("deploy",), ("plan",), ("preflight",), ("status",), ("handout",), ("stop",), ("start",)),
    *(("sweep",), ("leftovers",), ("teardown",), ("bill",), ("end", "fit")),
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_command_stops_at_once_with_the_command_that_signs_in(
    fleet: Fleet, home: Home, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    ended = KINDS[kind]
    # The extra that reads the sessions of aws login is not installed, and signs nothing here.
    monkeypatch.setattr(credentials, "EC", SimpleNamespace())
    monkeypatch.setattr(LoginCredentialFetcher, "_load_private_key", lambda *_: None)
    monkeypatch.setattr(
        credentials, "_build_add_dpop_header_handler", lambda _: lambda **_given: None
    )
    (home.folder / "aws.ini").write_text(f"[profile class]\n{ended.config}")
    ended.begin(home)
    fleet.write(2)
    variables = {**fleet.variables(), **home.variables()}
    monkeypatch.setattr(Fleet, "variables", lambda _: variables)
    for command in COMMANDS:
        watch(fleet.cloud)
        ran = fleet.run(*command)
        again = " ".join([command[0], "-e", "dev", *command[1:]])
        assert ran.code == (4 if command[0] in {"teardown", "leftovers"} else 1), (command, ran)
        assert ran.err.startswith(f"workshop: your sign-in to AWS has ended ({ended.why}"), ran.err
        assert ran.err.endswith(f"; {ended.cure}, and run again: workshop {again}\n"), ran.err
        assert asked(fleet.cloud) == ended.asked, command


def test_sessions_of_aws_login_that_botocore_cannot_read_are_read_by_the_aws_cli(
    fleet: Fleet, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "EC", None)  # as without the extra
    (home.folder / "aws.ini").write_text(f"[profile class]\n{LOGIN}")
    home.login()
    fleet.write(1)
    variables = {**fleet.variables(), **home.variables()}
    monkeypatch.setattr(Fleet, "variables", lambda _: variables)
    ran = fleet.run("status")
    assert ran.code == 1
    assert ran.err.startswith(
        "workshop: your sign-in to AWS by 'aws login' cannot be read here (Missing Dependency: "
    )
    assert ran.err.endswith(
        '; let the AWS CLI read it with: eval "$(aws configure export-credentials --format env'
        ' --profile class)", and run again: workshop status -e dev\n'
    )
    # The credentials that this sets go before the profile.
    own = fleet.cloud.environment()
    variables |= {name: own[name] for name in KEYS} | {"AWS_ENDPOINT_URL": fleet.cloud.endpoint}
    ran = fleet.run("status")
    assert (ran.code, "seat01 (not deployed)" in ran.err) == (0, True), ran


# --- in the middle of a run ------------------------------------------------------------------

SOON = {"effect": "short-lived", "seconds": 60}
"""Sooner than botocore lets credentials end: each call gets new ones."""


@pytest.fixture
def signed_in(fleet: Fleet, home: Home, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sign in to the local cloud with a browser; return the file with the token."""
    fleet.write(2)
    kept = process.sign_in(fleet.cloud.running, fleet.cloud.state_dir)
    chosen = environment.signed_in(fleet.cloud.running, fleet.cloud.state_dir)
    variables = {**fleet.variables(), **dict.fromkeys(KEYS, ""), **chosen}
    monkeypatch.setattr(Fleet, "variables", lambda _: variables)
    assert kept.is_relative_to(home.folder / CACHE)
    return kept


@pytest.mark.usefixtures("signed_in")
def test_role_credentials_that_end_soon_are_got_again_and_again(fleet: Fleet) -> None:
    watch(fleet.cloud)
    assert fleet.run("deploy").code == 0
    once = asked(fleet.cloud)
    watch(fleet.cloud, SOON)
    assert fleet.run("status").code == 0
    assert asked(fleet.cloud) > once
    assert counts(fleet.cloud)[-1][1] > 1


PORTAL, RENEWAL = "sso:GetRoleCredentials", "sso-oidc:CreateToken"
SESSION_ENDED = (
    "The SSO session associated with this profile has expired or is otherwise invalid. To refresh"
    " this SSO session run aws sso login with the corresponding profile"
)
NOT_RENEWED = "Error when retrieving token from sso: Token has expired and refresh failed"
COMMAND_CURE = "sign in with: aws sso login --profile local-cloud"
MOST_FURTHER_CALLS = 20
"""Those of the threads that were asking already."""


def local_cure(fleet: Fleet) -> str:
    """What points a terminal anew to the local cloud that it points to already."""
    env = process.command("env", fleet.cloud.state_dir)
    return f'point this terminal to the local cloud anew with: eval "$({env})"'


def ended(ran: Ran, why: str, cure: str, command: str) -> bool:
    """Whether a command said once, in its last line, that the sign-in has ended."""
    told = [line for line in ran.err.splitlines() if "sign-in" in line]
    again = f"{cure}, and run again: workshop {command} -e dev"
    return told == [f"workshop: your sign-in to AWS has ended ({why}); {again}"]


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize("on_aws", [True, False])
def test_a_session_that_ends_in_the_middle_stops_a_run_which_goes_on_later(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, *, on_aws: bool
) -> None:
    if on_aws:
        monkeypatch.setattr(errors, "is_local", lambda _: False)
    cure = COMMAND_CURE if on_aws else local_cure(fleet)
    over = {"effect": "expired", "operation": PORTAL}
    for got in (0, 3, 20, 31):  # none at all, looking, making the cohort, making seats
        watch(fleet.cloud, SOON, {**over, "after": got})
        ran = fleet.run("deploy")
        assert (ran.code, ended(ran, SESSION_ENDED, cure, "deploy")) == (1, True), ran
        assert 0 < counts(fleet.cloud)[-1][1] < MOST_FURTHER_CALLS
    watch(fleet.cloud)
    assert fleet.run("deploy").code == 0


def test_a_token_that_is_over_is_renewed_until_the_session_is(
    fleet: Fleet, signed_in: Path
) -> None:
    def has_token_over() -> str:
        kept = json.loads(signed_in.read_text())
        signed_in.write_text(json.dumps({**kept, "expiresAt": moment(-HOUR)}))
        return str(kept["accessToken"])

    before = has_token_over()
    watch(fleet.cloud)
    assert fleet.run("status").code == 0
    assert has_token_over() != before
    for code in ("InvalidGrantException", "ExpiredTokenException"):
        refused = {"effect": "expired", "operation": RENEWAL, "code": code}
        watch(fleet.cloud, refused)
        ran = fleet.run("status")
        assert (ran.code, ended(ran, NOT_RENEWED, local_cure(fleet), "status")) == (1, True), ran
        assert counts(fleet.cloud)[-1] == (1, 1)
    watch(fleet.cloud)
    assert fleet.run("status").code == 0


@pytest.mark.usefixtures("signed_in")
def test_a_portal_that_is_asked_too_much_or_fails_for_a_moment_ends_no_sign_in(
    fleet: Fleet,
) -> None:
    for fault in ({"effect": "throttle"}, {"effect": "error", "status": 503}):
        watch(fleet.cloud, {**fault, "operation": PORTAL, "times": 2})
        assert fleet.run("status").code == 0
        assert counts(fleet.cloud)[-1][1] == 2


def test_whoever_signs_out_elsewhere_is_signed_out_here(fleet: Fleet, signed_in: Path) -> None:
    token = json.loads(signed_in.read_text())["accessToken"]
    portal = boto3.client("sso", "us-east-1", endpoint_url=fleet.cloud.endpoint)
    portal.logout(accessToken=token)
    ran = fleet.run("status")
    assert (ran.code, ended(ran, SESSION_ENDED, local_cure(fleet), "status")) == (1, True), ran
