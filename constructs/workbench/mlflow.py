"""A seat's MLflow App: experiment tracking without a server, which costs nothing by the hour."""

from __future__ import annotations

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from workbench.fn_sub import sub
from workshop.naming import MLFLOW


class WorkbenchMlflow(Construct):
    """An App that keeps what runs leave in ``artifacts``, with the seat's own role.

    SageMaker gives it its id, which the notebook's scripts read by its logical id.
    """

    app: sagemaker.CfnMlflowApp

    def __init__(
        self, scope: Construct, construct_id: str, *, app_name: str, role_arn: str, artifacts: str
    ) -> None:
        super().__init__(scope, construct_id)
        self.app = sagemaker.CfnMlflowApp(
            self,
            "App",
            name=sub(app_name),
            role_arn=sub(role_arn),
            artifact_store_uri=sub(artifacts),
        )
        self.app.override_logical_id(MLFLOW)
