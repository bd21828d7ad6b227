"""``workshop check``: whether the configuration is right, and what it will make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from workshop import events
from workshop.bill import estimate
from workshop.bill.estimate import Estimate
from workshop.cli import console
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env
from workshop.config.environment import LoadedEnvironment
from workshop.counting import count_of
from workshop.environments import dates, loader
from workshop.environments.resource_summary import (
    EqualMachines,
    PolicySummary,
    ProfileSummary,
    ResourceSummary,
    summarize,
)
from workshop.files import shown
from workshop.policies import layout
from workshop.pricing import kept


def check(*, env: Env, config_dir: ConfigDir = CONFIG_DIR, as_json: AsJson = False) -> None:
    """Check an environment and its roster, and show what will be made.

    Nothing is asked of AWS. All mistakes are shown at once, each with its file, line and cure.

    For example:

        workshop check -e dev

        workshop check -e prod --json | jq .totals
    """
    loaded = loader.load(env, config_dir)
    kept.use(loaded.name)
    counted = summarize(loaded)
    expected = estimate.estimate(loaded, loaded.seats)
    if as_json:
        console.print_json(_document(loaded, counted, expected))
    else:
        _print(loaded, counted)
        if expected is not None:
            console.print_line()
            console.print_line(expected.line)
    for warning in (*loaded.warnings, *loaded.remarks):
        console.warn(warning)


def _document(
    loaded: LoadedEnvironment, counted: ResourceSummary, expected: Estimate | None
) -> dict[str, object]:
    settings = loaded.settings
    return {
        "environment": loaded.name,
        "path": shown(loaded.path),
        "workshop": settings.workshop,
        "title": settings.title,
        "account": settings.account,
        "region": settings.region,
        "start": settings.start.isoformat(),
        "end": settings.end.isoformat(),
        "profiles": [asdict(profile) for profile in counted.profiles],
        "totals": asdict(counted.totals),
        "policies": {
            **asdict(counted.policies),
            "most_attachments": layout.ATTACHMENTS,
            "most_in_account": layout.POLICIES_PER_ACCOUNT,
        },
        "days": dates.days(settings),
        "estimate": expected and expected.document(),
        "warnings": [*loaded.warnings, *loaded.remarks],
    }


def _print(loaded: LoadedEnvironment, counted: ResourceSummary) -> None:
    settings = loaded.settings
    title = f": {settings.title}" if settings.title else ""
    console.print_line(f"{settings.workshop}{title}")
    console.print_line(f"account {settings.account}, {settings.region}")
    console.print_line(dates.sentence(settings, events.now()))
    console.print_line()

    numbers = ("seats", "stacks", "buckets", "repositories")
    totals = counted.totals
    which = ["EC2 instances"] if totals.boxes else []
    table = console.table("profile", *numbers, "notebooks", *which, right=numbers)
    for profile in counted.profiles:
        boxes = [_machines(profile.boxes)] if which else []
        table.add_row(profile.profile, *_numbers(profile), _machines(profile.notebooks), *boxes)
    if totals.cohorts:
        # The cohort's stack and the watch's have a bucket each.
        stacks, buckets = len(settings.cohort_stacks) * totals.cohorts, 2 * totals.cohorts
        table.add_row("cohort", "", str(stacks), str(buckets), "", "", *[""] * len(which))
    table.add_row(
        "total",
        str(totals.seats),
        str(totals.stacks),
        str(totals.buckets),
        str(totals.repositories),
        f"{totals.notebooks}, {totals.volume_gb} GB",
        *([f"{totals.boxes}, {totals.box_volume_gb} GB"] if which else []),
        style="bold",
    )
    console.print_table(table)
    console.print_line()
    roles, dashboards = count_of(totals.roles, "role"), count_of(totals.dashboards, "dashboard")
    console.print_line(f"besides {roles} and {dashboards}")
    console.print_line()
    _print_policies(counted.policies)


def _print_policies(counted: PolicySummary) -> None:
    """Print the sizes and counts beside what IAM takes."""
    table = console.table("policy", "characters", "of", right=("characters", "of"))
    for policy in counted.sizes:
        table.add_row(policy.name, f"{policy.characters:,}", f"{policy.limit:,}")
    console.print_table(table)
    attached = ", ".join(f"{name} {count}" for name, count in counted.attachments.items())
    console.print_line()
    console.print_line(
        f"on each role, of {layout.ATTACHMENTS} (the tenth is for a teardown): {attached}"
    )
    console.print_line(f"in an account, of {layout.POLICIES_PER_ACCOUNT:,}: {counted.in_account}")


def _numbers(profile: ProfileSummary) -> list[str]:
    counts = (profile.seats, profile.stacks, profile.buckets, profile.repositories)
    return [str(count) for count in counts]


def _machines(kinds: Sequence[EqualMachines]) -> str:
    return ", ".join(f"{kind.count} x {kind.instance_type} {kind.volume_gb} GB" for kind in kinds)
