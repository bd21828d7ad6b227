"""The applied quotas of every account and Region, and the requests to raise them.

Nothing is stored for a quota that was never changed: its value is the one of the data file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from localcloud import ministack_adapter
from localcloud.accounts import AccountRegion
from localcloud.clock import Clock
from localcloud.errors import LocalCloudError
from localcloud.protocol.errors import ApiError
from localcloud.service_quotas.catalogue import Catalogue, Quota, UnknownQuotaError, shipped
from localcloud.service_quotas.increases import Increases

MOST = 10_000_000_000
"""The largest value the Service Quotas API knows (``QuotaValue``)."""


class AppliedQuotas:
    """The quotas of the account and Region being served; SageMaker's types call ``require``."""

    def __init__(self, clock: Clock) -> None:
        self.increases = Increases(clock)
        self._changed: dict[AccountRegion, dict[tuple[str, str], float]] = {}

    @property
    def catalogue(self) -> Catalogue:
        return shipped()

    def value(self, quota: Quota) -> float:
        """Return the applied value for the account and Region being served."""
        return self._changed.get(place(quota), {}).get((quota.service, quota.code), quota.applied)

    def limit(self, service: str, name: str) -> float:
        """Return a quota's applied value by its name; ``UnknownQuotaError`` if there is none."""
        return self.value(self._named(service, name))

    def require(
        self, service: str, asked: Mapping[str, float], in_use: Callable[[str], float]
    ) -> None:
        """Raise ``ApiError`` (ResourceLimitExceeded) if ``asked`` more of a quota is too much.

        The sentence is SageMaker's, as users report it. ``UnknownQuotaError``: the data file lacks
        the name, which is never taken for "no limit".
        """
        for name, amount in asked.items():
            quota = self._named(service, name)
            limit, used = self.value(quota), in_use(name)
            if amount > 0 and used + amount > limit:
                raise ApiError(
                    "ResourceLimitExceeded",
                    f"The account-level service limit '{name}' is {limit:.0f} {quota.counts}, with "
                    f"current utilization of {used:.0f} {quota.counts} and a request delta of "
                    f"{amount:.0f} {quota.counts}. Please use AWS Service Quotas to request an "
                    "increase for this quota. If AWS Service Quotas is not available, contact AWS "
                    "support to request an increase for this quota.",
                )

    def set(self, wanted: Mapping[str, Mapping[str, float]]) -> list[Quota]:
        """Change applied values in the present account and Region; return the changed quotas.

        ``wanted`` maps service codes to names or codes of quotas to values. ``LocalCloudError`` if
        one of them does not exist or is out of bounds; then nothing has changed. A request for an
        increase that the new value fulfils is approved by it.
        """
        for service in wanted:
            self._require_service(service)
        checked = [
            (self._meant(service, which), _bounded(which, value))
            for service, values in wanted.items()
            for which, value in values.items()
        ]
        for quota, value in checked:
            here = self._changed.setdefault(place(quota), {})
            here[quota.service, quota.code] = value
            self.increases.approve(place(quota), quota, value)
        return [quota for quota, _ in checked]

    def changed(self) -> list[Quota]:
        """The quotas whose values were set in the account and Region being served."""
        return [
            quota
            for service in self.catalogue.service_names
            for quota in self.catalogue.of(service)
            if (service, quota.code) in self._changed.get(place(quota), {})
        ]

    def reset(self) -> None:
        """Return to the data file's values, everywhere."""
        self._changed.clear()
        self.increases.reset()

    def get_state(self) -> dict[str, Any]:
        """Return the state to keep over a restart."""
        return {
            "changed": [
                [*where, *which, value]
                for where, values in self._changed.items()
                for which, value in values.items()
            ],
            "increases": self.increases.get_state(),
        }

    def load_persisted_state(self, data: dict[str, Any]) -> None:
        """Restore the state of an earlier process, without quotas that no longer exist."""
        for account, region, service, code, value in data["changed"]:
            if self.catalogue.by_code(service, code) is not None:
                self._changed.setdefault((account, region), {})[service, code] = value
        self.increases.load_persisted_state(
            increase
            for increase in data["increases"]
            if self.catalogue.by_code(increase["service"], increase["code"]) is not None
        )

    def _named(self, service: str, name: str) -> Quota:
        quota = self.catalogue.by_name(service, name)
        if quota is None:
            raise UnknownQuotaError(f"quotas.yaml has no quota '{name}' of {service}")
        return quota

    def _require_service(self, service: str) -> None:
        known = self.catalogue.service_names
        if service not in known:
            raise LocalCloudError(
                f"no quotas of a service '{service}'; known are: {', '.join(known)}"
            )

    def _meant(self, service: str, which: str) -> Quota:
        quota = self.catalogue.by_name(service, which) or self.catalogue.by_code(service, which)
        if quota is None:
            names = [quota.name for quota in self.catalogue.of(service)]
            near = get_close_matches(which, names, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise LocalCloudError(f"{service} has no quota '{which}'{hint}")
        return quota


def place(quota: Quota) -> AccountRegion:
    """Return where the values of a quota are kept while this account and Region are served."""
    return ministack_adapter.account(), "" if quota.is_global else ministack_adapter.region()


def _bounded(which: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST:
        raise LocalCloudError(f"'{which}' cannot be {value}; give a number from 0 to {MOST}")
    return float(value)
