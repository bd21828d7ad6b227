"""Whether AWS still takes the caller's credentials; once it does not, nothing more is asked.

Credentials end in the middle of commands: a session is over, a credential process wants a browser,
a role is no more. Then every call fails, and no repetition mends it. Each client is watched at two
points of botocore: where it gets the credentials to sign a request with, which renews those that
can be renewed, and where an answer has come. The first that finds them ended raises SignInError in
its thread; every other call of the same clients then raises it at once, instead of asking.
"""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import boto3
import botocore.session
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    LoginError,
    MissingDependencyException,
    NoCredentialsError,
    SSOError,
    TokenRetrievalError,
)

from workshop.account_region import AccountRegion
from workshop.aws import errors, local_cloud, regions
from workshop.errors import SignInError

GOOD_FOR = 30.0
"""Seconds for which STS need not be asked again whether credentials are good somewhere."""

_RENEWALS = (SSOError, TokenRetrievalError, LoginError, CredentialRetrievalError)
"""What botocore raises where it cannot renew credentials."""

_NOT_SIGNED_IN = "you are not signed in to AWS"
_ENDED = "your sign-in to AWS has ended"
_DOUBTED = "your sign-in to AWS has ended, or was never good"
_UNREADABLE = "your sign-in to AWS by 'aws login' cannot be read here"
_CLOCK = "AWS refuses all calls, since this machine's clock is wrong"


class SignIn:
    """The sign-in of one caller, whose clients are watched.

    ``sts`` gives an STS client for an account and Region that is not watched. ``home`` is the
    caller's own.
    """

    def __init__(self, home: AccountRegion, sts: Callable[[AccountRegion], Any]) -> None:
        self._home = home
        self._sts = sts
        self._ended: SignInError | None = None
        self._renewing = threading.Lock()
        self._asking = threading.Lock()
        self._good: dict[AccountRegion, float] = {}

    def find(self, session: boto3.Session) -> None:
        """Look where the caller's credentials are, as botocore does when it makes a client.

        Some providers look at once whether there are any, and raise what ends the sign-in.
        """
        self._check()
        try:
            session.get_credentials()
        except Exception as error:
            if errors.is_passing(error):
                raise
            profile = _signed_in_profile(session.profile_name)
            raise self._end(error, "", renewing=True, profile=profile) from error

    def watch(self, client: Any, account_region: AccountRegion, session: boto3.Session) -> None:
        """Let each call of a client end the sign-in, and raise SignInError once it has ended."""
        events, url = client.meta.events, client.meta.endpoint_url
        events.register_first("before-call", self._check)
        events.register_first("before-sign", partial(self._renew, session, account_region, url))
        events.register_first("needs-retry", _ask_nobody_thrice)
        events.register("after-call", partial(self._judge, account_region, url))
        events.register("after-call-error", partial(self._judge_error, session, url))

    def _check(self, **_: object) -> None:
        if (ended := self._ended) is not None:
            # Each thread has an error of its own: tracebacks are written into exceptions.
            raise SignInError(ended.state, ended.why, ended.cure, is_missing=ended.is_missing)

    def _renew(
        self, session: boto3.Session, account_region: AccountRegion, url: str, **_: object
    ) -> None:
        """Get the credentials, as botocore does right after this; it renews what can be renewed.

        What may pass, and a role of another account that may not be taken on, are the call's own
        errors. All else that a process, a token's file, SSO or a role of one's own may raise ends
        the sign-in.
        """
        with self._renewing:  # a renewal that fails is not tried by every thread
            self._check()
            try:
                _get_credentials(session)
            except Exception as error:
                abroad = account_region.account != self._home.account
                if errors.is_passing(error) or (abroad and not _is_of_credentials(error)):
                    raise
                profile = _signed_in_profile(str(getattr(session, "profile_name", "")))
                raise self._end(error, url, renewing=True, profile=profile) from error

    def _judge(
        self,
        account_region: AccountRegion,
        url: str,
        *,
        parsed: Mapping[str, Any],
        model: Any,
        **_: object,
    ) -> None:
        if not errors.refuses_credentials(parsed):
            return
        error = ClientError(dict(parsed), model.name)  # type: ignore[arg-type]
        if errors.code(parsed) in errors.ENDED:
            raise self._end(error, url) from error
        refusal = self._refusal_of_sts(account_region)
        if refusal is not None:
            raise self._end(refusal, url) from error

    def _judge_error(
        self, session: boto3.Session, url: str, *, exception: Exception, **_: object
    ) -> None:
        """End the sign-in where botocore, which signs right after ``_renew``, finds it ended."""
        if isinstance(exception, _RENEWALS):
            profile = _signed_in_profile(session.profile_name)
            raise self._end(exception, url, renewing=True, profile=profile) from exception

    def _refusal_of_sts(self, account_region: AccountRegion) -> Exception | None:
        """Return why STS does not take the credentials either, None where it does.

        It is asked in the account's and Region's Region and in those that are always enabled.
        """
        refusal: Exception | None = None
        regions_to_ask = (
            account_region.region,
            self._home.region,
            regions.home(account_region.region),
        )
        with self._asking:
            self._check()
            if time.monotonic() - self._good.get(account_region, float("-inf")) < GOOD_FOR:
                return None
            for region in dict.fromkeys(regions_to_ask):
                try:
                    self._sts(AccountRegion(account_region.account, region)).get_caller_identity()
                except (BotoCoreError, ClientError) as error:
                    if not _is_of_credentials(error):
                        return None  # not known, and so not said
                    refusal = refusal or error
                else:
                    self._good[account_region] = time.monotonic()
                    return None
            return refusal

    def _end(
        self, error: Exception, url: str, *, renewing: bool = False, profile: str = ""
    ) -> SignInError:
        if self._ended is None:
            code = errors.code(error.response) if isinstance(error, ClientError) else ""
            sure = renewing or code in errors.ENDED
            self._ended = ended(error, url, sure=sure, profile=profile)
        return self._ended


def ended(error: Exception, url: str, *, sure: bool, profile: str = "") -> SignInError:
    """Return what ends a command whose credentials are not taken, or cannot be had.

    ``sure`` where they must have been good before; ``url`` is where the call was going, and
    ``profile`` the profile of the AWS CLI that the credentials are of, if any.
    """
    why = " ".join(errors.describe(error).split()) or type(error).__name__
    why = why.rstrip(". ")
    if errors.blames_clock(why):
        return SignInError(_CLOCK, why, "set it right")
    cure = _signing_in(error, profile)
    if errors.is_local(url):
        cure = f"point this terminal to the local cloud anew with: {local_cloud.pointing()}"
    if isinstance(error, MissingDependencyException):
        return SignInError(_UNREADABLE, why, cure)
    if isinstance(error, NoCredentialsError):
        return SignInError(_NOT_SIGNED_IN, why, cure, is_missing=True)
    return SignInError(_ENDED if sure else _DOUBTED, why, cure)


def _signing_in(error: Exception, profile: str) -> str:
    """Return how to sign in: as a command, where the credentials are of a browser's sign-in.

    Those of ``aws login`` botocore reads with its extra ``crt`` alone; the AWS CLI reads them
    always (https://docs.aws.amazon.com/cli/latest/reference/configure/export-credentials.html).
    """
    named = f" --profile {shlex.quote(profile)}" if profile not in ("", "default") else ""
    if isinstance(error, SSOError | TokenRetrievalError):
        command = "aws sso login"
    elif isinstance(error, LoginError):
        command = "aws login"
    elif isinstance(error, MissingDependencyException):
        export = f"aws configure export-credentials --format env{named}"
        return f'let the AWS CLI read it with: eval "$({export})"'
    else:
        return "sign in"
    return f"sign in with: {command}{named}"


def _signed_in_profile(name: str) -> str:
    """Return the profile that somebody signs in with: that of a role may only name it."""
    try:
        profiles = botocore.session.get_session().full_config["profiles"]
    except BotoCoreError:  # which may be why nobody is signed in
        return name
    passed = {name}
    while "role_arn" in (profile := profiles.get(name, {})):
        source = profile.get("source_profile", name)
        if source in passed:
            break
        passed.add(source)
        name = source
    return name


def _get_credentials(session: boto3.Session) -> None:
    credentials = session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    credentials.get_frozen_credentials()


def _is_of_credentials(error: Exception) -> bool:
    if isinstance(error, ClientError):
        return errors.refuses_credentials(error.response)
    return not errors.is_passing(error)


def _ask_nobody_thrice(
    attempts: int, caught_exception: BaseException | None = None, **_: object
) -> None:
    """End the attempts of a call to where nobody is: a name that does not resolve never will."""
    if attempts > 1 and caught_exception is not None and errors.is_nowhere(caught_exception):
        raise caught_exception
