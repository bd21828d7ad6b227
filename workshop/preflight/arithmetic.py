"""Need plus use against quota, decided from numbers alone."""

from __future__ import annotations

from dataclasses import replace

from workshop.account_region import AccountRegion
from workshop.preflight.checks import Check, CheckState, unknown, waiver
from workshop.preflight.demand import AtOnce
from workshop.preflight.limits import WorkshopQuota
from workshop.preflight.quotas import AppliedQuota
from workshop.preflight.reading import Unread


def count(
    place: AccountRegion,
    limit: WorkshopQuota,
    *,
    need: int | Unread,
    used: int | Unread,
    quota: AppliedQuota | Unread,
) -> Check:
    """Whether ``need`` more fit beside the ``used`` that are there.

    Where nothing is to be made, nothing has to be known.
    """
    code = quota.code if isinstance(quota, AppliedQuota) else limit.code
    if need == 0:
        return Check(
            place,
            limit.name,
            CheckState.OK,
            "nothing more to make",
            need=0,
            used=_number(used),
            quota=quota.value if isinstance(quota, AppliedQuota) else None,
            service_code=limit.service,
            quota_code=code,
        )
    if isinstance(need, Unread) or isinstance(used, Unread) or isinstance(quota, Unread):
        whys = dict.fromkeys(one.why for one in (need, used, quota) if isinstance(one, Unread))
        return replace(
            _unknown(place, limit, code, "; ".join(whys)),
            need=_number(need),
            used=_number(used),
            quota=quota.value if isinstance(quota, AppliedQuota) else None,
        )
    total = need + used
    sum_up = f"{need} more and the {used} there are {total} of {_allowed(quota)}"
    short = total - quota.value
    check = Check(
        place,
        limit.name,
        CheckState.OK if short <= 0 else CheckState.FAILED,
        sum_up if short <= 0 else f"{sum_up}, {short} too many; {_cure(quota, total)}",
        need=need,
        used=used,
        quota=quota.value,
        service_code=limit.service,
        quota_code=quota.code,
    )
    return check if short <= 0 else replace(check, request=request(place, quota, total))


def names(
    place: AccountRegion,
    limit: WorkshopQuota,
    *,
    wanted: frozenset[str],
    there: frozenset[str] | Unread,
    quota: AppliedQuota | Unread,
) -> Check:
    """The same for things with names: what is there already need not be made."""
    if isinstance(there, Unread):
        return count(place, limit, need=there, used=there, quota=quota)
    return count(place, limit, need=len(wanted - there), used=len(there), quota=quota)


def at_once(
    place: AccountRegion,
    use: AtOnce,
    *,
    used: int | Unread,
    quota: AppliedQuota | Unread,
    making: bool,
) -> Check:
    """Whether all seats can use at once what they may, beside the ``used`` that others have.

    A class whose machines are fewer has to take turns, which its organisers have to accept. With
    none, nobody can do what the profile allows: a failure. Both only while seats are to be made
    (``making``): a class that works is not to be held up by it. What is optional only ever warns.
    """
    serious = making and not use.optional
    limit = use.limit
    code = quota.code if isinstance(quota, AppliedQuota) else limit.code
    check = Check(
        place,
        limit.name,
        CheckState.OK,
        "",
        need=use.seats,
        used=_number(used),
        quota=quota.value if isinstance(quota, AppliedQuota) else None,
        service_code=limit.service,
        quota_code=code,
    )
    if isinstance(quota, AppliedQuota) and quota.value < 1:
        instead = f", or take it out of {use.allowed_by}" if use.allowed_by else ""
        most = use.seats + (_number(used) or 0)
        told = (
            f"{_allowed(quota)} for {_whose(use)}: nobody can use it; {_cure(quota, most)}{instead}"
        )
        state = CheckState.FAILED if serious else CheckState.WARNING
        return replace(check, state=state, told=told, request=request(place, quota, most))
    if isinstance(used, Unread) or isinstance(quota, Unread):
        whys = dict.fromkeys(one.why for one in (used, quota) if isinstance(one, Unread))
        why = "; ".join(whys)
        if serious:
            told, state = _unknown(place, limit, code, why).told, CheckState.UNKNOWN
        else:
            told, state = f"not known ({why}); {_whose(use)} may find none", CheckState.WARNING
        return replace(check, state=state, told=told)
    total = use.seats + used
    sum_up = f"{_whose(use)} and the {used} that others use are {total} of {_allowed(quota)}"
    short = total - quota.value
    if short <= 0:
        return replace(check, told=sum_up)
    turns = f": {waiver(CheckState.SHORT, code)}" if serious else ""
    return replace(
        check,
        state=CheckState.SHORT if serious else CheckState.WARNING,
        told=f"{sum_up}, {short} too many; {_cure(quota, total)}, or let them take turns{turns}",
        request=request(place, quota, total),
    )


def spot_only(
    place: AccountRegion,
    limit: WorkshopQuota,
    profiles: tuple[str, ...],
    quota: AppliedQuota | Unread,
    *,
    making: bool,
) -> Check:
    """Whether a type can be trained on as a spot instance alone: its quota on demand has to be 0.

    IAM has no condition for managed spot training, so nothing but the quota requires it. AWS takes
    requests for more alone; less has to be asked of its support.
    """
    subject = f"{limit.name} (has to be 0)"
    whose = ", ".join(profiles)
    if isinstance(quota, Unread):
        check = unknown(
            place, subject, quota.why, service_code=limit.service, quota_code=limit.code
        )
        told = f"not known ({quota.why}); {whose} may be able to train on demand"
        return check if making else replace(check, state=CheckState.WARNING, told=told)
    check = Check(
        place,
        subject,
        CheckState.OK,
        f"0, so {whose} can train on spot instances alone",
        quota=quota.value,
        service_code=limit.service,
        quota_code=quota.code,
    )
    if quota.value < 1:
        return check
    told = (
        f"{_allowed(quota)}, so {whose} can still train on demand; ask AWS Support to lower it to"
        " 0, since IAM has no condition for spot, or set access.managed_spot to allowed"
    )
    return replace(check, state=CheckState.FAILED if making else CheckState.WARNING, told=told)


def request(place: AccountRegion, quota: AppliedQuota, desired: int) -> str:
    """The command that asks AWS for ``desired``, empty for a quota that AWS raises for nobody."""
    if not quota.adjustable:
        return ""
    return (
        f"aws service-quotas request-service-quota-increase --service-code {quota.limit.service}"
        f" --quota-code {quota.code} --desired-value {desired} --region {place.region}"
    )


def _unknown(place: AccountRegion, limit: WorkshopQuota, code: str, why: str) -> Check:
    return unknown(place, limit.name, why, service_code=limit.service, quota_code=code)


def _number(value: int | Unread) -> int | None:
    return None if isinstance(value, Unread) else value


def _allowed(quota: AppliedQuota) -> str:
    return f"{quota.value} (AWS's default)" if quota.default else str(quota.value)


def _whose(use: AtOnce) -> str:
    some = "1 seat" if use.seats == 1 else f"{use.seats} seats"
    return f"{some} of {', '.join(use.profiles)}"


def _cure(quota: AppliedQuota, wanted: int) -> str:
    if quota.adjustable:
        return f"ask AWS for {wanted}"
    return "AWS raises this quota for nobody: move seats to another account or Region"
