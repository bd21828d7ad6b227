"""Notebook instance lifecycle configurations: scripts that run as root at create and start."""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

import base64
import binascii

from localcloud.protocol.errors import invalid
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members, SageMakerResourceType


def _scripts_are_base64(engine: SageMakerEngine, request: Members, members: Members) -> None:
    for hook in ("OnCreate", "OnStart"):
        for script in request.get(hook, []):
            try:
                base64.b64decode(script.get("Content", ""), validate=True)
            except binascii.Error:
                raise invalid(
                    f"Notebook Instance Lifecycle Config {hook} script is not base64-encoded"
                ) from None


def _not_in_use(engine: SageMakerEngine, request: Members, members: Members) -> None:
    # Not measured on AWS; refusing is the side on which an order of deletion is found wrong.
    name = request["NotebookInstanceLifecycleConfigName"]
    for notebook in engine.records(engine.kinds["NotebookInstance"]):
        if notebook["members"].get("NotebookInstanceLifecycleConfigName") == name:
            arn = members["NotebookInstanceLifecycleConfigArn"]
            raise invalid(
                f"Unable to delete Notebook Instance Lifecycle Config '{arn}'. (Details: Notebook "
                f"Instance Lifecycle Config is in use by Notebook Instance '{notebook['arn']}'.)"
            )


KIND = SageMakerResourceType(
    noun="NotebookInstanceLifecycleConfig",
    words="Notebook Instance Lifecycle Config",
    missing=(
        "Unable to describe Notebook Instance Lifecycle Config '{arn}'. "
        "(Details: Notebook Instance Lifecycle Config does not exist.)"
    ),
    duplicate=(
        "Unable to create Notebook Instance Lifecycle Config {arn}. "
        "(Details: Notebook Instance Lifecycle Config already exists.)"
    ),
    descending=False,
    lowercase_arn=True,
    on_create=(_scripts_are_base64,),
    on_update=(_scripts_are_base64,),
    on_delete=(_not_in_use,),
)
