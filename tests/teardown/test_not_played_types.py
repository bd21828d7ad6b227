"""Resource types that the local cloud does not play, held against botocore's model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any, cast
from unittest import mock

import boto3
import pytest
from botocore.stub import Stubber

from tests.support import teardown_demo
from tests.support.teardown_demo import ADA, HERE, context, whose
from workshop.aws.clients import Clients
from workshop.teardown.discovery import Discovery
from workshop.teardown.plan import Choices, TeardownPlan
from workshop.teardown.resource import STILL_THERE, Ownership, Resource, SeenRole
from workshop.teardown.resources import sagemaker_type
from workshop.teardown.resources.base import Undeletable

NOW = datetime(2026, 5, 1, tzinfo=UTC)
AWS = f"arn:aws:sagemaker:{HERE.region}:{HERE.account}"
SESSION = f"arn:aws:sts::{HERE.account}:assumed-role/{ADA.role}/SageMaker"
STRANGER = f"arn:aws:sts::{HERE.account}:assumed-role/somebody/SageMaker"


class Stubbed:
    """Clients that are told what to expect and what to answer."""

    def __init__(self, *services: str) -> None:
        given = {
            "region_name": HERE.region,
            "aws_access_key_id": "none",
            "aws_secret_access_key": "none",
        }
        self._clients = {name: boto3.client(name, **given) for name in services}  # type: ignore[call-overload]
        self.stubs = {name: Stubber(client) for name, client in self._clients.items()}

    def client(self, service: str, account_region: object) -> Any:
        assert account_region == HERE
        return self._clients[service]

    def expect(self, operation: str, asked: dict[str, Any], answer: dict[str, Any]) -> None:
        self.stubs["sagemaker"].add_response(operation, answer, asked)


@contextmanager
def stubbed() -> Iterator[Stubbed]:
    """All that was expected has been asked, in its order, once this is left."""
    made = Stubbed("sagemaker", "iam")
    with ExitStack() as stack:
        for stub in made.stubs.values():
            stack.enter_context(stub)
        # Stubs answer in their order, which several threads do not keep.
        stack.enter_context(mock.patch.object(sagemaker_type, "DESCRIBING", 1))
        yield made
        for stub in made.stubs.values():
            stub.assert_no_pending_responses()


def as_clients(made: Stubbed) -> Clients:
    return cast("Clients", made)


RECORDS = {
    "artifact": ("list_artifacts", "ArtifactSummaries", "describe_artifact", "ArtifactArn"),
    "context": ("list_contexts", "ContextSummaries", "describe_context", "ContextName"),
    "action": ("list_actions", "ActionSummaries", "describe_action", "ActionName"),
}


@pytest.mark.parametrize("resource_type", RECORDS)
def test_lineage_is_told_by_its_maker_on_every_page(resource_type: str) -> None:
    lists, member, describes, named = RECORDS[resource_type]
    arn = f"{resource_type.capitalize()}Arn"

    def name(one: str) -> str:
        return f"{AWS}:{resource_type}/{one}" if named == arn else one

    def summary(one: str) -> dict[str, Any]:
        own = {} if resource_type == "artifact" else {f"{resource_type.capitalize()}Name": one}
        return {arn: f"{AWS}:{resource_type}/{one}", "CreationTime": NOW, **own}

    with stubbed() as made:
        for token, following, one in ((None, "more", "hers"), ("more", None, "theirs")):
            asked = {"MaxResults": 100, **({"NextToken": token} if token else {})}
            answer = {member: [summary(one)], **({"NextToken": following} if following else {})}
            made.expect(lists, asked, answer)
        made.stubs["iam"].add_client_error("get_role", "NoSuchEntity", "The role cannot be found.")
        for one, maker in (("hers", SESSION), ("theirs", STRANGER)):
            told = {"CreatedBy": {"IamIdentity": {"Arn": maker}}, "CreationTime": NOW}
            made.expect(describes, {named: name(one)}, told)
        # Her role is gone, and nobody has noted its id.
        assert whose(context(as_clients(made)), resource_type) == {
            name("hers"): (Ownership.CLAIMED, "ada")
        }


@pytest.mark.parametrize("resource_type", ["context", "action"])
def test_whoever_made_a_record_has_it_whatever_job_it_names(resource_type: str) -> None:
    lists, member, describes, named = RECORDS[resource_type]
    arn, mine = (
        f"{resource_type.capitalize()}Arn",
        SeenRole(HERE.account, ADA.role, "", NOW, STILL_THERE),
    )
    with stubbed() as made:
        some = [
            {arn: f"{AWS}:{resource_type}/{one}", named: one, "CreationTime": NOW} for one in "ab"
        ]
        made.expect(lists, {"MaxResults": 100}, {member: some})
        for one, maker in (("a", SESSION), ("b", STRANGER)):
            job = {"SourceUri": f"{AWS}:training-job/{one}"}
            told = {"CreatedBy": {"IamIdentity": {"Arn": maker}}, "CreationTime": NOW}
            made.expect(describes, {named: one}, {**told, "Source": job})
        here = context(as_clients(made), roles=(mine,))
        assert whose(here, resource_type) == {"a": (Ownership.OWNED, "ada")}


@pytest.mark.parametrize("resource_type", RECORDS)
def test_lineage_is_untied_on_every_page_before_it_goes(resource_type: str) -> None:
    _, _, _, named = RECORDS[resource_type]
    own = f"{AWS}:{resource_type}/hers"
    resource = Resource(
        resource_type,
        "hers",
        HERE,
        Ownership.OWNED,
        "",
        arn=own,
        details={named: own if named == "ArtifactArn" else "hers"},
    )
    with stubbed() as made:
        for side, other in (("SourceArn", "DestinationArn"), ("DestinationArn", "SourceArn")):
            for token, following, one in ((None, "more", "a"), ("more", None, "b")):
                asked = {side: own, "MaxResults": 100, **({"NextToken": token} if token else {})}
                tie = {side: own, other: f"{AWS}:artifact/{side}{one}"}
                more = {"NextToken": following} if following else {}
                made.expect("list_associations", asked, {"AssociationSummaries": [tie], **more})
            for one in ("a", "b"):
                tie = {side: own, other: f"{AWS}:artifact/{side}{one}"}
                made.expect("delete_association", tie, {})
        made.expect(f"delete_{resource_type}", dict(resource.details), {})
        teardown_demo.RESOURCE_TYPES[resource_type].delete(context(as_clients(made)), resource)


def labeling(state: str) -> dict[str, Any]:
    return {
        "LabelingJobName": "boxes",
        "LabelingJobArn": f"{AWS}:labeling-job/boxes",
        "LabelingJobStatus": state,
        "LabelCounters": {},
        "CreationTime": NOW,
        "LastModifiedTime": NOW,
        "JobReferenceCode": "none",
        "InputConfig": {"DataSource": {}},
        "OutputConfig": {"S3OutputPath": "s3://data/"},
        "RoleArn": ADA.role_arn,
        "HumanTaskConfig": {
            "WorkteamArn": f"{AWS}:workteam/private-crowd/us",
            "UiConfig": {},
            "TaskTitle": "Boxes",
            "TaskDescription": "Draw them",
            "NumberOfHumanWorkersPerDataObject": 1,
            "TaskTimeLimitInSeconds": 60,
        },
    }


def test_a_labeling_job_is_proven_by_its_role_and_stopped() -> None:
    summary = {
        **{key: value for key, value in labeling("InProgress").items() if key != "RoleArn"},
        "WorkteamArn": f"{AWS}:workteam/private-crowd/us",
    }
    kept = (
        *("LabelingJobName", "LabelingJobArn", "LabelingJobStatus", "LabelCounters"),
        *("CreationTime", "LastModifiedTime", "WorkteamArn"),
    )
    page = [{key: summary[key] for key in kept}]
    with stubbed() as made:
        first = {"LabelingJobSummaryList": [], "NextToken": "more"}
        made.expect("list_labeling_jobs", {"MaxResults": 100}, first)
        made.expect(
            "list_labeling_jobs",
            {"MaxResults": 100, "NextToken": "more"},
            {"LabelingJobSummaryList": page},
        )
        made.expect("describe_labeling_job", {"LabelingJobName": "boxes"}, labeling("InProgress"))
        here, resource_type = (
            context(as_clients(made)),
            teardown_demo.RESOURCE_TYPES["labeling job"],
        )
        [job] = resource_type.find(here)
        assert (job.ownership, job.seat, job.hourly) == (Ownership.OWNED, "ada", None)
        assert not resource_type.deletable_in(job.state)
        made.expect("stop_labeling_job", {"LabelingJobName": "boxes"}, {})
        assert resource_type.stop(here, job)


def recommending(name: str, state: str, role: str) -> dict[str, Any]:
    return {
        "JobName": name,
        "JobDescription": "",
        "JobType": "Default",
        "JobArn": f"{AWS}:inference-recommendations-job/{name}",
        "RoleArn": role,
        "Status": state,
        "CreationTime": NOW,
        "LastModifiedTime": NOW,
    }


def test_a_job_that_recommends_an_instance_is_proven_by_its_role_and_stopped() -> None:
    theirs = f"arn:aws:iam::{HERE.account}:role/somebody"
    pages: list[dict[str, Any]] = [
        {
            "InferenceRecommendationsJobs": [
                recommending("theirs", "IN_PROGRESS", theirs),
                recommending("gone", "DELETED", ADA.role_arn),
            ],
            "NextToken": "more",
        },
        {"InferenceRecommendationsJobs": [recommending("hers", "IN_PROGRESS", ADA.role_arn)]},
    ]
    resource_type = teardown_demo.RESOURCE_TYPES["inference recommendations job"]
    with stubbed() as made:
        for asked, page in zip(({}, {"NextToken": "more"}), pages, strict=True):
            made.expect("list_inference_recommendations_jobs", {"MaxResults": 100, **asked}, page)
        here = context(as_clients(made))
        [job] = resource_type.find(here)
        assert (job.id, job.ownership, job.seat) == ("hers", Ownership.OWNED, "ada")
        assert job.hourly is None
        assert not resource_type.deletable_in(job.state)
        made.expect("stop_inference_recommendations_job", {"JobName": "hers"}, {})
        assert resource_type.stop(here, job)


def test_a_job_that_recommends_an_instance_ends_as_a_record_that_costs_nothing() -> None:
    resource_type = teardown_demo.RESOURCE_TYPES["inference recommendations job"]
    with stubbed() as made:
        page = {"InferenceRecommendationsJobs": [recommending("hers", "STOPPED", ADA.role_arn)]}
        made.expect("list_inference_recommendations_jobs", {"MaxResults": 100}, page)
        here = context(as_clients(made))
        [job] = resource_type.find(here)
        assert job.ownership == Ownership.OWNED
        assert job.hourly == 0
        assert not resource_type.stop(here, job)
        discovery = Discovery({job.key: job}, {}, {}, {HERE: here}, (), ())
        plan = TeardownPlan(discovery, teardown_demo.RESOURCE_TYPES, Choices())
        assert plan.is_record(job)
        with pytest.raises(Undeletable, match="no way to delete this inference recommendations"):
            resource_type.delete(here, job)
