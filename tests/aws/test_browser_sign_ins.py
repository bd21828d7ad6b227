"""Sign-ins by a browser, as botocore's own providers find them: each end stops every command.

The tokens are in the caches of a home of its own; who renews them is an address of this machine.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore import credentials
from botocore.credentials import LoginCredentialFetcher, SSOProvider
from botocore.tokens import SSOTokenProvider

from tests.support.small_workshop import Fleet

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
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
REFUSALS = {
    # path -> status and error code; whatever else is asked is asked of Identity Center's portal
    "/token": (400, "InvalidGrantException"),
    "/v1/token": (400, "AccessDeniedException"),
}


class Renewing(BaseHTTPRequestHandler):
    """Whoever renews tokens, and says that the session is over."""

    server: Any

    def answer(self) -> None:
        self.server.asked.append(self.path)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, code = REFUSALS.get(self.path, (401, "UnauthorizedException"))
        body = json.dumps({"error": "TOKEN_EXPIRED", "message": "Session token not found"})
        self.send_response(status)
        self.send_header("x-amzn-errortype", code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_GET = do_POST = answer  # noqa: N815 - as the server calls them

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class Home:
    """A folder with a configuration and caches of tokens, and who renews them."""

    folder: Path
    server: Any

    def token(self, name: str, *, lasts: timedelta, **more: Any) -> None:
        """Have a token of Identity Center in the cache that ends after this."""
        path = self.folder / "sso" / f"{hashlib.sha1(name.encode()).hexdigest()}.json"  # noqa: S324
        path.parent.mkdir(exist_ok=True)
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
        url = f"http://127.0.0.1:{self.server.server_address[1]}"
        return {
            **dict.fromkeys((*KEYS, "AWS_SESSION_TOKEN"), ""),
            "AWS_ENDPOINT_URL": "",
            "AWS_ENDPOINT_URL_SSO": url,
            "AWS_ENDPOINT_URL_SSO_OIDC": url,
            "AWS_ENDPOINT_URL_SIGNIN": url,
            "AWS_CONFIG_FILE": str(self.folder / "aws.ini"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "none"),
            "AWS_PROFILE": "class",
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(self.folder),
        }


def moment(lasts: timedelta) -> str:
    return (datetime.now(UTC) + lasts).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home whose caches botocore looks into: it reads where they are once a process."""
    made = Home(tmp_path / "home", ThreadingHTTPServer(("127.0.0.1", 0), Renewing))
    made.folder.mkdir()
    made.server.asked = []
    monkeypatch.setattr(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", str(made.folder / "sso"))
    monkeypatch.setattr(SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(made.folder / "sso"))
    monkeypatch.setenv("AWS_LOGIN_CACHE_DIRECTORY", str(made.folder / "login"))
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


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
        home.server.asked.clear()
        ran = fleet.run(*command)
        again = " ".join([command[0], "-e", "dev", *command[1:]])
        assert ran.code == (4 if command[0] in {"teardown", "leftovers"} else 1), (command, ran)
        assert ran.err.startswith(f"workshop: your sign-in to AWS has ended ({ended.why}"), ran.err
        assert ran.err.endswith(f"; {ended.cure}, and run again: workshop {again}\n"), ran.err
        assert len(home.server.asked) == ended.asked, (command, home.server.asked)


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
