"""A small workshop on the local cloud, filled as its attendees would, beside things of strangers.

Seats work with the credentials of their notebooks. What strangers made first is nobody's business;
of what came later, all is the workshop's but for what is called ``unproven``: of that only names
and tags tell whose it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from localcloud import process
from tests.support import account_snapshots as snapshots
from tests.support.account_snapshots import Held
from tests.support.assemblies import shipped
from tests.support.attendee_resources import (
    dashboard,
    data,
    endpoint,
    experiments,
    features,
    images,
    log,
    machine,
    model,
    notebook,
    packages,
    pipelines,
    rule,
    schedule,
    studio,
    tracking,
    training,
    transform,
)
from tests.support.local_cloud import IAM, TRUST, Cloud
from tests.support.sessions import Maker, Session, session_at
from tests.support.small_workshop import HOME, cohort_text, exemplar
from tests.support.usual_stacks import USUAL_STACKS
from workshop import tags
from workshop.config.roster import Seat
from workshop.naming import COHORT, Names
from workshop.teardown.resource import Identity

UNPROVEN = "unproven"
"""Part of the name of what nothing proves."""

WORKSHOP = ENVIRONMENT = "demo"
LONG = 10_000_000.0
"""Seconds that jobs run here, unless a test says otherwise."""

QUIET = {
    **dict.fromkeys(("training", "processing", "transform", "tuning", "automl"), LONG),
    **dict.fromkeys(("endpoint", "inference_component", "model_package", "stopping"), 0.0),
    **dict.fromkeys(("feature_group", "tracking_server", "mlflow_app", "domain", "app"), 0.0),
    "pipeline": LONG,
    "compilation": LONG,
    "notebook": 0.0,
    "tick": 0.0,
}


@dataclass
class Site:
    """The workshop ``demo`` with its environment ``demo``, and who else is in the account."""

    cloud: Cloud
    session: Session
    others: set[str] = field(default_factory=set)
    """Kinds and names of what is not the workshop's (see ``teardown_snapshots``)."""

    records: set[str] = field(default_factory=set)
    """Names of what AWS cannot delete, as earlier runs told."""

    proven: dict[Identity, str] = field(default_factory=dict)
    """What the last plan had as proven, with its seats."""

    def __post_init__(self) -> None:
        self.hear: Callable[[Any], object] = lambda _: None
        self._credentials: dict[str, dict[str, str]] = {}

    @staticmethod
    def names(seat: str, workshop: str = WORKSHOP) -> Names:
        return Names(workshop, seat, HOME.account, HOME.region)

    def others_are_here(self, look: Callable[[Cloud], Held] = snapshots.of) -> None:
        """All that is there by now is somebody else's."""
        self.others = set(look(self.cloud))

    def is_others(self, what: str, *, include_claimed: bool = False) -> bool:
        """Whether a thing must stay as it is."""
        return what in self.others or (UNPROVEN in what and not include_claimed)

    # --- what the organiser made --------------------------------------------------------------

    def cohort(self) -> None:
        self._deploy(self.names(COHORT).stack(COHORT), cohort_text(), COHORT)

    def seat(self, seat: str, *kinds: str) -> None:
        """The stacks of a seat."""
        for kind in kinds or USUAL_STACKS:
            text = exemplar(kind).text(_seat(seat))
            self._deploy(self.names(seat).stack(kind), text, seat)

    def _deploy(self, name: str, text: str, seat: str) -> None:
        given = tags.seat_tags(
            workshop=WORKSHOP,
            environment=ENVIRONMENT,
            attendee=seat,
            profile="attendee",
            extra={},
        )
        status = self.cloud.deploy(
            name, text, Tags=[{"Key": key, "Value": one} for key, one in given.items()], **IAM
        )
        assert status == "CREATE_COMPLETE", self.cloud.reasons(name, "CREATE_FAILED")

    # --- who makes things ---------------------------------------------------------------------

    def attendee(self, seat: str, *, prefix: str | None = None, tagged: bool = True) -> Maker:
        """A seat at work; its own prefix unless another is given.

        What serves models has the seat's tags always, other work if it is ``tagged``.
        """
        names = self.names(seat)
        self._sign_in(names.role_arn)
        hand = self._hand(names, names.role_arn, prefix)
        return hand if tagged else replace(hand, tags=())

    def stranger(
        self,
        role: str = "somebody",
        *,
        path: str = "/",
        prefix: str = "theirs-",
        tags_of: str = "",
    ) -> Maker:
        """Somebody with a role of their own, and with a seat's tags if they took these."""
        arn = f"arn:aws:iam::{HOME.account}:role{path}{role}"
        if arn not in self._credentials:
            self.cloud.client("iam").create_role(
                RoleName=role, Path=path, AssumeRolePolicyDocument=json.dumps(TRUST)
            )
        self._sign_in(arn)
        names = replace(self.names(tags_of or "nobody"), workshop=WORKSHOP if tags_of else "other")
        hand = replace(self._hand(names, arn, prefix), names=_Theirs(names))
        return hand if tags_of else replace(hand, tags=(), forced=())

    def _sign_in(self, arn: str) -> None:
        if arn not in self._credentials:
            self._credentials[arn] = process.role_credentials(self.cloud.running, arn)
        self.session.sign_in(**self._credentials[arn])

    def _hand(self, names: Names, role: str, prefix: str | None) -> Maker:
        given = (
            (tags.WORKSHOP, names.workshop),
            (tags.ENVIRONMENT, ENVIRONMENT),
            (tags.ATTENDEE, names.seat),
        )
        called = names.job_prefix if prefix is None else prefix
        return Maker(self.session, names, role, called, given, forced=given)


class _Theirs(Names):
    """Names of strangers: their bucket is nobody's."""

    def __init__(self, names: Names) -> None:
        super().__init__(names.workshop, names.seat, names.account, names.region)

    def bucket(self, key: str) -> str:
        return f"somebodys-{key}"

    def repository(self, key: str) -> str:
        return f"somebodys/{key}"


def _seat(seat: str) -> Seat:
    loaded = shipped("demo").loaded
    return replace(next(one for one in loaded.seats if one.profile == "attendee"), id=seat)


def room(cloud: Cloud, **delays: float) -> Site:
    """A workshop without any seat yet, in a cloud whose time stands still."""
    return room_of(cloud, session_at(cloud.endpoint), **delays)


def room_of(cloud: Cloud, session: Session, **delays: float) -> Site:
    """The same, in which everybody works over this session."""
    cloud.freeze()
    cloud.delays(**{**QUIET, **delays})
    for shared in (
        *("TrainingJobs", "ProcessingJobs", "TransformJobs", "NotebookInstances"),
        "studio",
    ):
        cloud.client("logs").create_log_group(logGroupName=f"/aws/sagemaker/{shared}")
    return Site(cloud, session)


def look_alikes(made: Site) -> None:
    """Somebody whose work is called like a seat's, or nearly so."""
    for prefix in ("demo-ada-their-", "demo2-ada-"):
        hand = made.stranger(prefix=prefix)
        for make in (log, experiments, endpoint):
            make(hand)
    made.cloud.client("s3").create_bucket(Bucket=f"demo-ada-photos-{HOME.account}")


def strangers(made: Site) -> None:
    """Another workshop of the account, look-alikes, and somebody's own work."""
    own = made.cloud.client("s3")
    for name in (
        "somebodys-data",
        f"demo-ada-photos-{HOME.account}",
        f"demos-ada-data-{HOME.account}-{HOME.region}",
        f"sagemaker-{HOME.region}-{HOME.account}",
    ):
        own.create_bucket(Bucket=name)
        own.put_object(Bucket=name, Key="demo2/ada/kept.txt", Body=b"kept")
    made.cloud.client("ecr").create_repository(repositoryName="somebodys/training")
    made.cloud.client("ecr").create_repository(repositoryName="demo2/ada/training")
    # Prefixes that begin alike, a seat's name in another workshop, and a seat's very prefix.
    for number, prefix in enumerate(
        ("theirs-", "demo2-ada-", "demos-ada-", "demo-adax-", "demo-ada-their-")
    ):
        hand = made.stranger(prefix=prefix)
        for make in (training, model, experiments, endpoint, features, tracking):
            make(hand)
        if number == 0:
            for make in (packages, pipelines, notebook, studio, data, images, schedule, rule, log):
                make(hand)
    # Another workshop of ours, with a role of its own path, and a role that looks like a seat's.
    other = made.stranger(
        "speech-ada-us-east-1-execution", path="/ws/speech/", prefix="speech-ada-"
    )
    training(other)
    experiments(other)
    alike = made.stranger("demo-adax-us-east-1-execution", prefix="demo-adax-own-")
    training(alike)
    experiments(alike)
    machine(made.stranger())
    dashboard(made.stranger(prefix="demo2-"))


def small(cloud: Cloud, **delays: float) -> Site:
    """The cohort and ada's role and bucket, beside somebody whose things look like hers."""
    made = room(cloud, **delays)
    look_alikes(made)
    made.others_are_here()
    made.cohort()
    made.seat("ada", "storage", "access")
    return made


def busy(cloud: Cloud, **delays: float) -> Site:
    """A small room in which ada works."""
    made = small(cloud, **delays)
    ada = made.attendee("ada", prefix="mine-", tagged=False)
    for make in (
        *(data, training, transform, endpoint),
        *(experiments, packages, pipelines, notebook, log),
    ):
        make(ada)
    return made
