"""The smallest profile that runs labs, found by asking the policies that it gives.

Every key is tried without: it stays only where a call of the labs would be denied. What is denied
at last is told with the statement that denies it, so that nothing is promised that is not so.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from workshop.access import permissions
from workshop.access.permissions import AccessDecision, EffectivePermissions
from workshop.config.models import Environment
from workshop.config.profiles import Profile
from workshop.fit import asking
from workshop.fit.calls import LabCall, Place
from workshop.fit.needs import NEEDS, Key, Labs, Need, differing, narrowing
from workshop.naming import Names


@dataclass(frozen=True)
class FittedSetting:
    """A key with the value that labs need, why, and where they do."""

    key: Key
    value: Any
    why: str
    places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """A call with what a seat's policies say of it."""

    call: LabCall
    decision: AccessDecision

    @property
    def runs(self) -> bool:
        """Whether it is allowed, and AWS still offers what it is for."""
        return self.decision.allowed and not self.call.closed_kind


@dataclass(frozen=True)
class Fitting:
    """A profile for labs: the settings that differ from where it began, and a verdict by call."""

    profile: Profile
    settings: tuple[FittedSetting, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def calling_cells(self) -> frozenset[Place]:
        return frozenset(_cell(verdict.call.place) for verdict in self.verdicts)

    @property
    def denied_cells(self) -> frozenset[Place]:
        return frozenset(_cell(each.call.place) for each in self.verdicts if not each.runs)


@dataclass
class Policies:
    """Asks what a seat with some profile may do, each question once."""

    names: Names
    environment: Environment
    profile_name: str
    profile: Profile
    _asked: dict[LabCall, AccessDecision] = field(default_factory=dict)
    _seat: EffectivePermissions | None = None

    def decide(self, call: LabCall) -> AccessDecision:
        """Return what the policies say of a call."""
        call = self._typed(asking.alike(call))
        known = self._asked.get(call)
        if known is None:
            known = self._asked[call] = self._decide(call)
        return known

    def _decide(self, call: LabCall) -> AccessDecision:
        if self._seat is None:
            profiles = {**self.environment.profiles, self.profile_name: self.profile}
            settings = self.environment.model_copy(update={"profiles": profiles})
            self._seat = permissions.cell(self.names, self.profile, settings)
        maker = asking.makes(call.action)
        is_made = not maker or maker == call.action or self._can_make(maker)
        return self._seat.decide(asking.question(call, self.names, is_made=is_made))

    def _can_make(self, action: str) -> bool:
        if "Mlflow" in action:
            return self.profile.mlflow is not None  # it is made with the seat, or with the class
        made = LabCall(action, Place(""), use=_MAKERS.get(action, ""), untyped=True)
        return self.decide(made).allowed

    def _typed(self, call: LabCall) -> LabCall:
        """Return a call that says no type with one that the profile allows."""
        if not call.use or call.types or call.serverless:
            return call
        access = self.profile.access
        types = {
            "training": access.training_instance_types,
            "endpoint": access.endpoint_instance_types,
        }.get(call.use, access.processing_instance_types)
        return replace(call, types=(types[0].replace("*", "large"),))


_MAKERS = {
    "sagemaker:CreateTrainingJob": "training",
    "sagemaker:CreateHyperParameterTuningJob": "training",
    "sagemaker:CreateProcessingJob": "processing",
    "sagemaker:CreateTransformJob": "transform",
    "sagemaker:CreateEndpointConfig": "endpoint",
}


def fit(labs: Labs, names: Names, environment: Environment, profile_name: str) -> Fitting:
    """Return the smallest profile for labs that begins with the base's."""

    def policies(settings: Sequence[FittedSetting]) -> Policies:
        return Policies(names, environment, profile_name, applied(labs.base, settings))

    wanted = [(need, _setting(need, value)) for need, value in differing(labs)]
    believed = [setting for need, setting in wanted if not need.is_asked]
    optional = [setting for need, setting in wanted if need.is_asked]
    before, after = policies(()), policies(optional)
    # What nothing opens tells nothing of the settings, nor does what the base allows: but a list of
    # machines takes the place of the base's.
    opened = [
        call
        for call in _distinct(labs.calls)
        if after.decide(call).allowed and (call.use or not before.decide(call).allowed)
    ]
    kept = list(optional)
    for setting in optional:
        for smaller in _smaller(setting, labs):
            at = next(at for at, each in enumerate(kept) if each.key == setting.key)
            rest = [*kept[:at], *([smaller] if smaller else []), *kept[at + 1 :]]
            if all(map(_allows(policies(rest)), opened)):
                kept = rest
                if smaller is None:
                    break
    settings = [_placed(each, kept, policies, labs, opened) for each in kept]
    settings += [replace(each, places=_facts(labs, each)) for each in believed]
    if not labs.keeps:
        settings += _narrowed(settings, labs)
    settings.sort(key=lambda setting: [need.key for need in NEEDS].index(setting.key))
    profile = applied(labs.base, settings)
    last = policies(settings)
    return Fitting(
        profile,
        tuple(settings),
        tuple(Verdict(call, last.decide(call)) for call in labs.calls),
    )


def _narrowed(settings: Sequence[FittedSetting], labs: Labs) -> list[FittedSetting]:
    """Return the settings that keep shut what no lab asks for and the defaults would open."""
    set_already = {setting.key for setting in settings}
    return [
        FittedSetting(need.key, value, f"{need.why}, and none that the labs do not use")
        for need, value in narrowing(labs)
        if need.key not in set_already
    ]


def applied(base: Profile, settings: Iterable[FittedSetting]) -> Profile:
    """Return a profile with settings in the place of what it says."""
    document: dict[str, Any] = base.model_dump(mode="json", exclude_unset=True)
    for setting in settings:
        put(document, setting.key, copy.deepcopy(setting.value))
    return Profile.model_validate(document)


def put(document: dict[str, Any], key: Key, value: Any) -> None:
    """Set a key of a document; a list of statements grows by those that are new."""
    *above, last = key
    for part in above:
        document = document.setdefault(part, {})
    if last == "extra_statements":
        value = [*document.get(last, ()), *value]
    document[last] = value


def _setting(need: Need, value: Any) -> FittedSetting:
    return FittedSetting(need.key, value, need.why)


def _smaller(setting: FittedSetting, labs: Labs) -> Iterable[FittedSetting | None]:
    """Yield a setting's smaller kin to be tried in turn: None is to do without it."""
    yield None
    if isinstance(setting.value, list):
        kept = setting.value
        base = labs.base.access if labs.keeps else None
        had = {*getattr(base, setting.key[-1], ())} if base else set()
        for each in setting.value:
            if isinstance(each, str) and each in had:
                continue
            fewer = [other for other in kept if other != each]
            if fewer:
                yield replace(setting, value=fewer)


def _allows(policies: Policies) -> Any:
    return lambda call: policies.decide(call).allowed


def _placed(
    setting: FittedSetting,
    kept: Sequence[FittedSetting],
    policies: Any,
    labs: Labs,
    opened: Sequence[LabCall],
) -> FittedSetting:
    """Return a setting with the places of the calls that would be denied without it."""
    without = policies([each for each in kept if each.key != setting.key])
    lost = {asking.alike(call) for call in opened if not without.decide(call).allowed}
    places = sorted({_cell(call.place) for call in labs.calls if asking.alike(call) in lost})
    return replace(setting, places=tuple(places))


def _facts(labs: Labs, setting: FittedSetting) -> tuple[Place, ...]:
    kind = {"immutable_tags": "push", "root_access": "sudo"}.get(setting.key[-1])
    return tuple(sorted({place for each, _, place in labs.found.facts if each == kind}))


def _distinct(calls: Iterable[LabCall]) -> list[LabCall]:
    return [*{asking.alike(call): call for call in calls}.values()]


def _cell(place: Place) -> Place:
    """Return the cell of a notebook, or a program as a whole."""
    return place if place.cell else Place(place.file)
