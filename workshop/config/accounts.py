"""Which accounts seats are in, as the YAML says it: one, those of the roster, or one for each."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from workshop.config import rules
from workshop.config.model import Flag, Model, Whole

ADMINISTRATION_ROLE = "AWSCloudFormationStackSetAdministrationRole"
EXECUTION_ROLE = "AWSCloudFormationStackSetExecutionRole"
"""The roles of self-managed permissions, as AWS's own guide calls them
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-prereqs-self-managed.html).
"""


class Accounts(Model):
    """In which accounts the seats are."""

    mode: Literal["one", "roster", "ou"] | None = Field(default=None, examples=["ou"])
    """``one``: all in ``account``. ``roster``: each row names its account, in which
    ``deploy.role`` is taken on. ``ou``: each seat has an account of its own, made elsewhere and
    assigned by ``workshop accounts --write``, and CloudFormation StackSets deploys to it. Null:
    ``account``, unless the row names another one."""
    units: tuple[Annotated[str, rules.UNIT], ...] = Field(
        default=(), max_length=20, examples=[["ou-ab12-cd345678"]]
    )
    """Organizational units, or the root, whose accounts the seats may have; empty: those alone
    that the file of accounts lists."""
    permissions: Literal["service-managed", "self-managed"] = "service-managed"
    """Who lets StackSets into the accounts: the organization, or a role in each of them."""
    delegated_administrator: Flag = False
    """Whether ``account`` is a delegated administrator of StackSets, and not the organization's
    management account."""
    administration_role: Annotated[str, rules.ROLE] = ADMINISTRATION_ROLE
    """With self-managed permissions: the role in ``account`` by which StackSets begins."""
    execution_role: Annotated[str, rules.ROLE] = EXECUTION_ROLE
    """With self-managed permissions: the role in each account that StackSets takes on there."""
    role: Annotated[str, rules.ROLE] | None = Field(default=None, examples=["WorkshopOrganiser"])
    """The role in each account that the organiser takes on to read and act there; null: one that
    the first stack set makes, and that goes last."""
    external_id: Annotated[str, rules.EXTERNAL_ID] | None = None
    """What a caller of that role has to know; null: made from the names of workshop and
    environment, for the role that is made, and none for ``role``."""
    parallel_percent: Whole = Field(default=25, ge=1, le=100)
    """In how many of the accounts StackSets may work at once, after the first."""

    @field_validator("permissions")
    @classmethod
    def _units_for_service_managed(cls, permissions: str, info: ValidationInfo) -> str:
        named = info.data.get("units")
        if permissions == "service-managed" and info.data.get("mode") == "ou" and named == ():
            raise ValueError(
                "'service-managed' permissions reach accounts by their organizational units; name"
                " them as 'units', or write 'self-managed' for a list of accounts"
            )
        return permissions

    @property
    def are_own(self) -> bool:
        """Whether each seat has an account of its own."""
        return self.mode == "ou"

    @property
    def makes_role(self) -> bool:
        """Whether a stack makes the role by which the organiser is in the seats' accounts."""
        return self.are_own and self.role is None
