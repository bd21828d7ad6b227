"""``workshop access``: who may do what, asked of the policies without AWS."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Annotated

import typer

from workshop.access import matrix, query
from workshop.access.permissions import (
    BOUNDARY,
    OTHER_SIDE,
    AccessQuestion,
    EffectivePermissions,
    cell,
    console_cell,
)
from workshop.aws import regions
from workshop.cli import completion, console
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env, OfProfile, SeatId, profiles
from workshop.config.environment import LoadedEnvironment
from workshop.config.profiles import Profile
from workshop.counting import count_of
from workshop.environments import loader
from workshop.errors import WorkshopError
from workshop.naming import ALONE, END, Names
from workshop.policies import layout, people, trust
from workshop.policies.freeze import end_policy

app = typer.Typer(
    help="Who may do what: the policies of a seat, asked without AWS.", no_args_is_help=True
)


@dataclass(frozen=True)
class AccessRow:
    """One case of the matrix; ``by`` names the document and the statement that decided."""

    profile: str
    seat: str
    about: str
    action: str
    allowed: bool
    as_expected: bool
    by: str


_OWNER = "aws:ResourceAccount"
_STRANGERS = ("888877776666", "777766665555")
"""Accounts of a profile that no seat has."""


@app.command()
def show(seat: SeatId, *, env: Env, config_dir: ConfigDir = CONFIG_DIR) -> None:
    """Print the documents that decide what one seat may do, as JSON.

    They are those of the role, the boundary over it, who may take it on, and the policy for people
    who open the seat's notebook; where the profile has a console role, also what that one has
    beside the role's, and who may take it on.
    """
    loaded = loader.load(env, config_dir)
    profile, asked = _cell(loaded, seat)
    access = profile.access
    document: dict[str, object] = {
        "role": asked.names.role_arn,
        "mode": access.mode,
        "managed_policies": list(trust.managed_policy_arns(asked.names))
        if access.mode == "managed"
        else [],
        "policies": {
            **{part: made for part, made in asked.documents.items() if part != "managed"},
            END: end_policy(
                loaded.settings.end, layout.ending_actions(loaded.settings.profiles.values())
            ),
        },
        BOUNDARY: asked.boundary,
        "trust": trust.trust_policy(asked.names, has_box=profile.has_box),
        "people": people.people_policy(
            asked.names, has_notebook=profile.has_notebook, has_box=profile.has_box
        ),
    }
    if access.has_console:
        document["console"] = {
            "role": asked.names.console_role_arn,
            "policies": {layout.CONSOLE: people.console_policy()},
            "trust": people.console_trust_policy(
                asked.names,
                principals=access.console_principals,
                organisers=access.console_organisers,
                alone=loaded.settings.accounts.are_own,
            ),
        }
    console.print_json(document)


@app.command()
def explain(
    seat: SeatId,
    action: Annotated[str, typer.Argument(help="Such as sagemaker:CreateTrainingJob.")],
    resource: Annotated[str, typer.Argument(help="The ARN it is done to.")] = "*",
    *,
    env: Env,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            "--tag",
            metavar="KEY=VALUE",
            help="A tag: of the request where something is made, else of the resource.",
        ),
    ] = None,
    instance_type: Annotated[
        list[str] | None, typer.Option(metavar="TYPE", help="An instance type asked for.")
    ] = None,
    context: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Any other condition key of the request."),
    ] = None,
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    r"""Say whether a seat may do something, and which statement decides.

    For example:

        workshop access explain ada sagemaker:CreateTrainingJob -e dev \
            --tag attendee=ada --tag workshop=vision --instance-type ml.p5.48xlarge
    """
    loaded = loader.load(env, config_dir)
    profile, asked = _cell(loaded, seat)
    question = query.question(
        asked.names,
        action,
        resource,
        tags=tag or (),
        instance_types=instance_type or (),
        context=context or (),
    )
    if loaded.settings.accounts.are_own and (owner := _other_seats(loaded, asked.names, question)):
        keys = {key: value for key, value in question.context.items() if key != _OWNER}
        question = replace(question, context={**keys, _OWNER: owner}, shared=False)
    decision = asked.decide(question)
    if as_json:
        console.print_json(
            {
                "allowed": decision.allowed,
                "document": decision.document,
                "statement": decision.statement,
                "action": question.action,
                "resource": question.resource,
                "context": dict(question.context),
            }
        )
    else:
        console.print_line(str(decision))
    if profile.access.mode == "managed":
        console.warn(
            "the profile is managed: AWS's policies count as allowing everything here, and may"
            " allow less"
        )


@app.command("matrix")
def print_matrix(
    *,
    env: Env,
    profile: OfProfile = None,
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Print what a seat can do, and what it cannot do to a neighbour; 1 if the cell leaks.

    Two seats of each profile are asked, or a seat and a stranger where there is one alone. Where
    each seat has an account of its own, a neighbour's is what another account has by that name.
    """
    loaded = loader.load(env, config_dir)
    rows = [
        row
        for name in profiles(loaded, profile)
        for row in _rows(loaded, name, *_neighbours(loaded, name))
    ]
    if as_json:
        console.print_json([asdict(row) for row in rows])
    else:
        table = console.table("profile", "seat", "tries", "result", "by")
        for row in rows:
            result = "allowed" if row.allowed else "denied"
            mark = "" if row.as_expected else "  <- LEAK" if row.allowed else "  <- MISSING"
            table.add_row(row.profile, row.seat, row.about, result + mark, row.by)
        console.print_table(table)
    wrong = [row for row in rows if not row.as_expected]
    if wrong:
        cases = count_of(len(rows), "case")
        raise WorkshopError(f"not as they should be: {len(wrong)} of {cases}")
    console.say(f"{count_of(len(rows), 'case')}, all as they should be")


@app.command("permission-set")
def permission_set(
    *,
    env: Env,
    profile: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="The profile to write it for.",
            autocompletion=completion.profiles,
        ),
    ],
    config_dir: ConfigDir = CONFIG_DIR,
) -> None:
    """Print a permission set of IAM Identity Center for everybody of a profile, as JSON.

    One set serves all seats: whoever signs in is told apart by the attribute ``attendee``, which
    has to be passed as an attribute for access control. It names the cohort's boundary, which has
    to be deployed before the set is assigned, and put on the set: without it the cell is open.
    """
    loaded = loader.load(env, config_dir)
    (name,) = profiles(loaded, profile)
    settings = loaded.settings
    section = settings.profiles[name]
    made = people.permission_set(
        regions.placed(Names(settings.workshop, "", settings.account, settings.region)),
        profile=name,
        parts=layout.attached(name, section),
        managed=section.access.mode == "managed",
    )
    console.print_json(made)


def _cell(loaded: LoadedEnvironment, seat_id: str) -> tuple[Profile, EffectivePermissions]:
    (seat,) = loaded.chosen([seat_id])
    profile = loaded.settings.profiles[seat.profile]
    return profile, cell(regions.placed(loaded.names(seat)), profile, loaded.settings)


def _other_seats(loaded: LoadedEnvironment, names: Names, question: AccessQuestion) -> str:
    """Return the account of another seat that the resource is in, or nothing.

    None of these shares anything. Names of buckets tell the account between hyphens.
    """
    *_, account, name = ["", "", *question.resource.split(":", 5)]
    others = {seat.account for seat in loaded.seats} - {names.account}
    return next(
        (account_id for account_id in others if account_id == account or f"-{account_id}-" in name),
        "",
    )


def _neighbours(loaded: LoadedEnvironment, profile: str) -> tuple[tuple[str, Names], Names]:
    """Return a seat of the profile, with its id, and another one."""
    settings = loaded.settings
    some = [seat for seat in loaded.seats if seat.profile == profile][:2]
    # A stranger whose id begins with the other's: where a pattern is careless, it shows.
    ids = [*(seat.id for seat in some), *("me", "neighbour")[len(some) :]]
    if settings.accounts.are_own:
        # To AWS all have one name, each in another account.
        accounts = [*(seat.account for seat in some), *_STRANGERS[len(some) :]]
        pair = [(ALONE, account) for account in accounts]
    else:
        pair = [(seat_id, settings.account) for seat_id in ids]
    first, second = (
        regions.placed(Names(settings.workshop, attendee, account, settings.region))
        for attendee, account in pair
    )
    return (ids[0], first), second


def _rows(
    loaded: LoadedEnvironment, profile_name: str, seat: tuple[str, Names], other: Names
) -> list[AccessRow]:
    seat_id, me = seat
    profile = loaded.settings.profiles[profile_name]
    asked = cell(me, profile, loaded.settings)
    rows: list[AccessRow] = []
    own = loaded.settings.accounts.are_own
    tried = [
        (asked, True, matrix.allowed(profile, own_account=own)),
        (asked, False, matrix.denied(profile, own_account=own)),
    ]
    if profile.access.has_console:
        tried.append((console_cell(me, profile, loaded.settings), True, matrix.console()))
    for role, expected, some in tried:
        for case in some:
            decision = role.decide(case.question(me, other))
            by = f"{decision.document}: {decision.statement}" if decision.statement else "nothing"
            if decision.document == OTHER_SIDE:
                by = decision.by
            rows.append(
                AccessRow(
                    profile=profile_name,
                    seat=seat_id,
                    about=case.about,
                    action=case.action,
                    allowed=decision.allowed,
                    as_expected=decision.allowed is expected,
                    by=by,
                )
            )
    return rows
