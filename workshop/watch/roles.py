"""Freezes the seats' roles."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from workshop.watch.work import AWS_ERRORS, Work

ROLE_ENDINGS = ("-execution", "-console")
"""How the names of seats' roles end; the watch's own is none of them."""
FROZEN = "roles frozen"
ATTACHING = 8
"""Threads that attach the policy side by side."""


def freeze_all(work: Work) -> None:
    """Attach the freeze to the role of every seat of ``work.seats``; twice is as good as once.

    Roles are found by the workshop's path, which their tags have no part in.
    """

    def attach(name: str) -> str:
        work.go_on()
        try:
            iam.attach_role_policy(RoleName=name, PolicyArn=work.settings.freeze)
        except AWS_ERRORS as error:
            return f"the role {name} is not frozen: {error}"
        return ""

    iam = work.client("iam")
    with (
        work.sharing(),
        work.noting("the roles could not be listed"),
        ThreadPoolExecutor(ATTACHING) as pool,
    ):
        for names in _pages_of_roles(work):
            work.go_on()
            for problem in pool.map(attach, names):
                if problem:
                    work.problems.append(problem)
                else:
                    work.done[FROZEN] += 1


def _pages_of_roles(work: Work) -> Iterator[list[str]]:
    pages = work.client("iam").get_paginator("list_roles")
    for page in pages.paginate(PathPrefix=work.settings.path):
        names = [role["RoleName"] for role in page["Roles"]]
        yield [name for name in names if name.endswith(ROLE_ENDINGS) and _is_asked_for(work, name)]


def _is_asked_for(work: Work, role: str) -> bool:
    """Return whether it is a role of the seats that are to be frozen; no id has a hyphen."""
    seat = role.removeprefix(f"{work.settings.workshop}-").partition("-")[0]
    return work.seats is None or seat in work.seats
