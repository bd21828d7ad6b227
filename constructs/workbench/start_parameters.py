"""Parameters of SSM that hold what every notebook does when it starts."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_ssm as ssm
from constructs import Construct


class StartParameters(Construct):
    """One standard parameter for each part of the script, numbered below ``path``."""

    parameters: list[ssm.CfnParameter]

    def __init__(
        self, scope: Construct, construct_id: str, *, path: str, values: Sequence[str]
    ) -> None:
        super().__init__(scope, construct_id)
        self.parameters = [
            ssm.CfnParameter(
                self,
                f"Part{number}",
                name=f"{path}/{number}",
                type="String",
                tier="Standard",
                value=value,
                description="A part of what every notebook of the workshop does when it starts",
            )
            for number, value in enumerate(values, start=1)
        ]
