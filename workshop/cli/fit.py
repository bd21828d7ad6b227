"""``workshop fit``: what a workshop's labs need, and the smallest profile that runs them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from workshop import events
from workshop.cli import completion, console, new_file
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, profiles
from workshop.config import command_line, rules
from workshop.config.environment import LoadedEnvironment
from workshop.config.models import DEFAULT_PROFILE
from workshop.counting import count_of
from workshop.environments import loader
from workshop.errors import ConfigError, UsageError, WorkshopError
from workshop.files import shown
from workshop.fit import checkout, content, labs
from workshop.fit import environment as environments
from workshop.fit.calls import LabFindings
from workshop.fit.checkout import Checkout
from workshop.fit.content import LabContent
from workshop.fit.environment import NewEnvironment
from workshop.fit.needs import Labs
from workshop.fit.profile_text import profile_text
from workshop.fit.remarks import where
from workshop.fit.report import FitReport
from workshop.pricing import kept

Source = Annotated[
    str,
    typer.Argument(
        metavar="REPO|DIR",
        help="The labs: a folder, owner/name on GitHub, or the address of a git repository.",
        show_default=False,
    ),
]


def fit(
    source: Source,
    *,
    env: Annotated[
        str,
        typer.Option(
            "--env",
            "-e",
            metavar="NAME",
            help="The environment: config/NAME.yaml, which is written where it is not there.",
            show_default=False,
            autocompletion=completion.environments,
        ),
    ],
    ref: Annotated[
        str | None,
        typer.Option("--ref", metavar="REF", help="A branch, tag or commit of the repository."),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="NAME",
            help="The profile, of an environment there is.",
            autocompletion=completion.profiles,
        ),
    ] = None,
    account: Annotated[
        str | None,
        typer.Option(
            "--account", metavar="ID", help="The AWS account's 12 digits, of a new environment."
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            "--region",
            metavar="CODE",
            help="The AWS Region, of a new environment.",
            show_default="the one that the labs name most, else eu-west-1",
        ),
    ] = None,
    seats: Annotated[
        int,
        typer.Option("--seats", min=1, max=2000, help="How many come, of a new environment."),
    ] = 20,
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Read a workshop's labs, and write the smallest profile of which a seat runs them.

    Notebooks, programs and shell scripts are read, and never run; nothing is asked of AWS. What is
    found are the calls of AWS, instance types, buckets, images, releases of the SageMaker SDK and
    quotas. The profile's own policies are then asked about every call: what they deny is told with
    the reason. An environment that is there stays as it is: what it lacks is printed, to be pasted.
    A repository is cloned with your git into a folder that is removed again.

    For example:

        workshop fit aws-samples/sagemaker-101-workshop -e labs --account 111122223333

        workshop fit ./labs -e dev --profile attendee
    """
    is_there = env in loader.known(config_dir)
    if not is_there:
        _check_new(env, account, region)
    elif account or region:
        raise UsageError(
            f"{shown(config_dir / env)}.yaml is there and says its account and Region; leave"
            " '--account' and '--region' out"
        )
    elif profile is None:
        profile = loader.load(env, config_dir).settings.roster.profile
    with checkout.opened(source, ref) as found:
        read = content.read_folder(found.folder)
        asked = labs.read(read)
    if not read.files:
        raise WorkshopError(
            f"{found.title} holds no notebook, program or script; name the folder that does"
        )
    kept.use(env)
    written: Path | None = None
    warnings: tuple[str, ...] = ()
    if is_there:
        loaded = loader.load(env, config_dir)
        (name,) = profiles(loaded, profile)
        report = _report(loaded, name, found, read, asked, keeps=True)
        text = profile_text(name, report.fitting.settings)
    else:
        if profile is not None:
            raise UsageError("'--profile' is for an environment that is there; leave it out")
        new = NewEnvironment(env, region or _usual_region(asked), account, seats, events.now())
        loaded = new.loaded(f"  {DEFAULT_PROFILE}: {{}}\n")
        report = _report(loaded, DEFAULT_PROFILE, found, read, asked, keeps=False)
        text = environments.new_text(new, report)
        warnings = _passes(new, text)
        written = config_dir / f"{env}.yaml"
        new_file.write(written, text)
    if as_json:
        made = {"environment": env, "written": written and shown(written), "yaml": text}
        console.print_json({**report.document(), **made})
        return
    _print(report)
    for warning in warnings:
        console.warn(warning)
    if written is None:
        _print_what_is_missing(loaded, report, text)
    else:
        console.print_line()
        console.print_line(f"wrote {shown(written)}")
        _next_steps(written, env, config_dir, account, _rehearsal(source, report))


def _usual_region(found: LabFindings) -> str:
    """Return the Region that labs name in most places: a seat may use no other."""
    named = Counter(detail for kind, detail, _ in found.facts if kind in ("region", "image"))
    known = [name for name, _ in named.most_common() if rules.REGION.holds(name)]
    return known[0] if known else "eu-west-1"


def _rehearsal(source: str, report: FitReport) -> tuple[str, ...]:
    """Return the options of the rehearsal that fills in what labs leave to fill in."""
    folder = source if Path(source).is_dir() else "FOLDER"
    filled = [f"{old}={new}" for old, new in report.replacements.items()]
    return ("--content", folder, *(word for each in filled for word in ("--replace", each)))


def _check_new(env: str, account: str | None, region: str | None) -> None:
    for text, rule in ((env, rules.WORKSHOP), (account, rules.ACCOUNT), (region, rules.REGION)):
        if text is not None and not rule.holds(text):
            raise UsageError(f"{text!r} {rule.message}")


def _report(
    loaded: LoadedEnvironment,
    name: str,
    source: Checkout,
    read: LabContent,
    found: LabFindings,
    *,
    keeps: bool,
) -> FitReport:
    settings = loaded.settings
    needed = Labs(
        found, settings.region, settings.profiles[name], keeps, source.address, source.branch
    )
    fitting = environments.fitted(loaded, name, needed)
    return FitReport(
        source.title,
        read,
        found,
        fitting,
        settings.region,
        sum(seat.profile == name for seat in loaded.seats),
        environments.expected(loaded, name, fitting),
    )


def _passes(new: NewEnvironment, text: str) -> tuple[str, ...]:
    """Return what ``check`` warns of in the file; raise WorkshopError where it would refuse it."""
    try:
        return new.loaded(text.partition("\nprofiles:\n")[2]).warnings
    except ConfigError as error:
        raise WorkshopError(
            "these labs together take more than one profile can hold; fit a folder of them at a"
            f" time: {'; '.join(error.lines())}"
        ) from None


def _print(report: FitReport) -> None:
    kinds = [file.kind for file in report.content.files]
    books, others = kinds.count("notebook"), len(kinds) - kinds.count("notebook")
    fitting = report.fitting
    calling = len(fitting.calling_cells)
    runs = calling - len(fitting.denied_cells)
    console.print_line(
        f"{report.title}: {count_of(books, 'notebook')}, {count_of(others, 'other file')}"
    )
    console.print_line(
        f"{count_of(calling, 'cell')} and programs call AWS; all that they ask for is allowed in"
        f" {runs:,} of them"
    )
    _print_machines(report)
    for title, names in (
        ("buckets of others", report.buckets),
        ("SageMaker SDK", report.of_facts("release")),
        ("images of Regions", report.of_facts("image")),
    ):
        if names:
            console.print_line(f"{title}: {', '.join(names)}")
    closed = [
        f"{', '.join(each.actions)}: {each.reason} ({where(each.places)})" for each in report.closed
    ]
    edits = [f"{each.text} ({where(each.places)})" for each in report.remarks]
    left_out = [f"{path}: {why}" for path, why in report.content.left_out]
    for title, lines in (("stays closed", closed), ("to edit", edits), ("not read", left_out)):
        if lines:
            console.print_line()
            console.print_line(f"{title}:")
            for line in lines:
                console.print_line(f"- {line}")
    if report.estimate is not None:
        console.print_line()
        console.print_line(report.estimate.line)


def _print_machines(report: FitReport) -> None:
    if not report.machines:
        return
    table = console.table(
        "instance type", "for", "at once", "USD an hour", f"quota for {report.seats}", "its name",
        right=("at once", "USD an hour", f"quota for {report.seats}"),
    )  # fmt: skip
    for each in report.machines:
        use = f"{each.use}, spot" if each.spot else each.use
        cells = (each.instance_type, use, str(each.most), str(each.hourly), str(each.needed))
        table.add_row(*cells, each.quota)
    console.print_line()
    console.print_table(table)
    console.print_line()


def _print_what_is_missing(loaded: LoadedEnvironment, report: FitReport, text: str) -> None:
    console.print_line()
    path = shown(loaded.path)
    if not report.fitting.settings:
        console.print_line(f"{path} has all keys that they need")
        return
    console.print_line(f"put these keys into {path}, in the place of those that are there:")
    console.print_line()
    console.print_text(text)


def _next_steps(
    path: Path, env: str, config_dir: Path, account: str | None, rehearsal: tuple[str, ...]
) -> None:
    steps = [
        *([] if account else [f"write your account's 12 digits into {shown(path)}"]),
        f"set start and end in {shown(path)}, and who comes",
        f"check it:  {command_line.command('check', env, config_dir)}",
        f"rehearse it:  {command_line.command('rehearse', env, config_dir, *rehearsal)}",
    ]
    console.say_next(steps)
