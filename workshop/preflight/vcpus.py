"""Whether the account's quotas of vCPUs are enough for the EC2 instances of the seats.

EC2 counts the vCPUs of instances that are pending or running, by groups of families; a stopped one
is not counted, and needs them again when it is started
(https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workshop.account_region import AccountRegion
from workshop.aws.reads import Unavailable
from workshop.preflight import demand, quotas
from workshop.preflight.checks import Check, CheckState, unknown, waiver
from workshop.preflight.quotas import AppliedQuota, Quotas, WorkshopQuota


def _quota(name: str, code: str) -> WorkshopQuota:
    return WorkshopQuota("ec2", f"Running On-Demand {name}", code)


FAMILIES: tuple[tuple[str, WorkshopQuota], ...] = (
    (r"(g|gr|vt)\d", _quota("G and VT instances", "L-DB2E81BA")),
    (r"p\d", _quota("P instances", "L-417A185B")),
    (r"inf\d", _quota("Inf instances", "L-1945791B")),
    (r"trn\d", _quota("Trn instances", "L-2C3B7624")),
    (r"dl\d", _quota("DL instances", "L-6E869C2A")),
    (r"f\d", _quota("F instances", "L-74FC7D96")),
    (r"x\d", _quota("X instances", "L-7295265B")),
    (
        r"(a|c|d|h|hpc|i|im|is|m|r|t|z)\d",
        _quota("Standard (A, C, D, H, I, M, R, T, Z) instances", "L-1216C47A"),
    ),
)
"""How the name of a family begins -> the quota that counts its vCPUs."""


def quota_of(instance_type: str) -> WorkshopQuota | None:
    """Return the quota that counts a type, None for a family that is not known here."""
    return next((quota for name, quota in FAMILIES if re.match(name, instance_type)), None)


@dataclass(frozen=True)
class BoxDemand:
    """The instances to be run or started, by type, and those that run in the account now."""

    needed: Mapping[str, int]
    running: Mapping[str, int]

    @property
    def limits(self) -> tuple[WorkshopQuota, ...]:
        """The quotas that what is needed counts against."""
        found = (quota_of(name) for name in self.needed)
        return tuple(dict.fromkeys(limit for limit in found if limit is not None))


def checks(
    account_region: AccountRegion,
    demand_: BoxDemand,
    found: Quotas | Unavailable,
    vcpus: Mapping[str, int] | Unavailable,
) -> Iterator[Check]:
    """Yield whether what is needed fits beside what runs, quota by quota.

    ``vcpus`` has those of each instance type.
    """
    for limit in demand_.limits:
        quota = quotas.of(found, limit)
        if isinstance(vcpus, Unavailable) or isinstance(quota, Unavailable):
            answer = vcpus if isinstance(vcpus, Unavailable) else quota
            reason = answer.reason if isinstance(answer, Unavailable) else ""
            yield unknown(account_region, limit.name, reason)
            continue
        needed = {name: n for name, n in demand_.needed.items() if quota_of(name) == limit}
        running = {name: n for name, n in demand_.running.items() if quota_of(name) == limit}
        unread = sorted(name for name in {*needed, *running} if name not in vcpus)
        if unread:
            message = f"EC2 does not say how many vCPUs there are in {', '.join(unread)}"
            yield unknown(account_region, limit.name, message)
        else:
            yield _check(account_region, quota, needed, running, vcpus)


def _check(
    account_region: AccountRegion,
    quota: AppliedQuota,
    needed: Mapping[str, int],
    running: Mapping[str, int],
    vcpus: Mapping[str, int],
) -> Check:
    """Return whether it fits; where it fits for some seats at once, they can take turns."""
    need = sum(count * vcpus[name] for name, count in needed.items())
    used = sum(count * vcpus[name] for name, count in running.items())
    total, smallest = need + used, min(vcpus[name] for name in needed)
    value = f"{quota.value} (AWS's default)" if quota.default else str(quota.value)
    beside = f", beside {used} of what runs: {total}" if used else ""
    message = f"{_products(needed, vcpus)}{beside}; the quota {quota.code} is {value}"
    state, request = CheckState.OK, ""
    if total > quota.value:
        none_fits = quota.value - used < smallest
        state = CheckState.FAILED if none_fits else CheckState.SHORT
        request = demand.increase_request(account_region, quota, total)
        turns = "" if none_fits else f", or have seats take turns: {waiver(state, quota.code)}"
        message = f"{message}: {total - quota.value} too few; ask AWS for {total}{turns}"
    return Check(
        account_region,
        quota.limit.name,
        state,
        message,
        need=need,
        used=used,
        quota=quota.value,
        service_code=quota.limit.service,
        quota_code=quota.code,
        request=request,
        raise_to=total if request else 0,
    )


def _products(needed: Mapping[str, int], vcpus: Mapping[str, int]) -> str:
    """Return ``100 x g5.xlarge = 400 vCPUs``, and the sum of several."""
    parts = [f"{count} x {name}" for name, count in sorted(needed.items())]
    need = sum(count * vcpus[name] for name, count in needed.items())
    return f"{' + '.join(parts)} = {need} vCPUs"
