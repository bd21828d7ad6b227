"""``workshop rehearse``: a workshop's notebooks, run as a seat on the local cloud."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workshop.cli import (
    completion,
    console,
    one_run,
    rehearse_cloud,
    rehearse_here,
    rehearse_on_aws,
    rehearse_view,
)
from workshop.cli.context import opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.counting import count_of
from workshop.environments import loader
from workshop.errors import UsageError
from workshop.rehearse import content, enclosed
from workshop.rehearse.rehearsal import TimeLimits

CELL_SECONDS = 60.0
MINUTES = 5.0


def rehearse(
    *,
    env: Env,
    source: Annotated[
        Path,
        typer.Option("--content", metavar="DIR", help="The workshop's content: its notebooks."),
    ],
    seat: Annotated[
        str | None,
        typer.Option(
            "--seat",
            metavar="ID",
            help="As this seat.",
            show_default="the first of the profile that most have",
            autocompletion=completion.one_seat,
        ),
    ] = None,
    notebook: Annotated[
        list[str] | None,
        typer.Option("--notebook", metavar="GLOB", help="These notebooks alone; repeatable."),
    ] = None,
    replacing: Annotated[
        list[str] | None,
        typer.Option(
            "--replace",
            metavar="TEXT=NEW",
            help="Put NEW, such as $WORKSHOP_BUCKET, in place of an author's TEXT; repeatable.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="Put these files into the seat's bucket first, under their paths.",
            show_default="a file below each prefix of the bucket",
        ),
    ] = None,
    made_up_data: Annotated[
        bool,
        typer.Option(
            "--made-up-data", help="Make up what is read of other accounts' buckets; fetch nothing."
        ),
    ] = False,
    sdk: Annotated[
        str | None,
        typer.Option(
            "--sdk",
            metavar="RELEASE",
            help="The SageMaker Python SDK: 2, 3, a release such as 2.125.0, or none.",
            show_default="what the notebooks pin or import",
        ),
    ] = None,
    cell_seconds: Annotated[
        float | None,
        typer.Option(
            "--cell-seconds",
            min=1,
            help="A cell may take so long.",
            show_default="60; 1800 on AWS",
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            "--minutes",
            min=0.1,
            help="All cells together may take so long.",
            show_default="5; 60 on AWS",
        ),
    ] = None,
    agreed: Annotated[
        bool, typer.Option("--run", help="Run the content's code without asking.")
    ] = False,
    unconfined: Annotated[
        bool,
        typer.Option(
            "--unconfined",
            help="Where this machine cannot lock the code away, run it as you, with all you have.",
        ),
    ] = False,
    on_aws: Annotated[
        bool,
        typer.Option(
            "--on-aws",
            help="On the seat's own notebook on AWS, where nothing is played: for money.",
        ),
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the rehearsal's cloud running for the next one.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every cell, not only those that call AWS or fail.")
    ] = False,
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Run a workshop's notebooks as a seat on a local cloud, and say what each cell may not.

    The seat is deployed to a local cloud of its own that enforces IAM; no AWS account is asked.
    SageMaker's side is played: no image is pulled and nothing is trained, jobs end within a second,
    waits and sleeps of the code go fifty times as fast. The notebooks are copied, never changed,
    and run in the order of their names; a cell that fails stops no other. The exit code is 1 if
    any is denied or fails.

    With --on-aws the seat's notebook has to run; its agent runs the labs there, for real and for
    money, and nothing is run on this machine. What they make stays until it is deleted.

    Otherwise this runs the content's code. It gets the seat's local credentials, a home, a
    temporary folder and a Python of its own, and where Linux gives namespaces to users it sees
    nothing else of this machine: no files, no processes, and of the network public web servers
    alone.

    For example:

        workshop rehearse -e dev --content labs

        workshop rehearse -e dev --content labs --notebook 'lab1*' --run --json

        workshop rehearse -e dev --content labs --replace 'your-bucket-name=$WORKSHOP_BUCKET'

        workshop rehearse -e dev --content labs --notebook 'lab1*' --on-aws --seat ada
    """
    one_run.end_with_terminal()
    loaded = loader.load(env, config_dir)
    (chosen,) = loaded.chosen([seat]) if seat else [_usual(loaded)]
    notebooks = content.notebooks(source, notebook or ())
    replaced = dict(map(_replacement, replacing or ()))
    if on_aws:
        here = {
            "--data": data,
            "--made-up-data": made_up_data,
            "--sdk": sdk,
            "--unconfined": unconfined,
            "--keep": keep,
        }
        if given := next((option for option, value in here.items() if value), ""):
            raise UsageError(f"{given} is for the local cloud; leave it out with --on-aws")
        pace = TimeLimits(
            cell_seconds or rehearse_on_aws.CELL_SECONDS,
            60 * (minutes or rehearse_on_aws.MINUTES),
        )
        rehearse_on_aws.rehearse(
            opened(env, config_dir, only=chosen.id),
            source,
            notebooks,
            replaced,
            pace,
            agreed=agreed,
            as_json=as_json,
            everything=everything,
        )
        return
    confined = enclosed.require(unconfined=unconfined)
    _agree(source, len(notebooks), confined=confined, agreed=agreed)
    wanted = rehearse_here.LocalRehearsal(
        source,
        notebooks,
        _sdk(sdk, content.code(source, notebooks)),
        loaded.settings.profiles[chosen.profile].notebook.packages,
        TimeLimits(cell_seconds or CELL_SECONDS, 60 * (minutes or MINUTES)),
        confined,
        replaced,
        data,
        not made_up_data,
    )
    with rehearse_cloud.running(loaded, chosen, keep=keep) as running:
        outcomes, events = rehearse_view.follow(
            rehearse_here.run(loaded, chosen, running, wanted), wanted.notebooks
        )
    if as_json:
        console.print_json(rehearse_view.document(outcomes, events, wanted.sdk))
    else:
        rehearse_view.show(outcomes, events, everything=everything)
        console.say(
            "played: waits and sleeps went 50 times as fast, jobs ended at once, docker built"
            " nothing"
        )
    rehearse_view.judge(outcomes, events)


def _usual(loaded: LoadedEnvironment) -> Seat:
    """Return the first seat of the profile that most have."""
    profiles = [seat.profile for seat in loaded.seats]
    if not profiles:
        raise UsageError(f"nobody is on the roster of {loaded.name}; add a row to rehearse as")
    usual = max(dict.fromkeys(profiles), key=profiles.count)
    return next(seat for seat in loaded.seats if seat.profile == usual)


def _replacement(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not old or not equals:
        raise UsageError(f"'{text}' is not of the form --replace TEXT=NEW")
    return old, new


def _sdk(asked: str | None, code: str) -> str:
    match asked:
        case None:
            return content.sdk(code)
        case "none":
            return ""
        case "2" | "3":
            return f"sagemaker>={asked},<{int(asked) + 1}"
    return f"sagemaker=={asked}"


def _agree(source: Path, count: int, *, confined: bool, agreed: bool) -> None:
    """Say whose code runs and what it can reach; raise GuardError unless somebody agrees."""
    code = f"the code of {count_of(count, 'notebook')} in {source}"
    if confined:
        console.say(
            f"this runs {code}, locked away: it sees a home, a temporary folder and a Python of its"
            " own, the seat's credentials for the local cloud, and public web servers; not your"
            " files, ~/.aws, ssh-agent, git credentials, this folder or your network"
        )
    else:
        console.warn(
            f"this runs {code} as you: it has a home, a temporary folder, variables and a Python of"
            " its own, but this machine does not keep it from your files, ~/.aws, ssh keys, git"
            " credentials, this folder and your network"
        )
    if not agreed:
        rehearse_view.agree()
