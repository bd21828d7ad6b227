"""Generates the isolation table of ``docs/access.md`` from the policies.

Run it as ``python -m tools.access_page --write``, or with ``--check`` to learn whether it is
stale (exit code 1).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tools import generated_files
from tools.generated_files import ROOT
from workshop.access import matrix
from workshop.access.matrix import AccessCase
from workshop.access.permissions import EffectivePermissions, cell
from workshop.config.ec2 import Ec2
from workshop.environments import loader
from workshop.naming import ALONE, Names

_PAGE = ROOT / "docs" / "access.md"
_MODULE = "tools.access_page"
_PART = "what ada can do"
_OWN_ACCOUNTS = ("222233334444", "333344445555")
ENVIRONMENT = "dev"
"""The shipped environment whose first profile the page shows."""


def table_text() -> str:
    """Return what a seat can do, and what it cannot, each with the statement that decides."""
    settings = loader.load(ENVIRONMENT, ROOT / "config").settings
    profile = next(iter(settings.profiles.values()))
    me = Names(settings.workshop, "ada", settings.account, settings.region)
    other = Names(settings.workshop, "adam", settings.account, settings.region)
    asked = cell(me, profile, settings)
    boxed = profile.model_copy(update={"ec2": Ec2()})
    with_box = settings.model_copy(update={"profiles": {"attendee": boxed}})
    machine = cell(me, boxed, with_box)
    mine, theirs = (
        Names(settings.workshop, ALONE, account, settings.region) for account in _OWN_ACCOUNTS
    )
    alone = cell(mine, profile, settings)
    of_her_own = matrix.denied(profile, own_account=True)
    can, cannot = matrix.allowed(profile), matrix.denied(profile)
    return "\n".join(
        [
            "### What ada can do\n",
            *_table(asked, me, other, can),
            "\n### What ada cannot do, to adam or at all\n",
            *_table(asked, me, other, cannot),
            "\n### What she can do besides where her profile has an EC2 instance\n",
            *_table(machine, me, other, _besides(matrix.allowed(boxed), can)),
            "\n### What she cannot do even so\n",
            *_table(machine, me, other, _besides(matrix.denied(boxed), cannot)),
            "\n### What she cannot do besides where she has an account of her own\n",
            *_table(alone, mine, theirs, _besides(of_her_own, cannot)),
            "",
        ]
    )


def _besides(some: list[AccessCase], others: list[AccessCase]) -> list[AccessCase]:
    known = {case.about for case in others}
    return [case for case in some if case.about not in known]


def _table(
    asked: EffectivePermissions, me: Names, other: Names, some: list[AccessCase]
) -> Iterator[str]:
    yield "| ada ... | action | is | by |"
    yield "|---|---|---|---|"
    for case in some:
        decision = asked.decide(case.question(me, other))
        verdict = "allowed" if decision.allowed else "denied"
        yield f"| {case.about} | `{case.action}` | {verdict} | {decision.by} |"


def main(arguments: list[str] | None = None) -> int:
    """Write or check the page; return the exit code."""
    wanted = {_PAGE: generated_files.page(_PAGE, _MODULE, {_PART: table_text()})}
    return generated_files.main(_MODULE, __doc__, wanted, arguments)


if __name__ == "__main__":
    sys.exit(main())
