"""What is wrong, or worth a warning, in an environment whose files are sound by themselves.

Here are the rules that need more than one file: IAM's and CloudFormation's limits, what policies
never open, and what an opening means.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from workshop import naming
from workshop.config import instance_types
from workshop.config.diagnostics import Diagnostic, not_known
from workshop.config.instance_types import Use, known_regions
from workshop.config.models import Environment
from workshop.config.profiles import CREATABLE_PLATFORM, Profile
from workshop.config.roster import Seat
from workshop.config.yaml_document import Document
from workshop.counting import count_of
from workshop.environments import boxes, iam_rules
from workshop.naming import Names
from workshop.policies import layout
from workshop.policies.documents import Statement
from workshop.policies.extra import making, refused, still_denied, summarize_statement
from workshop.pricing import caps, prices

_EMAIL = re.compile(r"[^\s@:=/]+@[^\s@:=/]+\.[A-Za-z]{2,}")

SCALING_SERVICE = "sagemaker.application-autoscaling.amazonaws.com"
"""Who changes the size of endpoints for Application Auto Scaling."""
STACKS_PER_REGION = 2000
"""CloudFormation's quota of stacks in one account and Region."""


def diagnostics(
    document: Document, settings: Environment, seats: Sequence[Seat]
) -> Iterator[Diagnostic]:
    """Yield what AWS would refuse, or what has to stay closed."""
    yield from _too_many_stacks(document.line(("roster",)), settings, seats)
    yield from _never_opened(document, settings)
    yield from _not_on_the_platform(document, settings, seats)
    names = Names.placeholders(settings.workshop)
    policies = layout.sizes(names, settings.profiles, end=settings.end, tag_keys=settings.tags)
    yield from _too_much_policy(document, settings, policies)
    yield from _too_large_cohort(document, settings, policies)
    yield from _without_price(document, settings, seats)
    yield from _too_long_script(document, settings)
    yield from iam_rules.diagnostics(document, settings, seats)


def _too_many_stacks(
    line: int, settings: Environment, seats: Sequence[Seat]
) -> Iterator[Diagnostic]:
    shared = len(settings.cohort_stacks)
    of_seats: dict[tuple[str, str], list[int]] = {}
    for seat in seats:
        count = len(settings.profiles[seat.profile].stacks)
        of_seats.setdefault((seat.account, seat.region), []).append(count)
    for (account, region), counts in sorted(of_seats.items()):
        stacks = sum(counts) + shared
        if stacks > STACKS_PER_REGION:
            most = (STACKS_PER_REGION - shared) // max(counts)
            message = (
                f"{count_of(len(counts), 'seat')} in {account} {region} are"
                f" {count_of(stacks, 'stack')}, and CloudFormation holds {STACKS_PER_REGION} in a"
                f" Region; keep to {count_of(most, 'seat')} there, and give others another account"
                " or region"
            )
            yield Diagnostic(line, ("roster",), message)


def _never_opened(document: Document, settings: Environment) -> Iterator[Diagnostic]:
    """Extra statements that would open what has to stay closed."""
    boxes = any(profile.has_box for profile in settings.profiles.values())
    for profile, section in settings.profiles.items():
        for number, extra in enumerate(section.access.extra_statements):
            place = ("profiles", profile, "access", "extra_statements", number)
            for message in refused(extra, boxes=boxes):
                yield Diagnostic(document.line(place), place, message)


def _not_on_the_platform(
    document: Document, settings: Environment, seats: Sequence[Seat]
) -> Iterator[Diagnostic]:
    """Notebooks of families that the platform does not have."""

    def mistake(place: tuple[str | int, ...], instance_type: str) -> Iterator[Diagnostic]:
        family = instance_types.family(instance_type)
        if family in instance_types.WITHOUT_PLATFORM:
            message = (
                f"{instance_type!r} cannot be a notebook: {CREATABLE_PLATFORM} does not run on"
                f" {family}; use another family, such as 'ml.g4dn.xlarge' for a GPU"
            )
            yield Diagnostic(document.line(place), place, message)

    for name, profile in settings.profiles.items():
        if not profile.has_notebook:
            continue
        where = ("profiles", name, "notebook")
        yield from mistake((*where, "instance_type"), profile.notebook.instance_type)
        for number, type_name in enumerate(profile.notebook.fallback_instance_types):
            yield from mistake((*where, "fallback_instance_types", number), type_name)
    of_profiles = {profile.notebook.instance_type for profile in settings.profiles.values()}
    for type_name in sorted({seat.instance_type for seat in seats} - of_profiles - {""}):
        yield from mistake(("roster",), type_name)


def _too_much_policy(
    document: Document, settings: Environment, policies: Sequence[layout.PolicySize]
) -> Iterator[Diagnostic]:
    """Policies that IAM would refuse, each with what makes it as large as it is."""
    for policy in policies:
        if policy.characters <= policy.limit:
            continue
        profile, _, part = policy.name.partition("-")
        place = ("profiles", profile, "access") if part else ("profiles",)
        message = (
            f"the policy {policy.name} has {policy.characters:,} characters and IAM takes"
            f" {policy.limit:,}; {layout.cure(part or profile)}"
        )
        yield Diagnostic(document.line(place), place, message)
    for name, profile_settings in settings.profiles.items():
        count = layout.attachments(name, profile_settings)
        if count > layout.ATTACHMENTS:
            place = ("profiles", name, "access")
            message = (
                f"a role takes {count} policies, and IAM ten of which one is kept for a teardown;"
                " do without access.extra_statements or the console role"
            )
            yield Diagnostic(document.line(place), place, message)


def _without_price(
    document: Document, settings: Environment, seats: Sequence[Seat]
) -> Iterator[Diagnostic]:
    """Yield what is allowed and has no price by which the watch could count it towards a cap."""
    if not settings.budget.is_capped:
        return
    seen = set()
    for region in sorted({seat.region for seat in seats}):
        for name, profile in settings.profiles.items():
            for allowed in caps.allowed_types(name, profile):
                allowed_type = (allowed.place, allowed.instance_type)
                if (
                    allowed_type in seen
                    or prices.shipped(allowed.use, allowed.instance_type, region) is not None
                ):
                    continue
                seen.add(allowed_type)
                message = (
                    f"no price of {allowed.instance_type} for {allowed.use} is known, which a"
                    " budget needs; allow another type, or remove the caps of 'budget'"
                )
                yield Diagnostic(document.line(allowed.place), allowed.place, message)
    for seat in seats:
        if not seat.instance_type:
            continue
        of_profile = settings.profiles[seat.profile].notebook.instance_type
        known = prices.shipped("notebook", seat.instance_type, seat.region) is not None
        if not known and seat.instance_type != of_profile:
            message = (
                f"no price of {seat.instance_type}, the notebook of {seat.id}, is known; give its"
                " roster row another instance_type, or remove the caps of 'budget'"
            )
            yield Diagnostic(document.line(("budget",)), ("budget",), message)


LARGEST_SHOWN = 3
"""How many profiles are named as the largest."""


def _too_large_cohort(
    document: Document, settings: Environment, policies: Sequence[layout.PolicySize]
) -> Iterator[Diagnostic]:
    """A cohort's template that is certainly too large: it has the policies of all profiles."""
    size = layout.BESIDE_POLICIES
    of_profile: Counter[str] = Counter()
    for policy in policies:
        whole = policy.characters + layout.AROUND_A_POLICY
        size += whole
        profile = policy.name.rpartition("-")[0]
        if profile in settings.profiles:
            of_profile[profile] += whole
    if size > layout.TEMPLATE_LIMIT:
        largest = of_profile.most_common(LARGEST_SHOWN)
        listed = ", ".join(f"{profile} ({count:,})" for profile, count in largest)
        message = (
            f"the cohort's template has at least {count_of(size, 'byte')} and CloudFormation takes"
            f" {layout.TEMPLATE_LIMIT:,}; use fewer profiles, or open less in access of the"
            f" largest: {listed}"
        )
        yield Diagnostic(document.line(("profiles",)), ("profiles",), message)


SCRIPT_LIMIT = 12_288
"""Bytes of a notebook's script: SageMaker takes 16,384 characters of it in base64."""
USER_DATA_LIMIT = 16_384
"""Bytes of the user data of an EC2 instance."""

START_SCRIPT, USER_DATA = 2_200, 4_200
"""Bytes that a script of each start, and user data, have at least without anything of the YAML."""


def _too_long_script(document: Document, settings: Environment) -> Iterator[Diagnostic]:
    """Scripts that are certainly too long; what is close to the limit a synthesis tells."""
    names = Names.placeholders(settings.workshop)
    per_tag = len('{"Key":"","Value":""},')
    of_tags = sum(len(key) + len(value) + per_tag for key, value in settings.tags.items())
    for profile, section in settings.profiles.items():
        size = of_tags + sum(len(name) + 1 for name in section.notebook.packages)
        for key, bucket in section.storage.buckets.items():
            address = len(f"export WORKSHOP_S3_=s3://{naming.at_longest(names.bucket(key))}/")
            size += sum(address + 2 * len(prefix) for prefix in bucket.prefixes)
        place = ("profiles", profile)
        for is_there, script, has, service, limit in (
            (
                section.has_notebook,
                "the notebook's script of each start",
                START_SCRIPT + size,
                "SageMaker",
                SCRIPT_LIMIT,
            ),
            (
                section.has_box,
                "the user data of the EC2 instance",
                USER_DATA + size,
                "EC2",
                USER_DATA_LIMIT,
            ),
        ):
            if not is_there or has <= limit:
                continue
            message = (
                f"{script} has at least {count_of(has, 'byte')} and {service} takes {limit:,}; use"
                " fewer or shorter tags, prefixes or packages"
            )
            yield Diagnostic(document.line(place), place, message)


def warnings(settings: Environment, seats: Sequence[Seat], now: datetime) -> Iterator[str]:
    """Yield what is possible and may not be meant, each with its cure."""
    if settings.end <= now:
        yield (
            f"the workshop is over since {settings.end.isoformat()}; give a later 'end', or tear"
            " it down"
        )
    for profile, section in settings.profiles.items():
        yield from _openings(f"profiles.{profile}", profile, section)
        if (
            section.has_notebook
            and section.notebook.idle_stop_minutes
            and section.notebook.busy_stop_hours is None
        ):
            yield (
                f"profiles.{profile}.notebook.busy_stop_hours is null: a cell that never ends, or"
                " an input() that nobody answers, keeps a notebook running and billed for ever"
            )
    yield from boxes.warnings(settings)
    for region in sorted({seat.region for seat in seats} - known_regions()):
        yield f"region: {region!r} {not_known(region, 'Region', sorted(known_regions()))}"
    unused = sorted(settings.profiles.keys() - {seat.profile for seat in seats})
    if unused:
        yield f"no seat has the profile {', '.join(unused)}; nothing is made of it"
    if settings.accounts.are_own:
        return
    home = (settings.account, settings.region)
    for (account, region), count in sorted(Counter((s.account, s.region) for s in seats).items()):
        if (account, region) != home:
            seats_are, their = ("seat is", "its") if count == 1 else ("seats are", "their")
            yield (
                f"{count} {seats_are} in {account} {region} by {their} roster row: that account"
                " and Region needs credentials and gets a cohort of its own"
            )


def remarks(settings: Environment) -> Iterator[str]:
    """Yield what content and tokens come to, for whoever writes the file."""
    for profile, section in settings.profiles.items():
        notebook, where = section.notebook, f"profiles.{profile}.notebook"
        shared = sorted(name for name, kind in notebook.tokens.items() if kind == "shared")
        if shared:
            yield (
                f"{where}.tokens: {', '.join(shared)}: whoever gets a shared token can copy it, and"
                " nobody can tell who used it; give each seat its own (per_seat), or one that may"
                " only read, and revoke it after the workshop"
            )
        private = [content.place for content in notebook.contents if content.private]
        others = [
            name
            for name, other in settings.profiles.items()
            if {*private} - {content.place for content in other.notebook.contents}
        ]
        if others:
            yield (
                f"{where}.content: {', '.join(private)} lies in the datasets, which seats of"
                f" {', '.join(others)} may read as well; keep what they may not see elsewhere"
            )
        later = [content.place for content in notebook.contents if not content.is_cloned]
        if later:
            yield (
                f"{where}.content: {', '.join(later)} comes with: workshop content refresh, once"
                " the cohort is deployed"
            )
        fetched = [content.repository for content in notebook.contents if content.is_cloned]
        if notebook.vpc and not notebook.vpc.direct_internet and (fetched or notebook.packages):
            needs = [*(["the hosts of its content"] if fetched else [])]
            needs += ["PyPI or a mirror"] if notebook.packages else []
            yield (
                f"{where}.network has no internet of SageMaker's own: its subnet needs a way to"
                f" {' and '.join(needs)} (a NAT gateway, say); private content and S3 come through"
                " a gateway endpoint of S3"
            )


def _openings(of: str, name: str, profile: Profile) -> Iterator[str]:
    """Yield what a profile lets its seats do beyond their own resources."""
    where, access = f"{of}.access", profile.access
    yield from _of_aws(of, profile)
    if access.mode == "managed":
        yield (
            f"{where}.mode is managed: AWS's broad policies let an attendee use every instance type"
            " for any time and change what carries no tags; use scoped"
        )
    if access.managed_spot == "required":
        yield (
            f"{where}.managed_spot: IAM has no condition for managed spot training, so nothing here"
            " enforces it; ask Service Quotas for 0 of '<type> for training job usage' and for"
            " enough of '<type> for spot training job usage'"
        )
    if not access.model_prefix:
        yield (
            f"{where}.model_prefix is false: a seat can serve any model of the account that has no"
            " seat's prefix, yours as well, and run code with the role that the model names"
        )
    if access.model_packages:
        yield (
            f"{where}.model_packages: a registration can ask for a validation on any instance type,"
            " and IAM does not know of it; keep the quotas '<type> for transform job usage' of what"
            " is dear at 0"
        )
    if access.logs == "shared":
        yield (
            f"{where}.logs is shared: every seat of the profile reads the logs of all jobs and"
            " endpoints of the account, a neighbour's as well"
        )
    if access.console_organisers:
        yield (
            f"{where}.console_organisers: {', '.join(access.console_organisers)} can be every seat"
            " of the profile; name attendees' principals in console_principals"
        )
    for extra in access.extra_statements:
        capped = ", ".join(still_denied(extra, _denials(name, profile)))
        but = f", but for what {capped} deny" if capped else ""
        yield (
            f"{where}.extra_statements opens {summarize_statement(extra)} to every seat of"
            f" the profile{but}"
        )
        made = ", ".join(making(extra.actions))
        if made:
            yield (
                f"{where}.extra_statements: what {made} makes is not looked for by teardown and"
                " leftovers, which say so and never call the workshop gone; look there yourself"
            )


def _of_aws(of: str, profile: Profile) -> Iterator[str]:
    """Yield what an opening needs of the account, or shares with all seats."""
    where, access = f"{of}.access", profile.access
    if profile.shared_mlflow is not None:
        yield (
            f"{of}.mlflow is shared: every seat of the profile reads, changes and deletes what all"
            f" seats keep in {profile.shared_mlflow}; 'app' gives each seat its own"
        )
    if access.autoscaling:
        yield (
            f"{where}.autoscaling needs AWS's own role in the account, once for all workshops: 'aws"
            f" iam create-service-linked-role --aws-service-name {SCALING_SERVICE}'"
        )
    if profile.mlflow is not None and access.mode != "scoped":
        yield f"{of}.mlflow opens nothing in the mode {access.mode}; use scoped"


def _denials(name: str, profile: Profile) -> list[Statement]:
    """Return what the policies of a seat deny under conditions, whatever else is opened."""
    made = layout.seat_policies(Names.placeholders("workshop"), name, profile)
    return [
        statement
        for each in made.values()
        for statement in each["Statement"]
        if statement["Effect"] == "Deny"
    ]


def doubts(document: Document, settings: Environment) -> Iterator[Diagnostic]:
    """Yield what stands on a line of its own and may not be meant: types, and people in tags."""
    yield from iam_rules.doubts(document, settings)
    for name, profile in settings.profiles.items():
        yield from _unknown_types(document, name, profile)
        if profile.ec2:
            yield from boxes.doubts(document, name, profile.ec2)
    for key, value in settings.tags.items():
        if _EMAIL.search(f"{key} {value}"):
            place = ("tags", key)
            message = (
                "holds an e-mail address, and everybody in the account sees tags, bills too; write"
                " a team or a cost centre"
            )
            yield Diagnostic(document.line(place), place, message)


def _unknown_types(document: Document, name: str, profile: Profile) -> Iterator[Diagnostic]:
    notebook, access = profile.notebook, profile.access
    uses: tuple[tuple[Use, tuple[str, str], str | tuple[str, ...]], ...] = (
        ("notebook", ("notebook", "instance_type"), notebook.instance_type),
        ("notebook", ("notebook", "fallback_instance_types"), notebook.fallback_instance_types),
        ("training", ("access", "training_instance_types"), access.training_instance_types),
        ("processing", ("access", "processing_instance_types"), access.processing_instance_types),
        ("endpoint", ("access", "endpoint_instance_types"), access.endpoint_instance_types),
    )
    for use, where, written in uses:
        known = sorted(instance_types.known(use))
        families = sorted({f"{instance_types.family(type_name)}.*" for type_name in known})
        for number, type_name in enumerate([written] if isinstance(written, str) else written):
            is_family = instance_types.is_family(type_name)
            noun = f"family of instance types for {use}" if is_family else f"{use} instance type"
            known_words = families if is_family else known
            if type_name not in known_words:
                place = ("profiles", name, *where, *(() if isinstance(written, str) else (number,)))
                message = f"{type_name!r} {not_known(type_name, noun, known_words)}"
                yield Diagnostic(document.line(place), place, message)
