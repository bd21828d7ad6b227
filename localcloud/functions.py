"""Lambda functions of the owner's stacks: the only programs that the local cloud runs.

Their source is in the template, and the stack is made with the secret of an account. A function
gets credentials of its role, as on AWS; its answer to CloudFormation goes to a presigned URL.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localcloud import ministack_adapter
from localcloud.authentication import keys
from localcloud.authentication.gate import by_owner
from localcloud.authentication.proof import LONGEST
from localcloud.function_logs import patch_logs
from localcloud.function_urls.configurations import patch_configurations
from localcloud.iam import credentials

WARM = 16
"""Functions whose processes stay for their next call: each takes 40 MB, and a thousand accounts
have a thousand watches."""

_RUNTIMES = re.compile(r"python3\.[0-9]+")

Step = Callable[..., Any]


def patch_functions(secret: str) -> None:
    """Correct the emulator's Lambda and the callbacks of its CloudFormation in place."""
    types = ministack_adapter.module("services.cloudformation.provisioners")._RESOURCE_HANDLERS
    functions = types["AWS::Lambda::Function"]
    for step in ("create", "update"):
        functions[step] = _by_owner_alone(functions[step])
    service = ministack_adapter.module("services.lambda_svc")
    patch_configurations()
    patch_logs()
    for module in (service, ministack_adapter.module("core.lambda_runtime")):
        module.execution_credentials = _execution_credentials
    service.release_worker = _keeping_few_warm(service.release_worker)
    custom_resource = ministack_adapter.module("services.cloudformation.custom_resource")
    custom_resource._response_url = _presigned(custom_resource._response_url, secret)
    conditions = ministack_adapter.module("services.cloudformation.wait_conditions")
    conditions.handle_url = _presigned(conditions.handle_url, secret)


def _by_owner_alone(step: Step) -> Step:
    def made(*given: Any, **named: Any) -> Any:
        # An update is given the old properties before the new ones.
        properties = [argument for argument in given if isinstance(argument, dict)][-1]
        if not by_owner.get():
            raise ValueError(
                "The local cloud runs functions of those stacks alone that are made with the "
                "credentials of an account's root, or with what it gave: a role or a user's key."
            )
        if (
            "ZipFile" not in properties.get("Code", {})
            or not _RUNTIMES.fullmatch(str(properties.get("Runtime")))
            or properties.get("Layers")
            or properties.get("PackageType", "Zip") != "Zip"
        ):
            raise ValueError(
                "The local cloud runs functions in Python alone, without layers, whose source is "
                "in the template (Code.ZipFile)."
            )
        return step(*given, **named)

    return made


def _keeping_few_warm(release: Step) -> Step:
    """End the processes of the functions that were called longest ago, as AWS does some time."""
    runtime = ministack_adapter.module("core.lambda_runtime")

    def release_worker(worker: Any) -> None:
        release(worker)
        with runtime._lock:
            pools = runtime._workers
            idle = [worker for pool in pools.values() for worker in pool if not worker.in_use]
            cold = sorted(idle, key=lambda worker: worker.last_used)[:-WARM]
            for key, pool in list(pools.items()):
                pool[:] = [worker for worker in pool if worker not in cold]
                if not pool:
                    del pools[key]
        runtime.kill_workers(cold)

    return release_worker


def _execution_credentials(config: dict[str, Any]) -> dict[str, str]:
    """Return a function's credentials: a session of its role.

    ministack derives its own from the function's name, so anybody could compute them.
    """
    account = config["FunctionArn"].split(":")[4]
    session = str(config["FunctionName"])
    given = credentials.issued(config["Role"], account, session, credentials.LONGEST)
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def _presigned(address: Callable[[str], str], secret: str) -> Callable[[str], str]:
    def signed(token: str) -> str:
        account = ministack_adapter.account()
        request = AWSRequest("PUT", address(token))
        known = Credentials(account, keys.account_secret(secret, account))
        S3SigV4QueryAuth(known, "s3", ministack_adapter.region(), expires=LONGEST).add_auth(request)
        return str(request.url)

    return signed
