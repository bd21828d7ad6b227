"""Quotas of the local cloud changed: by hand, on request, on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from localcloud import ministack_adapter, process
from localcloud.clock import Clock
from localcloud.errors import LocalCloudError
from localcloud.protocol.errors import NOT_PLAYED
from localcloud.service_quotas.applied import AppliedQuotas
from localcloud.service_quotas.catalogue import shipped
from tests.support.local_cloud import Cloud
from tests.support.service_quotas import G5_TRAINING, HERE, NOTEBOOKS, ROLES, QuotaWatch
from tests.support.workshop_command import Ran, run


@pytest.fixture
def told(cloud: Cloud) -> QuotaWatch:
    return QuotaWatch(cloud)


# --- what is changed ---------------------------------------------------------------------------


def test_a_change_holds_for_its_account_and_region_until_the_next_reset(cloud: Cloud) -> None:
    here, there = QuotaWatch(cloud), QuotaWatch(cloud, region="eu-west-1")
    other = QuotaWatch(cloud, account="111122223333")
    cloud.quotas(sagemaker={"Total number of notebook instances": 3})
    cloud.quotas(sagemaker={"L-04CE2E67": 5}, account="111122223333")
    assert [place.value(NOTEBOOKS) for place in (here, there, other)] == [3, 1000, 5]
    cloud.reset()
    assert [place.value(NOTEBOOKS) for place in (here, there, other)] == [1000, 1000, 1000]


def test_a_global_quota_is_the_same_from_whichever_region_it_was_changed(
    cloud: Cloud, told: QuotaWatch
) -> None:
    cloud.quotas(iam={"Roles per account": 7}, region="eu-west-1")
    assert told.value(ROLES) == 7


def test_the_admin_endpoint_lists_what_was_changed_and_all_if_asked_for(cloud: Cloud) -> None:
    told = process.set_quotas(cloud.running, sagemaker={G5_TRAINING: 2}, region="eu-west-1")
    assert told == {
        "account": "000000000000",
        "region": "eu-west-1",
        "quotas": [
            {
                "service": "sagemaker",
                "code": "L-B6D80D9C",
                "name": G5_TRAINING,
                "value": 2.0,
                "default": 0.0,
                "adjustable": True,
                "global": False,
            }
        ],
    }
    assert process.set_quotas(cloud.running)["quotas"] == []
    assert len(process.set_quotas(cloud.running, show="all")["quotas"]) > 1500


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"sagemakr": {}}, "no quotas of a service 'sagemakr'; known are: cloudformation, "),
        ({"iam": {"Role per account": 1}}, "did you mean 'Roles per account'?"),
        ({"iam": {"zzz": 1}}, "iam has no quota 'zzz'"),
        ({"iam": {"Roles per account": -1}}, "cannot be -1; give a number from 0 to 10000000000"),
        ({"iam": {"Roles per account": True}}, "cannot be True"),
        ({"iam": {"Roles per account": "9"}}, "cannot be 9"),
        ({"iam": 9}, "iam: give names of quotas with their values"),
        ({"account": "1"}, "'1' is no account id; give 12 digits"),
        ({"region": "Europe"}, "'Europe' is no Region"),
        ({"show": "some"}, "nothing to show is called 'some'; use changed or all"),
    ],
)
def test_a_mistake_in_a_change_is_told_and_changes_nothing(
    cloud: Cloud, wanted: dict[str, Any], said: str
) -> None:
    with pytest.raises(LocalCloudError) as caught:
        process.set_quotas(cloud.running, ecr={"Registered repositories": 1}, **wanted)
    assert said in str(caught.value)
    assert process.set_quotas(cloud.running)["quotas"] == []


# --- what is asked for -------------------------------------------------------------------------


def test_a_request_for_an_increase_stays_open_until_the_quota_is_raised(
    cloud: Cloud, told: QuotaWatch
) -> None:
    cloud.freeze()
    asked = told.client.request_service_quota_increase(**NOTEBOOKS, DesiredValue=1500)
    made = asked["RequestedQuota"]
    assert (made["Status"], made["DesiredValue"]) == ("PENDING", 1500)
    assert json.loads(made["Requester"])["accountId"] == "000000000000"
    assert told.value(NOTEBOOKS) == 1000
    cloud.advance(60)
    cloud.quotas(sagemaker={"L-04CE2E67": 1499})
    history = "list_requested_service_quota_change_history"
    assert told.all(history, "RequestedQuotas") == [made]
    cloud.quotas(sagemaker={"L-04CE2E67": 1500})
    [now] = told.all(history, "RequestedQuotas")
    assert now["Status"] == "APPROVED"
    assert (now["LastUpdated"] - made["LastUpdated"]).total_seconds() == 60
    assert told.value(NOTEBOOKS) == 1500


@pytest.mark.parametrize(
    ("quota", "value", "more", "code"),
    [
        (NOTEBOOKS, 1000, {}, "IllegalArgumentException"),
        (NOTEBOOKS, 1500, {"ContextId": "x"}, NOT_PLAYED),
        ({**ROLES, "QuotaCode": "L-F55AF5E4"}, 9000, {}, "IllegalArgumentException"),
        ({**ROLES, "QuotaCode": "L-00000000"}, 9000, {}, "NoSuchResourceException"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    told: QuotaWatch, quota: dict[str, str], value: float, more: dict[str, str], code: str
) -> None:
    refused = told.refusal("request_service_quota_increase", **quota, DesiredValue=value, **more)
    assert refused == code


def test_a_quota_has_one_open_request_at_a_time(cloud: Cloud, told: QuotaWatch) -> None:
    told.client.request_service_quota_increase(**NOTEBOOKS, DesiredValue=1500)
    refused = told.refusal("request_service_quota_increase", **NOTEBOOKS, DesiredValue=1600)
    assert refused == "ResourceAlreadyExistsException"
    cloud.quotas(sagemaker={"L-04CE2E67": 1500})
    told.client.request_service_quota_increase(**NOTEBOOKS, DesiredValue=1600)


def test_the_history_lists_the_newest_first_by_service_and_status(
    cloud: Cloud, told: QuotaWatch
) -> None:
    for quota, value in ((NOTEBOOKS, 1500), (ROLES, 2000), (NOTEBOOKS, 1600)):
        cloud.quotas(sagemaker={"L-04CE2E67": 1500})
        told.client.request_service_quota_increase(**quota, DesiredValue=value + 1)
        cloud.quotas(sagemaker={"L-04CE2E67": 1501})
    history = "list_requested_service_quota_change_history"

    def desired(**request: Any) -> list[float]:
        found = told.all(history, "RequestedQuotas", PaginationConfig={"PageSize": 1}, **request)
        return [increase["DesiredValue"] for increase in found]

    domains = {"ServiceCode": "sagemaker", "QuotaCode": "L-B683BCB0"}
    told.client.request_service_quota_increase(**domains, DesiredValue=900)
    assert desired() == [900, 1601, 2001, 1501]
    assert desired(ServiceCode="iam") == [2001]
    assert desired(Status="APPROVED") == [1501]
    for elsewhere in (
        QuotaWatch(cloud, region="eu-west-1"),
        QuotaWatch(cloud, account="111122223333"),
    ):
        assert elsewhere.all(history, "RequestedQuotas") == []


def test_changes_and_requests_survive_a_restart() -> None:
    stopped, restarted = AppliedQuotas(Clock()), AppliedQuotas(Clock())
    roles = shipped().by_name("iam", "Roles per account")
    assert roles is not None
    with ministack_adapter.request_scope(*HERE):
        stopped.set({"sagemaker": {G5_TRAINING: 2}, "iam": {"Roles per account": 3}})
        stopped.increases.ask((HERE[0], ""), roles, 9000, "{}")
        kept = json.loads(json.dumps(stopped.get_state()))
        kept["changed"].append([*HERE, "sagemaker", "L-FORGOTTEN", 1.0])
        restarted.load_persisted_state(kept)
        assert restarted.limit("sagemaker", G5_TRAINING) == 2
        assert restarted.limit("iam", "Roles per account") == 3
    assert [increase.desired for increase in restarted.increases.seen_from([(HERE[0], "")])] == [
        9000
    ]
    assert restarted.get_state() == stopped.get_state()


# --- the command line --------------------------------------------------------------------------


def command(cloud: Cloud, *arguments: str) -> Ran:
    return run("cloud", "quota", *arguments, "--state-dir", str(cloud.state_dir))


def test_quotas_are_listed_and_set_on_the_command_line(cloud: Cloud) -> None:
    done = command(cloud, "set", G5_TRAINING, "2.0")
    assert (done.code, done.out) == (0, "")
    assert done.err == f"sagemaker: {G5_TRAINING} is now 2 (000000000000, us-east-1)\n"
    listed = command(cloud, "list", "--service", "sagemaker", "--contains", "G5.xlarge for train")
    assert [" ".join(line.split()) for line in listed.out.splitlines()] == [
        "service quota value default code",
        f"sagemaker {G5_TRAINING} 2 0 L-B6D80D9C",
        "sagemaker ml.g5.xlarge for training warm pool usage 4 0 L-A2084D44",
    ]
    document = json.loads(command(cloud, "list", "--service", "iam", "--json").out)
    assert {quota["service"] for quota in document} == {"iam"}
    assert {quota["name"]: quota["value"] for quota in document}["Roles per account"] == 1000


def test_a_quota_is_set_for_another_service_account_and_region(cloud: Cloud) -> None:
    place = ("--account", "111122223333", "--region", "eu-west-1")
    done = command(cloud, "set", "L-0485CB21", "9", "--service", "cloudformation", *place)
    assert done.err == "cloudformation: Stacks is now 9 (111122223333, eu-west-1)\n"
    listed = json.loads(command(cloud, "list", "--service", "cloudformation", "--json", *place).out)
    assert {quota["name"]: quota["value"] for quota in listed}["Stacks"] == 9


def test_mistakes_on_the_command_line_are_told(cloud: Cloud, tmp_path: Path) -> None:
    unknown = command(cloud, "list", "--service", "sagemakr")
    assert unknown.code == 2
    assert "no quotas of a service 'sagemakr'; known are: cloudformation, ec2" in unknown.err
    misspelt = command(cloud, "set", "Total domain", "2")
    assert misspelt.code == 1
    assert "did you mean 'Total domains'?" in misspelt.err
    nowhere = run("cloud", "quota", "list", "--state-dir", str(tmp_path))
    assert nowhere.code == 1
    assert "start one with: workshop cloud start" in nowhere.err
