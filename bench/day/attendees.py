"""The attendees: what they do goes through boto3, with the role of their own notebook.

Every call is signed, and judged by the policies of the seat. What is refused is noted by its code.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from bench.day.personas import FORBIDDEN, JOB, SMALL, Action, Script
from localcloud import process as local_cloud
from localcloud.record import Running
from workshop import tags
from workshop.demo import machine_agent
from workshop.naming import Names

IMAGE_TAG = "1"
FORWARDING = "AWS-StartPortForwardingSession"
USES = ("enter", "start-box")
"""What the idle stop of an EC2 instance takes for its use."""
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 5}, proxies={})
_ONCE = Config(retries={"total_max_attempts": 1}, proxies={})
"""For EC2, which answers 500 where it has no machine: who asks again does so later."""
ENOUGH = 3
"""So often somebody tries again who is refused, before they give up."""


@dataclass
class Attendee:
    """One attendee at the notebook of a seat."""

    script: Script
    names: Names
    neighbour: Names
    running: Running
    session: boto3.Session
    refused: Counter[str] = field(default_factory=Counter)
    """How often a call was refused, by verb and code."""
    box: str = ""
    """The id of the seat's EC2 instance."""
    used: float = 0
    """When it was last started or entered, in epoch seconds."""
    asked: set[str] = field(default_factory=set)
    """ARNs of what this attendee asked to be stopped or deleted."""
    _clients: dict[str, Any] = field(default_factory=dict)
    _mined: int = 0
    _entered: bool = False

    def client(self, service: Literal["sagemaker", "s3", "ec2", "ssm"]) -> Any:
        """Return a client with the credentials that the notebook has."""
        if service not in self._clients:
            given = local_cloud.role_credentials(self.running, self.names.role_arn)
            self._clients[service] = self.session.client(
                service,
                region_name=self.names.region,
                endpoint_url=self.running.endpoint,
                config=_ONCE if service == "ec2" else _CONFIG,
                aws_access_key_id=given["AccessKeyId"],
                aws_secret_access_key=given["SecretAccessKey"],
                aws_session_token=given["SessionToken"],
            )
        return self._clients[service]

    def act(self, action: Action, now: float) -> bool:
        """Do it; return whether it is to be done again at the next step."""
        try:
            getattr(self, f"_{action.verb.replace('-', '_')}")(**action.given)
            if action.verb in USES:
                self.used = now
        except ClientError as error:
            self.refused[f"{action.verb}: {error.response['Error']['Code']}"] += 1
            enough = sum(self.refused.values()) >= ENOUGH
            return action.until_refused and not enough
        return action.until_refused

    # --- what a seat does by its verbs --------------------------------------------------------

    def _open(self) -> None:
        self.client("sagemaker").create_presigned_notebook_instance_url(
            NotebookInstanceName=self.names.notebook
        )

    def _start(self) -> None:
        self.client("sagemaker").start_notebook_instance(NotebookInstanceName=self.names.notebook)

    def _stop(self) -> None:
        self.client("sagemaker").stop_notebook_instance(NotebookInstanceName=self.names.notebook)
        self.asked.add(self.names.notebook)

    def _put(self, keys: int) -> None:
        for key in range(keys):
            self.client("s3").put_object(
                Bucket=self.names.bucket("data"), Key=f"train/{key}.csv", Body=b"1,2\n"
            )

    def _train(self, name: str, type: str, count: int) -> None:  # noqa: A002 - AWS's word
        self.client("sagemaker").create_training_job(**self._job(name, type, count))

    def _process(self, name: str, type: str, count: int) -> None:  # noqa: A002
        self.client("sagemaker").create_processing_job(
            ProcessingJobName=f"{self.names.job_prefix}{name}",
            ProcessingResources={"ClusterConfig": _machines(type, count)},
            AppSpecification={"ImageUri": self._image},
            RoleArn=self.names.role_arn,
            StoppingCondition={"MaxRuntimeInSeconds": JOB * 60},
            Tags=self._tags,
        )

    def _serve(self, name: str, count: int) -> None:
        client, full = self.client("sagemaker"), f"{self.names.job_prefix}{name}"
        client.create_model(
            ModelName=full,
            ExecutionRoleArn=self.names.role_arn,
            PrimaryContainer={"Image": self._image},
            Tags=self._tags,
        )
        variant = {"VariantName": "all", "ModelName": full, "InstanceType": SMALL}
        client.create_endpoint_config(
            EndpointConfigName=full,
            ProductionVariants=[{**variant, "InitialInstanceCount": count}],
            Tags=self._tags,
        )
        client.create_endpoint(EndpointName=full, EndpointConfigName=full, Tags=self._tags)

    def _unserve(self, name: str) -> None:
        full = f"{self.names.job_prefix}{name}"
        self.client("sagemaker").delete_endpoint(EndpointName=full)
        self.asked.add(full)

    def _mine(self, type: str, count: int, jobs: int, most: int = 1000) -> None:  # noqa: A002
        client = self.client("sagemaker")
        mined = f"{self.names.job_prefix}mine-"
        listed = client.list_training_jobs(
            StatusEquals="InProgress", NameContains=mined, MaxResults=100
        )
        running = len(listed["TrainingJobSummaries"])
        for _ in range(min(jobs, most - running)):
            self._mined += 1
            client.create_training_job(**self._job(f"mine-{self._mined}", type, count))

    def report(self, now: float) -> None:
        """Have the agent of the seat's instance report, by its own code."""
        used = self.used or now
        machine_agent.report(self.client("s3"), self.names, bucket="data", now=now, used=used)

    def _enter(self) -> None:
        ssm = self.client("ssm")
        session = ssm.start_session(Target=self.box, DocumentName=FORWARDING)["SessionId"]
        ssm.terminate_session(SessionId=session)
        self._entered = True

    def _idle(self) -> None:
        """Nobody is there any more: a machine in which somebody was shuts itself down."""
        if not self._entered:
            return
        local_cloud.shut_down(self.running, self.box)
        self.asked.add(self.names.box)

    def _start_box(self) -> None:
        self.client("ec2").start_instances(InstanceIds=[self.box])

    # --- what is refused ----------------------------------------------------------------------

    def _peek(self) -> None:
        self.client("s3").list_objects_v2(Bucket=self.neighbour.bucket("data"))

    def _wrong_type(self) -> None:
        self._train("wrong-type", FORBIDDEN, 1)

    def _no_image_role(self) -> None:
        request = self._job("other-role", SMALL, 1)
        self.client("sagemaker").create_training_job(
            **{**request, "RoleArn": self.neighbour.role_arn}
        )

    def _untagged(self) -> None:
        request = self._job("untagged", SMALL, 1)
        self.client("sagemaker").create_training_job(**{**request, "Tags": []})

    # --- parts of requests --------------------------------------------------------------------

    def _job(self, name: str, type: str, count: int) -> dict[str, Any]:  # noqa: A002
        return {
            "TrainingJobName": f"{self.names.job_prefix}{name}",
            "RoleArn": self.names.role_arn,
            "AlgorithmSpecification": {"TrainingImage": self._image, "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.names.bucket('data')}/output"},
            "ResourceConfig": _machines(type, count),
            "StoppingCondition": {"MaxRuntimeInSeconds": JOB * 60},
            "Tags": self._tags,
        }

    @property
    def _image(self) -> str:
        return f"{self.names.repository_uri('training')}:{IMAGE_TAG}"

    @property
    def _tags(self) -> list[dict[str, str]]:
        own = {tags.WORKSHOP: self.names.workshop, tags.ATTENDEE: self.names.seat}
        return [{"Key": key, "Value": value} for key, value in own.items()]


def _machines(instance_type: str, count: int) -> dict[str, Any]:
    return {"InstanceType": instance_type, "InstanceCount": count, "VolumeSizeInGB": 10}
