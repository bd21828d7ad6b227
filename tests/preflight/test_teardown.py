"""What a teardown has to read is asked for beforehand, by looking a little and by IAM's word."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore import xform_name

from tests.preflight.test_permissions import as_role, statement
from tests.support.local_cloud import Cloud
from tests.support.preflights import HOME, THREE, Preflights, calling, one, refused
from tests.support.teardown_runs import clients_at, proving, teardown
from tests.support.teardown_workshop import busy
from workshop import teardown as room
from workshop.aws.clients import Clients
from workshop.naming import Names
from workshop.preflight import CheckState, called_actions, permissions, teardown_reads
from workshop.preflight.checks import DeniedAction
from workshop.preflight.request import ParallelReads, PreflightRequest
from workshop.teardown import resources, roles
from workshop.teardown.discovery import discover
from workshop.teardown.resources import sagemaker_types
from workshop.teardown.resources.sagemaker_type import SageMakerType
from workshop.teardown.scan_target import ScanTarget

IAM_NAMES = {
    "resourcegroupstaggingapi:GetResources": "tag:GetResources",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListObjectsV2": "s3:ListBucket",
}
"""What IAM calls an operation, where that is not its name."""

READING = re.compile(r"(?:List|Describe|Get|Head|Search)[A-Z]\w+")


def test_a_listing_that_is_denied_is_told_with_what_it_means_and_can_be_accepted(
    preflights: Preflights,
) -> None:
    preflights.cloud.faults({"effect": "denied", "operation": "glue:GetTables"})
    report = preflights.ask(THREE, tries_reads=True)
    assert refused(report) == ["feature table"]
    check = one(report, "feature table")
    assert (check.state, check.message) == (
        CheckState.UNKNOWN,
        "a teardown will not be able to prove that none is left of: feature table (GetTables:"
        " AccessDeniedException); have that allowed, or go on without:"
        " --accept-unknown 'feature table'",
    )
    assert preflights.ask(THREE, tries_reads=True, accept=["feature table"]).passed


def test_what_a_whole_service_denies_is_one_check_and_accepted_whole_or_type_by_type(
    preflights: Preflights,
) -> None:
    preflights.cloud.faults(
        {"effect": "denied", "operation": "sagemaker:ListTrial*"},
        {"effect": "denied", "operation": "sagemaker:ListPipelines"},
    )
    (name,) = refused(preflights.ask(THREE, tries_reads=True))
    assert name == "teardown: sagemaker"
    preflights.cloud.faults(
        {"effect": "denied", "operation": "sagemaker:ListTrial*"},
        {"effect": "denied", "operation": "sagemaker:ListPipelines"},
    )
    types = ["trial", "trial component", "pipeline"]
    report = preflights.ask(THREE, tries_reads=True, accept=types[:2])
    assert one(report, name).parts == ("pipeline", "trial", "trial component")
    assert not report.passed
    assert report.unmatched(types) == ()
    assert preflights.ask(THREE, tries_reads=True, accept=types).passed
    assert preflights.ask(THREE, tries_reads=True, accept=[name]).passed


def test_a_service_that_is_not_there_is_told_too(preflights: Preflights) -> None:
    nowhere = {"AWS_ENDPOINT_URL_SCHEDULER": "http://scheduler.nowhere.invalid"}
    report = preflights.ask(THREE, tries_reads=True, variables=nowhere)
    assert refused(report) == ["schedule"]
    assert "Could not connect to the endpoint URL" in one(report, "schedule").message


def test_everything_that_a_teardown_looks_for_is_looked_for_a_little(
    preflights: Preflights,
) -> None:
    loaded = preflights.loaded(THREE)
    with calling(preflights.cloud):
        for number in range(3 * teardown_reads.MOST_CALLS):
            preflights.cloud.client("logs", region=HOME.region).create_log_group(
                logGroupName=f"/aws/sagemaker/Endpoints/{number}"
            )
        subject = PreflightRequest(loaded, HOME, loaded.seats, {})
        whole, few = Clients(HOME), Clients(HOME)
        discover(whole, ScanTarget("vision", "dev", {HOME: frozenset()}, whole=True), resources.ALL)
        with ThreadPoolExecutor(4) as pool:
            asked = teardown_reads.ask(ParallelReads(few, pool), subject)
        others = {roles.ROLE, roles.POLICY, "tag"}
        assert asked.keys() == {each.name for each in resources.ALL} | others
    # Every preflight lists the stacks by itself.
    assert few.calls.keys() == whole.calls.keys() - {"cloudformation:DescribeStacks"}
    assert sum(few.calls.values()) <= len(asked) * teardown_reads.MOST_CALLS


def test_a_few_calls_are_the_bound_of_that_look_alone(preflights: Preflights) -> None:
    subject = PreflightRequest(loaded := preflights.loaded(THREE), HOME, loaded.seats, {})
    with calling(preflights.cloud):
        clients = Clients(loaded.home)
        with ThreadPoolExecutor(4) as pool:
            asked = teardown_reads.ask(ParallelReads(clients, pool), subject)
        assert {read.result().reason for read in asked.values()} == {""}
        # Whoever asks afterwards, through the same client, may ask as often as there is need to.
        for _ in range(teardown_reads.MOST_CALLS + 1):
            (page,) = clients.pages(HOME, "logs", "DescribeLogGroups")
            assert page["logGroups"] == []


def test_a_role_that_may_not_read_what_a_teardown_reads_is_told_by_service(
    preflights: Preflights,
) -> None:
    denied = statement("Deny", "ec2:DescribeVolumes", "sagemaker:Describe*")
    role = as_role(preflights, statement("Allow", "*"), denied)
    preflights.cloud.faults()
    report = preflights.ask(THREE, tries_reads=True, variables=role)
    check = one(report, permissions.READS_SUBJECT)
    assert len(check.denied) > 30
    assert check.message == (
        f"a teardown could prove nothing without {len(check.denied)} actions of ec2 and sagemaker;"
        " find it out, or"
        " go on without: --accept-unknown 'permissions to tear down'"
    )
    assert check.denied[0] == DeniedAction("ec2:DescribeVolumes", "*")


def test_what_a_teardown_may_not_delete_is_told_and_refuses_nothing(
    preflights: Preflights,
) -> None:
    denied = statement("Deny", "sagemaker:DeleteEndpoint", "s3:DeleteObjectVersion")
    role = as_role(preflights, statement("Allow", "*"), denied)
    report = preflights.ask(THREE, tries_reads=True, variables=role)
    assert report.passed
    check = one(report, permissions.DELETES_SUBJECT)
    assert (check.state, check.message) == (
        CheckState.WARNING,
        "a teardown may need 2 actions of sagemaker and s3; better allowed beforehand",
    )


def test_what_a_running_workshop_calls_is_told_by_command_and_refuses_nothing(
    preflights: Preflights,
) -> None:
    denied = statement("Deny", "s3:PutObject", "pricing:GetProducts", "ce:GetCostAndUsage")
    role = as_role(preflights, statement("Allow", "*"), denied)
    report = preflights.ask(THREE, tries_reads=True, variables=role)
    assert report.passed
    found = [check for check in report.checks if check.subject == permissions.RUNNING_SUBJECT]
    assert [(check.state, check.message) for check in found] == [
        (
            CheckState.WARNING,
            "save, tell, share, swap and teardown may need s3:PutObject; better allowed beforehand",
        ),
        (
            CheckState.WARNING,
            "bill may need 2 actions of ce and pricing; better allowed beforehand",
        ),
    ]


SEVERAL = THREE.replace("{seats: 3}", "{file: people.csv}")


def test_what_the_bill_of_several_accounts_asks_at_home_is_told_and_refuses_nothing(
    preflights: Preflights,
) -> None:
    people = preflights.folder / "people.csv"
    preflights.folder.mkdir()
    people.write_text("id,account\nada,\nben,111122223333\n")
    denied = statement("Deny", "organizations:ListAccounts")
    role = as_role(preflights, statement("Allow", "*"), denied)
    report = preflights.ask(SEVERAL, only=["ada"], tries_reads=True, variables=role)
    assert report.passed
    check = one(report, permissions.COMMON_BILL_SUBJECT)
    assert (check.account_region, check.state, check.message) == (
        HOME,
        CheckState.WARNING,
        "bill --reconcile may need organizations:ListAccounts, or it asks, and AWS charges, for"
        " each account alone; better allowed beforehand",
    )
    people.write_text("id\nada\nben\n")  # in one account, which is asked for its own anyway
    report = preflights.ask(SEVERAL, only=["ada"], tries_reads=True, variables=role)
    assert permissions.COMMON_BILL_SUBJECT not in {check.subject for check in report.checks}


def test_whatever_a_teardown_calls_is_asked_for(cloud: Cloud) -> None:
    run = teardown(busy(cloud), clients=clients_at(cloud.endpoint))
    proving(run)
    assert run.report is not None
    made = {IAM_NAMES.get(call, call) for call in run.report.calls}
    deleting = {call for call in made if re.search(r":(Delete|Batch|Stop|Terminate|Abort)", call)}
    known = {action for some in called_actions.ACTIONS.values() for action in some}
    deleting = {"s3:DeleteObject" if call == "s3:DeleteObjects" else call for call in deleting}
    assert "sagemaker:DeleteEndpoint" in deleting
    names = Names("vision", "ada", "000000000000", "eu-west-1")
    asked = permissions.deletes(names, "aws", bucket="data")
    assert deleting - known <= {action for _, actions in asked for action in actions}


def test_the_permissions_that_are_asked_for_are_those_of_what_a_teardown_reads(
    cloud: Cloud,
) -> None:
    run = teardown(busy(cloud), clients=clients_at(cloud.endpoint))
    proving(run)
    assert run.report is not None
    asked = set(permissions.reads()[1])
    # What the watch noted of endpoints is listed in its own bucket: without it less is proven.
    made = {IAM_NAMES.get(one, one) for one in run.report.calls} - {"s3:ListBucket"}
    assert {one for one in made if READING.fullmatch(one.partition(":")[2])} <= asked
    (folder,) = room.__path__
    written = {
        f"sagemaker:{name}"
        for file in Path(folder, "resources").glob("sagemaker*.py")
        for name in re.findall(r'"((?:List|Describe)[A-Z]\w+)"', file.read_text(encoding="utf-8"))
    }
    tables = [one.operations for one in sagemaker_types.TYPES if isinstance(one, SageMakerType)]
    written |= {f"sagemaker:{name}" for one in tables for name in (one.lists, one.describes)}
    assert written == {one for one in asked if one.startswith("sagemaker:")}
    called = {
        xform_name(one.partition(":")[2]) for one in (*asked, *IAM_NAMES) if ":Get" not in one
    }
    for file in Path(folder, "resources").glob("[!s]*.py"):
        text = file.read_text(encoding="utf-8")
        used = re.findall(r'client\.((?:list|describe)_\w+)\(|"((?:list|describe)_\w+)"', text)
        assert {one or other for one, other in used} - called <= {"get_tables"}, file


@pytest.mark.parametrize("accepted", [[], ["nothing"], ["GLUE", "feature"]])
def test_another_name_accepts_nothing(preflights: Preflights, accepted: list[str]) -> None:
    preflights.cloud.faults({"effect": "denied", "operation": "glue:GetTables"})
    assert not preflights.ask(THREE, tries_reads=True, accept=accepted).passed
