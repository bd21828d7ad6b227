"""``workshop cloud fault``: faults that the local cloud injects."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

import typer

from localcloud import process
from localcloud.errors import LocalCloudError
from workshop.cli import console
from workshop.cli.options import AsJson, StateDir
from workshop.errors import UsageError

app = typer.Typer(
    help="Faults of the local cloud: throttling, failures, lost answers, ...",
    no_args_is_help=True,
)


_PATH = "/_localcloud/faults"
_ABOUT = {"stuck": "noun", "handler": "type"}
"""Effect -> the member of its rule that says what it is about; else it is an operation."""
_NOT_SHOWN = ("effect", "operation", *_ABOUT.values(), "seen", "hits")


@app.command()
def add(
    effect: Annotated[
        str,
        typer.Argument(metavar="EFFECT", help="What goes wrong: see above.", show_default=False),
    ],
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[WHAT]",
            help="Which calls, as sagemaker:CreateTrainingJob, 's3:*' or '*' (names are those of "
            "the API), which kind of resource is stuck, or whose handler fails (AWS::IAM::Role).",
            show_default=False,
        ),
    ] = None,
    *,
    match: Annotated[
        str | None,
        typer.Option(metavar="GLOB", help="Only calls with a name or another value like this."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="GLOB", help="stuck: only resources of such names.")
    ] = None,
    status: Annotated[
        str | None, typer.Option(help="stuck: the status that stays; error: 500 or 503.")
    ] = None,
    code: Annotated[
        str | None,
        typer.Option(help="error, expired, keys, handler: which error code."),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            help="latency, short-lived: how long, in real time; stale: by the cloud's clock."
        ),
    ] = None,
    action: Annotated[
        str | None, typer.Option(help="handler: create (the default), update or delete.")
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(help="denied: identity (the default) or organization, as of a handler."),
    ] = None,
    instance_type: Annotated[
        str | None, typer.Option(metavar="GLOB", help="capacity: which types there are none of.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(metavar="GLOB", help="capacity: only in these zones, of EC2.")
    ] = None,
    times: Annotated[int | None, typer.Option(help="How often; else until cleared.")] = None,
    after: Annotated[int | None, typer.Option(help="How many go well first.")] = None,
    probability: Annotated[
        float | None, typer.Option(help="Which part of them goes wrong, such as 0.3.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="With a probability: the same seed, the same ones.")
    ] = None,
    account: Annotated[str | None, typer.Option(help="Only in this account.")] = None,
    region: Annotated[str | None, typer.Option(help="Only in this Region.")] = None,
    state_dir: StateDir = process.DEFAULT_STATE_DIR,
) -> None:
    """Let one more thing go wrong. Of several rules about a call, the first that applies decides.

    throttle: refuse calls as too many (ThrottlingException, SlowDown, ... as the service says it)

    error: the service fails (InternalFailure, ServiceUnavailable, ...)

    timeout: nothing is done and nothing answered, until the client gives up

    lost-answer: it is done, but nothing answered

    denied: no policy allows it

    expired: the caller's credentials are over, for all calls unless some are named

    not-offered: the service has no such operation in the Region

    conflict: another call changes the same at the moment (ConcurrentModification, OperationAborted)

    stale: for some seconds after a change calls answer as before it, and do not find what is new

    latency: it takes longer; the rules after it still apply

    keys: S3 leaves keys behind when it deletes many, and says so in an answer with status 200

    stuck: a SageMaker resource or an EC2 instance does not leave a status

    handler: a resource type's handler fails in a stack

    capacity: SageMaker or EC2 has no machine of an instance type

    short-lived: credentials that an SSO profile gets end after some seconds

    For example:

        workshop cloud fault add throttle sagemaker:CreateTrainingJob --times 5

        workshop cloud fault add error 'cloudformation:Describe*' --status 503 --probability 0.3

        workshop cloud fault add lost-answer sagemaker:CreateEndpoint --match 'ada-*' --times 1

        workshop cloud fault add expired --after 100

        workshop cloud fault add stale iam:GetRole --seconds 10

        workshop cloud fault add handler AWS::IAM::Role --code ResourceConflict --times 1

        workshop cloud fault add latency 's3:*' --seconds 0.5

        workshop cloud fault add keys --match 'checkpoints/*'

        workshop cloud fault add stuck Endpoint --name 'ada-*' --status Deleting

        workshop cloud fault add capacity --instance-type 'ml.g5.*'

        workshop cloud fault add capacity --instance-type 'g5.*' --zone us-east-1a --times 3

        workshop cloud fault add expired sso:GetRoleCredentials --after 1

        workshop cloud fault add short-lived --seconds 60
    """
    given = {
        "effect": effect,
        _ABOUT.get(effect, "operation"): what,
        "match": match,
        "name": name,
        "status": int(status) if status is not None and status.isdigit() else status,
        "code": code,
        "seconds": seconds,
        "action": action,
        "policy": policy,
        "instance_type": instance_type,
        "zone": zone,
        "times": times,
        "after": after,
        "probability": probability,
        "seed": seed,
        "account": account,
        "region": region,
    }
    rule = {option: value for option, value in given.items() if value is not None}
    _check(rule)
    rules = process.post(process.require(state_dir), _PATH, {"add": [rule]})["rules"]
    console.say(f"added: {' '.join(cell for cell in _cells(rules[-1])[:3] if cell)}")
    console.say(f"undo all faults with: {process.command('fault clear', state_dir)}")


@app.command("list")
def list_faults(
    *, state_dir: StateDir = process.DEFAULT_STATE_DIR, as_json: AsJson = False
) -> None:
    """List what goes wrong, and how often it did."""
    rules = process.post(process.require(state_dir), _PATH, {})["rules"]
    if as_json:
        console.print_json(rules)
        return
    if not rules:
        console.say("nothing is meant to go wrong")
        return
    table = console.table("effect", "what", "options", "seen", "hits", right=("seen", "hits"))
    for rule in rules:
        table.add_row(*_cells(rule))
    console.print_table(table)


@app.command()
def clear(state_dir: StateDir = process.DEFAULT_STATE_DIR) -> None:
    """Let all go well again; requests that got no answer are refused."""
    process.set_faults(process.require(state_dir))
    console.say("nothing is meant to go wrong any more")


def _check(rule: dict[str, Any]) -> None:
    # Here: its models take a tenth of a second, which other commands have no use for.
    from localcloud.faults import rules  # noqa: PLC0415

    try:
        rules.change({"add": [rule]})
    except LocalCloudError as error:
        raise UsageError(str(error).removeprefix("rule 1: ")) from None


def _cells(rule: dict[str, Any]) -> tuple[str, ...]:
    """Return the row of a rule: effect, what it is about, its options as typed, its counts."""
    options = [
        f"--{name.replace('_', '-')} {shlex.quote(str(value))}"
        for name, value in rule.items()
        if name not in _NOT_SHOWN
    ]
    calls = rule.get(_ABOUT.get(rule["effect"], "operation"), "")
    return rule["effect"], calls, " ".join(options), str(rule["seen"]), str(rule["hits"])
