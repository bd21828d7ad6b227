"""Links that sign a browser in to AWS's console as a seat, made of the seat's credentials.

(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html)
"""

from __future__ import annotations

import json
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from workshop.account_region import AccountRegion
from workshop.aws import consoles
from workshop.aws.clients import Clients
from workshop.connect.credentials import SeatCredentials
from workshop.errors import WorkshopError
from workshop.naming import Names

TO_OPEN = timedelta(minutes=15)
"""For which a link opens the console, once the token was given."""
ISSUER = "workshop"
_PATH = "/federation"


def shell_page(names: Names, instance: str) -> str:
    """Return the console's page with a shell on an instance, which is Session Manager's."""
    return (
        f"https://{names.region}.{consoles.console(names.region)}/systems-manager/session-manager/"
        f"{instance}?region={names.region}"
    )


def home_page(names: Names) -> str:
    """Return the console's first page of the Region."""
    return (
        f"https://{names.region}.{consoles.console(names.region)}/console/home"
        f"?region={names.region}"
    )


def sign_in_link(
    clients: Clients,
    where: AccountRegion,
    credentials: SeatCredentials,
    destination: str,
    *,
    lasting: timedelta | None = None,
) -> str:
    """Return a link that signs in as whose credentials these are and goes to ``destination``.

    Who opens it needs nothing else. Without ``lasting`` the session lasts as long as they do.
    """
    session = json.dumps(
        {
            "sessionId": credentials.access_key,
            "sessionKey": credentials.secret_key,
            "sessionToken": credentials.token,
        }
    )
    asked = {"Action": "getSigninToken", "Session": session}
    if lasting is not None:
        asked["SessionDuration"] = str(int(lasting.total_seconds()))
    host = _host(clients, where)
    token = _token(host, asked)
    opened = {"Action": "login", "Issuer": ISSUER, "Destination": destination, "SigninToken": token}
    return f"{host}{_PATH}?{urlencode(opened)}"


def _host(clients: Clients, where: AccountRegion) -> str:
    """Return the address of the sign-in: of AWS, or of a local cloud."""
    if clients.is_local:
        port = urlsplit(clients.client("sts", where).meta.endpoint_url).port
        return f"http://signin.localhost:{port}"
    return f"https://{consoles.sign_in(where.region)}"


def _token(host: str, asked: dict[str, str]) -> str:
    parts = urlsplit(host)
    # Names below localhost lead to this machine, whether or not a resolver knows that.
    is_here = (parts.hostname or "").endswith(".localhost")
    base = f"http://127.0.0.1:{parts.port}" if is_here else host
    url = f"{base}{_PATH}?{urlencode(asked)}"
    request = AWSRequest("GET", url, {"Host": parts.netloc})
    try:
        answer = URLLib3Session(proxies=get_environ_proxies(url)).send(request.prepare())
    except BotoCoreError as error:
        raise WorkshopError(
            f"AWS's sign-in at {parts.netloc} could not be reached ({type(error).__name__}); check"
            " the network and run this again"
        ) from error
    if answer.status_code != HTTPStatus.OK:
        longer = "; leave out --hours" if "SessionDuration" in asked else "; run this again"
        raise WorkshopError(f"AWS's sign-in gave no token (status {answer.status_code}){longer}")
    return str(json.loads(answer.content)["SigninToken"])
