"""What a preflight asks of a running cloud: needs, use and quotas of the whole roster."""

from __future__ import annotations

import pytest

from tests.support.preflights import GLOBAL, HEAD, HOME, THREE, Preflights, one, refused
from tests.support.usual_stacks import USUAL_STACKS
from workshop.account_region import AccountRegion
from workshop.aws import clients
from workshop.preflight import CheckState, quotas

SECOND = AccountRegion("000000000000", "eu-central-1")
OTHER = AccountRegion("111122223333", "eu-west-1")
ALLOW = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
TRUST = ALLOW.replace('"Resource"', '"Principal"').replace(
    '"Action":"*"', '"Action":"sts:AssumeRole"'
)


def test_three_seats_pass_in_an_empty_account_and_each_need_is_counted(
    preflights: Preflights,
) -> None:
    report = preflights.ask(THREE)
    assert report.passed
    numbers = {
        check.subject: (check.account_region, check.need, check.used, check.quota)
        for check in report.checks
        if check.used is not None and check.subject in {name for _, name, *_ in SHORT}
    }
    assert numbers == {
        "Stacks": (HOME, 18, 0, 2000),
        "Registered repositories": (HOME, 3, 0, 100000),
        "Total number of notebook instances": (HOME, 3, 0, 1000),
        VOLUMES: (HOME, 60, 0, 100000),
        "ml.t3.medium for notebook instance usage": (HOME, 3, 0, 400),
        "Roles per account": (GLOBAL, 4, 0, 1000),
        "Customer managed policies per account": (GLOBAL, 9, 0, 1500),
        "General purpose buckets": (GLOBAL, 5, 0, 10000),
    }
    assert {check.state for check in report.checks} == {CheckState.OK}


VOLUMES = "Total EBS volume size in GB across all notebook instances"

SHORT = [
    ("cloudformation", "Stacks", "L-0485CB21", 18, HOME),
    ("ecr", "Registered repositories", "L-CFEB8E8D", 3, HOME),
    ("sagemaker", "Total number of notebook instances", "L-04CE2E67", 3, HOME),
    ("sagemaker", "ml.t3.medium for notebook instance usage", "L-E17566B7", 3, HOME),
    ("sagemaker", VOLUMES, "L-E4B12EA2", 60, HOME),
    ("iam", "Roles per account", "L-FE177D64", 4, GLOBAL),
    ("iam", "Customer managed policies per account", "L-E95E4862", 9, GLOBAL),
    ("s3", "General purpose buckets", "L-DC2B2D3D", 5, GLOBAL),
]


def test_one_short_of_anything_refuses_with_the_request_that_would_help(
    preflights: Preflights,
) -> None:
    for service, _, code, need, _ in SHORT:
        preflights.quota(service, code, need - 1)
    report = preflights.ask(THREE)
    assert refused(report) == [name for _, name, *_ in SHORT]
    for service, name, code, need, account_region in SHORT:
        check = one(report, name)
        assert (check.state, check.account_region, check.quota_code) == (
            CheckState.FAILED,
            account_region,
            code,
        )
        assert check.message == (
            f"you need {need} ({need} more, 0 there), AWS allows {need - 1}"
            f"{' in all Regions' if service in ('iam', 's3') else ''}: 1 too few;"
            f" ask AWS for {need}"
        )
        assert check.request == (
            f"aws service-quotas request-service-quota-increase --service-code {service}"
            f" --quota-code {code} --desired-value {need} --region {account_region.region}"
        )


def test_one_short_of_one_thing_alone_is_enough_to_refuse(preflights: Preflights) -> None:
    preflights.cloud.quotas(region=HOME.region, ecr={"L-CFEB8E8D": 2})
    report = preflights.ask(THREE)
    assert not report.passed
    assert refused(report) == ["Registered repositories"]


def test_just_enough_of_everything_passes(preflights: Preflights) -> None:
    for service, _, code, need, _ in SHORT:
        preflights.quota(service, code, need)
    assert preflights.ask(THREE).passed


def test_what_others_have_counts_against_the_quota(preflights: Preflights) -> None:
    cloud = preflights.cloud
    role = cloud.role("theirs")
    cloud.client("iam").create_policy(PolicyName="theirs", PolicyDocument=ALLOW)
    cloud.client("s3").create_bucket(Bucket="theirs")
    cloud.client("ecr", region=HOME.region).create_repository(repositoryName="theirs")
    cloud.client("sagemaker", region=HOME.region).create_notebook_instance(
        NotebookInstanceName="theirs", InstanceType="ml.t3.medium", RoleArn=role
    )
    preflights.stack("theirs")
    cloud.quotas(region=HOME.region, cloudformation={"Stacks": 18}, s3={"L-DC2B2D3D": 5})
    report = preflights.ask(THREE)
    used = {name: one(report, name).used for _, name, *_ in SHORT}
    assert used == dict.fromkeys(used, 1) | {VOLUMES: 5}
    assert refused(report) == ["Stacks", "General purpose buckets"]


def test_what_the_seats_have_already_is_not_needed_again(preflights: Preflights) -> None:
    cloud = preflights.cloud
    role = cloud.role("vision-seat01-eu-west-1-execution")
    cloud.client("iam").create_policy(PolicyName="boundary", PolicyDocument=ALLOW)
    for kind in USUAL_STACKS:
        preflights.stack(f"vision-seat01-{kind}")
    for name in ("vision-cohort-start", "vision-cohort", "vision-cohort-watch"):
        preflights.stack(name)
    for key in ("seat01-data", "cohort-datasets", "cohort-watch"):
        cloud.client("s3").create_bucket(Bucket=f"vision-{key}-000000000000-eu-west-1")
    cloud.client("ecr", region=HOME.region).create_repository(
        repositoryName="vision/seat01/training"
    )
    cloud.client("sagemaker", region=HOME.region).create_notebook_instance(
        NotebookInstanceName="vision-seat01-notebook", InstanceType="ml.t3.medium", RoleArn=role
    )
    report = preflights.ask(THREE)
    needed = {name: (one(report, name).need, one(report, name).used) for _, name, *_ in SHORT}
    assert needed == {
        "Stacks": (10, 8),
        "Registered repositories": (2, 1),
        "Total number of notebook instances": (2, 1),
        "ml.t3.medium for notebook instance usage": (2, 1),
        VOLUMES: (40, 20),
        "Roles per account": (2, 1),
        "Customer managed policies per account": (0, 1),
        "General purpose buckets": (2, 3),
    }
    # Whoever needs nothing more is not stopped by what the account may not have more of.
    cloud.quotas(region=HOME.region, cloudformation={"Stacks": 1}, s3={"L-DC2B2D3D": 1})
    cloud.quotas(region=HOME.region, sagemaker={"ml.g5.xlarge for training job usage": 0})
    again = preflights.ask(THREE, only=["seat01"])
    assert again.passed
    assert one(again, "ml.g5.xlarge for training job usage").state == CheckState.WARNING


def test_a_stopped_notebook_of_a_seat_is_counted_and_one_of_somebody_else_is_not(
    preflights: Preflights,
) -> None:
    client = preflights.cloud.client("sagemaker", region=HOME.region)
    role = preflights.cloud.role()
    for name in ("vision-seat01-notebook", "theirs"):
        client.create_notebook_instance(
            NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn=role
        )
        client.stop_notebook_instance(NotebookInstanceName=name)
    report = preflights.ask(THREE)
    usage_of_type = one(report, "ml.t3.medium for notebook instance usage")
    assert (usage_of_type.need, usage_of_type.used) == (2, 1)
    assert one(report, "Total number of notebook instances").used == 2


@pytest.mark.parametrize("count", [26, 51])
def test_buckets_repositories_and_notebooks_of_later_pages_are_counted(
    preflights: Preflights, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(quotas, "LARGE_PAGE", 25)
    monkeypatch.setattr(clients, "PAGE", 25)
    cloud, role = preflights.cloud, preflights.cloud.role()
    s3 = cloud.client("s3")
    ecr, sagemaker = (cloud.client(name, region=HOME.region) for name in ("ecr", "sagemaker"))
    for number in range(count):
        s3.create_bucket(Bucket=f"theirs-{number}")
        ecr.create_repository(repositoryName=f"theirs-{number}")
        sagemaker.create_notebook_instance(
            NotebookInstanceName=f"theirs-{number}", InstanceType="ml.t3.medium", RoleArn=role
        )
    report = preflights.ask(THREE)
    for subject in (
        "General purpose buckets",
        "Registered repositories",
        "Total number of notebook instances",
        "ml.t3.medium for notebook instance usage",
    ):
        assert one(report, subject).used == count


def test_a_roster_of_101_seats_beside_more_stacks_than_a_page_holds(
    preflights: Preflights,
) -> None:
    text = f"{HEAD}roster: {{seats: 101}}\n"
    for seat in preflights.loaded(text).seats[:21]:
        for kind in USUAL_STACKS:
            preflights.stack(f"vision-{seat.id}-{kind}")
    preflights.cloud.quotas(region=HOME.region, cloudformation={"Stacks": 507})
    report = preflights.ask(text)
    check = one(report, "Stacks")
    assert (check.state, check.need, check.used) == (CheckState.FAILED, 403, 105)
    assert check.message.startswith("you need 508 (403 more, 105 there), AWS allows 507")
    assert one(report, "Roles per account").need == 81
    gpu = one(report, "ml.g5.xlarge for training job usage")
    assert (gpu.state, gpu.need, gpu.quota) == (CheckState.SHORT, 101, 4)
    preflights.cloud.quotas(region=HOME.region, cloudformation={"Stacks": 508})
    assert preflights.ask(text, accept=refused(report)[1:]).passed


# --- unknown --------------------------------------------------------------------------------------

UNREADABLE = {
    "Registered repositories": ("ecr:DescribeRepositories", "L-CFEB8E8D"),
    "Total number of notebook instances": ("sagemaker:ListNotebookInstances", "L-04CE2E67"),
    "ml.t3.medium for notebook instance usage": ("sagemaker:ListNotebookInstances", "L-E17566B7"),
    VOLUMES: ("sagemaker:ListNotebookInstances", "L-E4B12EA2"),
    "instance types": ("ec2:DescribeInstanceTypeOfferings", "'instance types'"),
    "Roles per account": ("iam:GetAccountSummary", "L-FE177D64"),
    "Customer managed policies per account": ("iam:GetAccountSummary", "L-E95E4862"),
    "General purpose buckets": ("s3:ListBuckets", "L-DC2B2D3D"),
}


def test_what_cannot_be_listed_is_unknown_and_refuses_until_it_is_accepted(
    preflights: Preflights,
) -> None:
    operations = {operation for operation, _ in UNREADABLE.values()}
    preflights.cloud.faults(
        *({"effect": "denied", "operation": operation} for operation in operations)
    )
    report = preflights.ask(THREE)
    assert refused(report) == list(UNREADABLE)
    for subject, (operation, name) in UNREADABLE.items():
        check = one(report, subject)
        assert (check.state, check.used) == (CheckState.UNKNOWN, None)
        assert check.message.startswith(f"{operation.partition(':')[2]}: AccessDenied") or (
            "UnauthorizedOperation" in check.message
        )
        assert check.message.endswith(f"find it out, or go on without: --accept-unknown {name}")
    codes = [name.strip("'") for _, name in UNREADABLE.values()]
    accepted = preflights.ask(THREE, accept=codes)
    assert accepted.passed
    assert [check.subject for check in accepted.of(CheckState.WAIVED)] == list(UNREADABLE)
    by_name = preflights.ask(THREE, accept=[subject.upper() for subject in list(UNREADABLE)[1:]])
    assert refused(by_name) == ["Registered repositories"]


def test_quotas_that_cannot_be_read_are_unknown_each_by_its_name(preflights: Preflights) -> None:
    preflights.cloud.faults({"effect": "denied", "operation": "service-quotas:ListServiceQuotas"})
    report = preflights.ask(THREE)
    unread = refused(report)
    assert [name for _, name, *_ in SHORT if name not in unread] == []
    assert "ml.g5.xlarge for training job usage" in unread
    assert one(report, "Stacks").used == 0
    assert preflights.ask(THREE, accept=unread).passed
    assert refused(preflights.ask(THREE, accept=unread[1:])) == unread[:1]


def test_a_failure_cannot_be_accepted(preflights: Preflights) -> None:
    preflights.cloud.quotas(region=HOME.region, cloudformation={"Stacks": 1})
    report = preflights.ask(THREE, accept=["Stacks", "L-0485CB21", "Stakcs"])
    assert refused(report) == ["Stacks"]
    assert report.unmatched(["Stacks", "l-0485cb21", "Stakcs"]) == ("Stakcs",)


def test_stacks_that_could_not_be_listed_leave_stacks_and_identities_unknown(
    preflights: Preflights,
) -> None:
    report = preflights.ask(THREE, unlisted=[HOME])
    assert refused(report) == [
        "Stacks",
        "Roles per account",
        "Customer managed policies per account",
    ]
    assert one(report, "General purpose buckets").need == 5


# --- several places -------------------------------------------------------------------------------


def several(preflights: Preflights) -> str:
    """Two seats at home, one in another Region and one in another account."""
    preflights.folder.mkdir(parents=True, exist_ok=True)
    (preflights.folder / "people.csv").write_text(
        "id,account,region\nada,,\nben,,\ncho,,eu-central-1\ndee,111122223333,\n"
    )
    iam = preflights.cloud.client("iam", account=OTHER.account)
    iam.create_role(RoleName="Deployer", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="Deployer", PolicyName="all", PolicyDocument=ALLOW)
    return f"{HEAD}roster: {{file: people.csv}}\ndeploy: {{role: Deployer}}\n"


def test_each_place_is_counted_alone_but_global_quotas_by_account(preflights: Preflights) -> None:
    text = several(preflights)
    report = preflights.ask(text)
    assert report.passed
    stacks = {
        account_region: one(report, "Stacks", account_region).need
        for account_region in (HOME, SECOND, OTHER)
    }
    assert stacks == {HOME: 13, SECOND: 8, OTHER: 8}
    theirs = AccountRegion(OTHER.account, GLOBAL.region)
    for subject, here, there in (
        ("Roles per account", 5, 2),
        ("Customer managed policies per account", 18, 9),
        ("General purpose buckets", 7, 3),
    ):
        assert one(report, subject, GLOBAL).need == here
        assert one(report, subject, theirs).need == there
    assert one(report, "Roles per account", theirs).used == 1

    preflights.cloud.quotas(region=SECOND.region, cloudformation={"Stacks": 5})
    preflights.cloud.quotas(account=OTHER.account, region=OTHER.region, s3={"L-DC2B2D3D": 1})
    report = preflights.ask(text)
    assert [(check.account_region, check.subject) for check in report.of(CheckState.FAILED)] == [
        (SECOND, "Stacks"),
        (AccountRegion(OTHER.account, GLOBAL.region), "General purpose buckets"),
    ]


def test_a_place_that_refuses_every_call_hides_no_other(preflights: Preflights) -> None:
    text = several(preflights)
    preflights.cloud.faults(
        *(
            {"effect": "denied", "operation": f"{service}:*", "region": SECOND.region}
            for service in ("sagemaker", "ecr", "service-quotas", "sts", "ec2")
        )
    )
    report = preflights.ask(text)
    assert {check.account_region for check in report.of(CheckState.UNKNOWN)} == {SECOND}
    assert one(report, "account", SECOND).state == CheckState.UNKNOWN
    assert one(report, "Stacks", HOME).state == CheckState.OK


def test_an_account_without_a_role_to_take_on_is_unknown_and_says_what_is_missing(
    preflights: Preflights,
) -> None:
    text = several(preflights).replace("deploy: {role: Deployer}\n", "")
    report = preflights.ask(text, only=["ada", "dee"], unlisted=[OTHER])
    check = one(report, "account", OTHER)
    assert check.state == CheckState.UNKNOWN
    assert "name it in the environment's file as deploy.role" in check.message
    assert one(report, "Stacks", HOME).state == CheckState.OK


def test_credentials_of_another_account_fail_and_nothing_else_is_asked_there(
    preflights: Preflights,
) -> None:
    report = preflights.ask(THREE, variables=preflights.cloud.environment(account="444455556666"))
    assert refused(report) == ["account"]
    assert one(report, "account").message.startswith(
        "your credentials are for account 444455556666, not 000000000000; end the local cloud"
    )
    assert [check.subject for check in report.checks] == ["time", "account", "Region"]


def test_a_region_that_ec2_does_not_list_is_unknown(preflights: Preflights) -> None:
    report = preflights.ask(THREE.replace("eu-west-1", "ap-east-2"))
    assert refused(report) == ["Region"]
    assert "EC2 lists no Region ap-east-2" in one(report, "Region").message


def test_where_regions_may_not_be_listed_an_answer_of_the_region_is_enough(
    preflights: Preflights,
) -> None:
    preflights.cloud.faults({"effect": "denied", "operation": "ec2:DescribeRegions"})
    report = preflights.ask(THREE)
    assert report.passed
    assert one(report, "Region").message == "eu-west-1 answers"


def test_disks_of_all_notebooks_count_against_their_quota(preflights: Preflights) -> None:
    cloud = preflights.cloud
    for kind in USUAL_STACKS:
        preflights.stack(f"vision-seat01-{kind}")
    for name, size in (("theirs", 100), ("vision-seat01-notebook", 20)):
        cloud.client("sagemaker", region=HOME.region).create_notebook_instance(
            NotebookInstanceName=name,
            InstanceType="ml.t3.medium",
            RoleArn=cloud.role(name),
            VolumeSizeInGB=size,
        )
    check = one(preflights.ask(THREE), VOLUMES)
    assert (check.need, check.used) == (40, 120)
    cloud.faults({"effect": "denied", "operation": "sagemaker:DescribeNotebookInstance"})
    report = preflights.ask(THREE)
    assert refused(report) == [VOLUMES]
    assert one(report, VOLUMES).reason == "DescribeNotebookInstance: AccessDeniedException"
