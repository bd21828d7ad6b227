"""Ask every action of every AWS service of a seat's roles, about what is not the seat's.

``python -m tools.iam_sweep -e prod [--profile attendee] [--json]`` synthesizes the environment,
takes each role of a seat with all its policies and its boundary, and asks of each action of the
Service Authorization Reference, for each resource type that it can be limited to: may the seat do
this to a victim? Victims are a neighbour, a namesake in another workshop of the account, the
organiser (whose things carry no tags), the cohort and another account. Each is asked about in
requests of four shapes: plain; with one's own tags and sound values; with the victim's tags; and
as part of making something of one's own in which a model of the victim is named.

What is allowed has to be in ``iam_sweep_allowed.yaml`` with the reason why it harms nobody. Exit 1
for an allowed question that nothing there explains, and for an explanation that explains nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from tools import iam_reference
from tools.iam_questions import SHAPES, VICTIMS, SweptQuestion, questions
from tools.synthesized_roles import SynthesizedRole, roles
from workshop.config.environment import LoadedEnvironment
from workshop.config.instance_types import expanded
from workshop.environments import loader

ROOT = Path(__file__).parents[1]
TABLE = Path(__file__).with_name("iam_sweep_allowed.yaml")


@dataclass(frozen=True)
class AllowedAnswer:
    """A question that is answered with yes, and the statement that says so."""

    question: SweptQuestion
    statement: str


@dataclass(frozen=True)
class Explanation:
    """Why some allowed questions harm nobody: by patterns of their actions and by victims."""

    actions: tuple[str, ...]
    victims: tuple[str, ...]
    shapes: tuple[str, ...]
    modes: tuple[str, ...]
    reason: str
    boxes: bool = False

    def is_about(self, role: SweptRole) -> bool:
        """Return whether it is about profiles such as that of a role."""
        return role.mode in self.modes and (role.has_box or not self.boxes)

    def explains(self, answer: AllowedAnswer, role: SweptRole) -> bool:
        """Return whether the answer is one of these, given of this role."""
        question = answer.question
        return (
            self.is_about(role)
            and question.victim in self.victims
            and question.shape in self.shapes
            and any(fnmatchcase(question.action, pattern) for pattern in self.actions)
        )


@dataclass(frozen=True)
class SweptRole:
    """What a sweep over one role comes to."""

    role: str
    profile: str
    mode: str
    asked: int
    services: int
    allowed: tuple[AllowedAnswer, ...]
    has_box: bool = False


def sweep_service(
    role: SynthesizedRole, types: Sequence[str], service: str
) -> tuple[int, list[AllowedAnswer]]:
    """Return how many questions a service comes to, and those that are allowed."""
    asked, allowed = 0, []
    for action in iam_reference.actions(service):
        for question in questions(role.names, action, types):
            asked += 1
            by = role.allows(question.action, question.resource, question.context)
            if by:
                allowed.append(AllowedAnswer(question, by))
    return asked, allowed


def sweep(
    loaded: LoadedEnvironment,
    assembly: Path,
    profile: str,
    *,
    services: Sequence[str] | None = None,
    mapping: Callable[..., Iterable[tuple[int, list[AllowedAnswer]]]] = map,
) -> list[SweptRole]:
    """Return what each role of the profile's first seat is allowed; ``mapping`` may be a pool's."""
    seat = next(seat for seat in loaded.seats if seat.profile == profile)
    access = loaded.settings.profiles[profile].access
    trained, processed = (
        expanded("training", access.training_instance_types),
        expanded("processing", access.processing_instance_types),
    )
    types = [name for name in trained if name in processed][:1] or list(trained[:1])
    wanted = iam_reference.services() if services is None else tuple(services)
    swept = []
    for role in roles(assembly, loaded.names(seat)):
        found = list(mapping(partial(sweep_service, role, types), wanted))
        swept.append(
            SweptRole(
                role=role.arn,
                profile=profile,
                mode=access.mode,
                asked=sum(asked for asked, _ in found),
                services=sum(asked > 0 for asked, _ in found),
                allowed=tuple(answer for _, allowed in found for answer in allowed),
                has_box=loaded.settings.profiles[profile].has_box,
            )
        )
    return swept


def explanations(path: Path = TABLE) -> list[Explanation]:
    """Return the table of what may be allowed, with its reasons."""
    return [
        Explanation(
            tuple(entry["actions"]),
            tuple(entry.get("victims", VICTIMS)),
            tuple(entry.get("shapes", SHAPES)),
            tuple(entry.get("modes", ("scoped", "managed"))),
            entry["reason"],
            bool(entry.get("boxes")),
        )
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def unexplained(swept: Iterable[SweptRole], table: Sequence[Explanation]) -> list[AllowedAnswer]:
    """Return the allowed questions that no explanation is about."""
    return [
        answer
        for role in swept
        for answer in role.allowed
        if not any(explanation.explains(answer, role) for explanation in table)
    ]


def unused(swept: Sequence[SweptRole], table: Sequence[Explanation]) -> list[Explanation]:
    """Return the explanations of what was swept that explain nothing."""
    return [
        explanation
        for explanation in table
        if any(explanation.is_about(role) for role in swept)
        and not any(explanation.explains(answer, role) for role in swept for answer in role.allowed)
    ]


def document(swept: Sequence[SweptRole], table: Sequence[Explanation]) -> dict[str, Any]:
    """Return all that ``--json`` prints."""
    return {
        "reference": iam_reference.version(),
        "asked": sum(role.asked for role in swept),
        "allowed": sum(len(role.allowed) for role in swept),
        "roles": [
            {
                "role": role.role,
                "profile": role.profile,
                "mode": role.mode,
                "services": role.services,
                "asked": role.asked,
                "allowed": len(role.allowed),
                "by_service": Counter(
                    answer.question.action.partition(":")[0] for answer in role.allowed
                ),
                "by_victim": Counter(answer.question.victim for answer in role.allowed),
                "by_shape": Counter(answer.question.shape for answer in role.allowed),
            }
            for role in swept
        ],
        "explained": [
            {
                "reason": explanation.reason,
                "allowed": sum(
                    explanation.explains(answer, role) for role in swept for answer in role.allowed
                ),
            }
            for explanation in table
        ],
        "unexplained": [_as_json(answer) for answer in unexplained(swept, table)],
        "unused": [explanation.reason for explanation in unused(swept, table)],
    }


def _as_json(answer: AllowedAnswer) -> dict[str, str]:
    question = answer.question
    return {
        "action": question.action,
        "resource": question.resource,
        "victim": question.victim,
        "shape": question.shape,
        "allowed_by": answer.statement,
    }


def show(report: Mapping[str, Any]) -> None:
    """Print the counts, the explanations with theirs, and what nothing explains."""
    print(f"Service Authorization Reference {report['reference']}")
    for role in report["roles"]:
        print(
            f"{role['profile']} ({role['mode']}) {role['role'].rpartition('/')[2]}:"
            f" {role['asked']:,} questions of {role['services']} services,"
            f" {role['allowed']:,} allowed"
        )
        for part in ("by_service", "by_victim", "by_shape"):
            counts = ", ".join(f"{name} {count}" for name, count in sorted(role[part].items()))
            print(f"  {part.replace('_', ' ')}: {counts}")
    for explanation in report["explained"]:
        if explanation["allowed"]:
            print(f"{explanation['allowed']:>7,}  {explanation['reason']}")
    for answer in report["unexplained"]:
        print(
            f"NOT EXPLAINED  {answer['action']} on {answer['resource']} of the {answer['victim']},"
            f" {answer['shape']}: {answer['allowed_by']}"
        )
    for reason in report["unused"]:
        print(f"EXPLAINS NOTHING  {reason}")


def main(argv: Sequence[str] | None = None) -> int:
    """Sweep an environment; 0 if every allowed question is explained, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tools.iam_sweep", description=__doc__)
    parser.add_argument("-e", "--env", action="append", help="an environment; default: all of them")
    parser.add_argument("--config-dir", type=Path, default=ROOT / "config")
    parser.add_argument("--profile", action="append", help="a profile; default: all with a seat")
    parser.add_argument("--service", action="append", help="a service's prefix; default: all")
    parser.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.parse_args(argv)
    began = time.monotonic()
    swept: list[SweptRole] = []
    with ProcessPoolExecutor() as pool:
        for name in chosen.env or loader.known(chosen.config_dir):
            loaded = loader.load(name, chosen.config_dir)
            profiles = dict.fromkeys(seat.profile for seat in loaded.seats)
            with TemporaryDirectory() as folder:
                synthesize(loaded, Path(folder))
                for profile in profiles:
                    if chosen.profile is None or profile in chosen.profile:
                        swept += sweep(
                            loaded,
                            Path(folder),
                            profile,
                            services=chosen.service,
                            mapping=partial(pool.map, chunksize=8),
                        )
    whole = chosen.service is None and chosen.profile is None and chosen.env is None
    report = document(swept, explanations())
    if not whole:
        report["unused"] = []
    if chosen.json:
        print(json.dumps(report, indent=1))
    else:
        show(report)
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    return 1 if report["unexplained"] or report["unused"] else 0


def synthesize(loaded: LoadedEnvironment, folder: Path) -> None:
    """Write the cloud assembly of the first seat of each profile, as ``cdk synth`` does."""
    from stacks import build  # noqa: PLC0415 - the only part that needs CDK

    first: dict[str, str] = {}
    for seat in loaded.seats:
        first.setdefault(seat.profile, seat.id)
    made = build.new_app(str(folder))
    build.build(made, loaded, list(first.values()))
    made.synth()


if __name__ == "__main__":
    raise SystemExit(main())
