"""What a preflight found, in lines that fit a screen: each reason and each missing action once."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from workshop.cli import console
from workshop.counting import count_of, first_of
from workshop.preflight import Check, CheckState, PreflightReport
from workshop.preflight.checks import DeniedAction

WIDTH = 100
NAMED = 10
"""So many seats are named of accounts of which the same is told."""
RESOURCES = 3
"""How many resources of a service are named for what is denied on them."""

_COMMAND = re.compile(r"\b(?:workshop|aws)(?: [a-z][a-z-]*)+(?: --?[a-z][\w-]*(?: (?!-)[^\s;]+)?)+")
"""A command as a sentence has it: words, then options with their values."""

_STATE = max(map(len, CheckState)) + 2
_INDENT = " " * _STATE


def show(report: PreflightReport, *, everything: bool = False) -> None:
    """Print what is not in order, or all of it, the requests that would help, and a count."""
    for line in lines(report, everything=everything):
        console.print_line(line)
    counts = {state: len(report.of(state)) for state in CheckState}
    listed = (f"{count} {state.value}" for state, count in counts.items() if count)
    console.say("preflight: " + ", ".join(listed))


def lines(report: PreflightReport, *, everything: bool = False) -> Iterator[str]:
    """Yield what is told of the checks, without the count."""
    shown = [check for check in report.checks if everything or check.state != CheckState.OK]
    if report.seats:
        yield from _summed(report, shown)
    else:
        for checks in _alike(shown):
            yield from _told(checks, str(checks[0].account_region))
    denied = [denied for check in report.checks for denied in check.denied]
    if denied:
        yield ""
        yield "not allowed to you, by service (--policy FOLDER writes all that is needed):"
        yield from _by_service(denied)
    requests = [check for check in report.checks if check.request]
    if requests:
        yield ""
        yield "to raise quotas, each in its account (--request-quotas asks AWS for all of them):"
        asked: dict[tuple[str, str], list[Check]] = {}
        for check in requests:
            by = (check.subject, check.request) if report.seats else (str(id(check)), "")
            asked.setdefault(by, []).append(check)
        for checks in asked.values():
            check = checks[0]
            yield f"{_named(report, checks)}: {check.subject}"
            first, code, rest = check.request.partition(" --quota-code")
            yield f"  {first} \\"
            yield f"   {code}{rest}"


def _alike(checks: Iterable[Check]) -> Iterable[list[Check]]:
    """Return checks that are unknown for the same reason together, where the first of them is."""
    found: dict[object, list[Check]] = {}
    for check in checks:
        key = (check.account_region, check.state, check.reason) if check.reason else id(check)
        found.setdefault(key, []).append(check)
    return found.values()


def _summed(report: PreflightReport, shown: Iterable[Check]) -> Iterator[str]:
    """Yield what is told of seats' own accounts: once of all accounts of which it is the same."""
    alike: dict[object, list[list[Check]]] = {}
    for checks in _alike(shown):
        check = checks[0]
        text = check.reason or check.message
        account = check.account_region.account
        key = (check.state, *(each.subject for each in checks), text.replace(account, "ACCOUNT"))
        alike.setdefault(key, []).append(checks)
    for some in alike.values():
        yield from _told(some[0], _named(report, [checks[0] for checks in some]))
        check = some[0][0]
        others = {
            passed.account_region
            for passed in report.of(CheckState.OK)
            if passed.subject == check.subject and passed.account_region.account in report.seats
        }
        if others and check.state != CheckState.OK and check.account_region.account in report.seats:
            yield f"{_INDENT}in order in {count_of(len(others), 'other account')}"


def _named(report: PreflightReport, checks: Sequence[Check]) -> str:
    """Return whose accounts checks are about, by the seats; of a few places, these themselves."""
    where = [*dict.fromkeys(check.account_region for check in checks)]
    ids = [report.seats.get(place.account, "") for place in where]
    if len(where) == 1:
        return f"{where[0]}  {ids[0]}".rstrip()
    return f"{count_of(len(where), 'account')} ({first_of(ids, NAMED)})"


def _told(checks: list[Check], where: str) -> Iterator[str]:
    check = checks[0]
    head = f"{check.state.value:<{_STATE}}{where}"
    names = ", ".join(map(_name, checks))
    if check.state == CheckState.OK:
        yield from _wrapped(f"{head}  {names}: {check.message}", _INDENT)
    elif len(checks) == 1:
        yield from _wrapped(f"{head}  {names}", _INDENT)
        yield from _wrapped(f"{_INDENT}{check.message}", _INDENT)
    else:
        cure = "find it out, or accept each by its code or name: --accept-unknown"
        yield from _wrapped(f"{head}  {check.reason}; {cure}", _INDENT)
        yield from _wrapped(f"{_INDENT}{names}", _INDENT)


def _name(check: Check) -> str:
    return f"{check.subject} ({check.quota_code})" if check.quota_code else check.subject


def _by_service(denied: Iterable[DeniedAction]) -> Iterator[str]:
    actions: dict[str, dict[str, None]] = {}
    resources: dict[str, dict[str, None]] = {}
    for each in denied:
        service, _, name = each.action.partition(":")
        actions.setdefault(service, {})[name] = None
        resources.setdefault(service, {})[each.resource] = None
    for service, names in actions.items():
        yield from _wrapped(f"  {service}: {', '.join(names)}", "    ")
        some = [resource for resource in resources[service] if resource != "*"]
        for resource in some[:RESOURCES]:
            yield f"    on {resource}"
        if some[RESOURCES:]:
            yield f"    and on {count_of(len(some) - RESOURCES, 'more resource')}"


def _wrapped(text: str, indent: str) -> list[str]:
    """Return a text in lines, in which a command stays on one where it fits on one.

    Of a longer one, each option and its value stay together.
    """

    def kept(command: re.Match[str]) -> str:
        fits = len(command[0]) <= WIDTH - len(indent)
        return command[0].replace(" ", "\N{NO-BREAK SPACE}") if fits else command[0]

    together = re.sub(r"(--[\w-]+) ", "\\1\N{NO-BREAK SPACE}", _COMMAND.sub(kept, text))
    made = textwrap.wrap(
        together, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in made]
