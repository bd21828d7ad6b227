"""The accounts of an organization's units, all of them or none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from workshop.account_region import AccountRegion
from workshop.accounts import organization
from workshop.aws.clients import Clients
from workshop.errors import WorkshopError

HOME = AccountRegion("111122223333", "eu-west-1")
TREE: dict[str, Any] = {
    "ou-ab12-top": {"Accounts": [["1"], ["2", "3"]], "OrganizationalUnits": [["ou-ab12-low"]]},
    "ou-ab12-low": {"Accounts": [["4"]], "OrganizationalUnits": [[]]},
}


class Listed(Clients):
    """Clients of an organization in two units; ``refusal`` is the code of one listing's error."""

    def __init__(self, refusal: str = "") -> None:
        super().__init__(HOME)
        self.refusal = refusal
        self.asked: list[tuple[str, str]] = []

    def call(self, *_: object, **__: object) -> dict[str, Any]:
        return {"Organization": {"MasterAccountId": "9"}}

    def pages(
        self, account_region: AccountRegion, service: str, operation: str, **request: Any
    ) -> Iterator[dict[str, Any]]:
        assert (account_region, service, request["size"]) == (HOME, "organizations", 20)
        what, unit = operation.removeprefix("List").removesuffix("ForParent"), request["ParentId"]
        self.asked.append((what, unit))
        for page in TREE[unit][what]:
            yield {what: [{"Id": one, "State": "ACTIVE", "Name": f"lab {one}"} for one in page]}
        if self.refusal and unit.endswith("low"):
            raise ClientError({"Error": {"Code": self.refusal, "Message": ""}}, operation)


def test_accounts_are_those_of_all_units_below_and_each_unit_is_asked_once() -> None:
    clients = Listed()
    read = organization.read(clients, HOME, ["ou-ab12-top", "ou-ab12-low", "ou-ab12-top"])
    assert read.management == "9"
    assert {one.account: one.unit for one in read.members.values()} == {
        "1": "ou-ab12-top",
        "2": "ou-ab12-top",
        "3": "ou-ab12-top",
        "4": "ou-ab12-low",
    }
    assert len(clients.asked) == len(set(clients.asked)) == 4


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        ("AWSOrganizationsNotInUseException", "account 111122223333 is in no organization; name"),
        ("ParentNotFoundException", "not all of ou-ab12-top are in the organization of account"),
        ("AccessDeniedException", "call as the management account or a delegated administrator,"),
        ("ServiceException", "run the command again"),
    ],
)
def test_what_cannot_be_listed_is_not_known(code: str, cure: str) -> None:
    with pytest.raises(WorkshopError) as caught:
        organization.read(Listed(code), HOME, ["ou-ab12-top"])
    assert str(caught.value).startswith("the accounts of the organization are not known")
    assert cure in str(caught.value)
