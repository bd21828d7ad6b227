"""What is asked of an account once for all its Regions, and what its answers mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from workshop.account_region import AccountRegion
from workshop.preflight import arithmetic, demand, limits, quotas, usage
from workshop.preflight.checks import Check
from workshop.preflight.parallel_reads import Answer, ParallelReads
from workshop.preflight.quotas import Quotas
from workshop.preflight.reading import Unread
from workshop.preflight.request import PreflightRequest


def account_of(place: AccountRegion) -> AccountRegion:
    """A place's account, with the Region in which its global quotas are told."""
    return replace(place, region=quotas.home_of_global(place.region))


@dataclass(frozen=True)
class AccountReads:
    """The questions about one account, under way; ``place`` is of ``account_of``."""

    place: AccountRegion
    subjects: tuple[PreflightRequest, ...]
    iam: Answer[Quotas]
    s3: Answer[Quotas]
    identities: Answer[usage.AccountIdentities]
    buckets: Answer[frozenset[str]]

    def checks(self) -> Iterator[Check]:
        """Wait for the answers, and judge them."""
        iam, there = self.iam.result(), self.identities.result()
        yield arithmetic.count(
            self.place,
            limits.ROLES,
            need=self._made([one.wanted.roles for one in self.subjects]),
            used=there if isinstance(there, Unread) else there.roles,
            quota=quotas.of(iam, limits.ROLES),
        )
        yield arithmetic.count(
            self.place,
            limits.POLICIES,
            need=self._made([one.wanted.policies for one in self.subjects]),
            used=there if isinstance(there, Unread) else there.policies,
            quota=quotas.of(iam, limits.POLICIES),
        )
        yield arithmetic.names(
            self.place,
            limits.BUCKETS,
            wanted=frozenset(name for one in self.subjects for name in one.wanted.buckets),
            there=self.buckets.result(),
            quota=quotas.of(self.s3.result(), limits.BUCKETS),
        )

    def _made(self, by_subject: Iterable[Mapping[str, int]]) -> int | Unread:
        need = 0
        for subject, of_stacks in zip(self.subjects, by_subject, strict=True):
            if subject.stacks is None:
                return Unread(f"the stacks of {subject.place} could not be listed")
            need += demand.made_by(of_stacks, subject.stacks)
        return need


def ask_account(
    ask: ParallelReads, place: AccountRegion, subjects: Iterable[PreflightRequest]
) -> AccountReads:
    """Begin all questions about an account."""
    return AccountReads(
        place=place,
        subjects=tuple(subjects),
        iam=ask(quotas.applied, place, (limits.ROLES, limits.POLICIES)),
        s3=ask(quotas.applied, place, (limits.BUCKETS,)),
        identities=ask(usage.identities, place),
        buckets=ask(usage.buckets, place),
    )
