"""Whether the users and roles exist that a profile's console role trusts.

IAM takes no trust policy with a user or role that does not exist, so that every seat would fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable
from workshop.config import yaml_document
from workshop.config.diagnostics import dotted
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.preflight.checks import Check, CheckState, unknown

SUBJECT = "trusted principals"


@dataclass(frozen=True)
class TrustedPrincipal:
    """A user or role by its ARN, and where the YAML names it."""

    arn: str
    path: tuple[str | int, ...]

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]


def named(loaded: LoadedEnvironment, seats: Iterable[Seat]) -> tuple[TrustedPrincipal, ...]:
    """Return the users and roles that the profiles of these seats trust, each once."""
    found: dict[str, TrustedPrincipal] = {}
    for profile in dict.fromkeys(seat.profile for seat in seats):
        access = loaded.settings.profiles[profile].access
        for key in ("console_principals", "console_organisers"):
            for number, arn in enumerate(getattr(access, key)):
                path = ("profiles", profile, "access", key, number)
                if not arn.endswith(":root"):
                    found.setdefault(arn, TrustedPrincipal(arn, path))
    return tuple(found.values())


def existing(clients: Clients, account_region: AccountRegion, arn: str) -> str:
    """Return the ARN of the user or role that has the name in ``arn``, empty if there is none."""
    iam = clients.client("iam", account_region)
    kind, _, path = arn.split(":", 5)[5].partition("/")
    name = path.rpartition("/")[2]
    with errors.gone_is_fine():
        if kind == "user":
            return str(iam.get_user(UserName=name)["User"]["Arn"])
        return str(iam.get_role(RoleName=name)["Role"]["Arn"])
    return ""


def checks(
    account_region: AccountRegion,
    file: Path,
    answers: Mapping[TrustedPrincipal, str | Unavailable | None],
) -> Iterator[Check]:
    """Yield failed for each that does not exist; ``answers`` has None where nobody could ask."""
    there = 0
    for principal, answer in answers.items():
        subject = principal.arn
        if answer is None:
            message = (
                f"it is in account {principal.account}, where nothing is asked; see that it exists,"
                " or every seat fails"
            )
            yield Check(account_region, subject, CheckState.WARNING, message)
        elif isinstance(answer, Unavailable):
            yield unknown(account_region, subject, answer.reason)
        elif answer == principal.arn:
            there += 1
        else:
            wrong = f"its ARN is {answer}" if answer else "there is no such user or role"
            message = f"{_where(file, principal)}: {wrong}; correct it, or make it first"
            yield Check(account_region, subject, CheckState.FAILED, message)
    if there:
        yield Check(account_region, SUBJECT, CheckState.OK, f"{there} exist")


def _where(file: Path, principal: TrustedPrincipal) -> str:
    line = yaml_document.parse(yaml_document.read(file)).line(principal.path)
    return f"{file}:{line}: {dotted(principal.path)}"
