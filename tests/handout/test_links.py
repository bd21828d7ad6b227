"""The console's addresses and the lines for a shell, in every part of AWS."""

from __future__ import annotations

import pytest
from botocore.loaders import Loader

from workshop.aws import consoles
from workshop.errors import UsageError
from workshop.handout import links
from workshop.naming import Names

ADA = Names("vision", "ada", "111122223333", "eu-west-1")


def in_region(region: str) -> Names:
    return links.placed(Names("vision", "ada", "111122223333", region))


@pytest.mark.parametrize(
    ("region", "console"),
    [
        ("eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("mx-central-1", "mx-central-1.console.aws.amazon.com"),
        ("cn-northwest-1", "cn-northwest-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
        ("eusc-de-east-1", "eusc-de-east-1.console.amazonaws-eusc.eu"),
    ],
)
def test_the_console_of_a_region_is_that_of_its_partition(region: str, console: str) -> None:
    names = in_region(region)
    assert links.notebook(names) == (
        f"https://{console}/sagemaker/home?region={region}"
        "#/notebook-instances/openNotebook/vision-ada-notebook?view=lab"
    )
    assert links.dashboard(names) == (
        f"https://{console}/cloudwatch/home?region={region}"
        f"#dashboards/dashboard/vision-ada-{region}"
    )


def test_every_partition_has_a_console_but_those_that_the_public_cannot_reach() -> None:
    for found in Loader().load_data("partitions")["partitions"]:
        for region in found["regions"]:
            if "iso" in found["id"]:
                with pytest.raises(UsageError, match="has no public address"):
                    consoles.console(region)
            else:
                assert "console" in consoles.console(region)


def test_a_repository_has_the_domain_of_its_partition() -> None:
    assert in_region("cn-north-1").repository_uri("training") == (
        "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/vision/ada/training"
    )


def test_lines_for_a_shell_are_whole() -> None:
    assert links.registry_login(ADA).split() == [
        *("aws", "ecr", "get-login-password", "--region", "eu-west-1", "|"),
        *("docker", "login", "--username", "AWS", "--password-stdin"),
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
    ]
