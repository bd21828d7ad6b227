"""The local cloud of tests: one more path tells all that an account holds.

What a teardown left alone is the same there before and after, byte for byte. A world is looked at
half a dozen times, with hundreds of requests each: here each service is asked within the process
of the cloud, without connections and signatures.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode

from localcloud import ministack_adapter
from localcloud.admin import AdminEndpoint, AdminInterface
from localcloud.asgi import Handler
from localcloud.clock import Clock
from localcloud.sagemaker import listing
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.service import SageMakerService

Held = dict[str, Any]
"""Kind and name of a thing -> all that is known of it."""

_NOUNS = (
    *("TrainingJob", "ProcessingJob", "TransformJob", "HyperParameterTuningJob", "AutoMLJob"),
    *("CompilationJob", "Model", "EndpointConfig", "Endpoint", "InferenceComponent"),
    *("Experiment", "Trial", "TrialComponent", "ModelPackageGroup", "Pipeline", "FeatureGroup"),
    *("NotebookInstance", "NotebookInstanceLifecycleConfig", "MlflowTrackingServer", "MlflowApp"),
    "CodeRepository",
)
"""What is listed and described by its name alone."""

_EPHEMERAL = re.compile(r"<(RequestId|requestId)>[^<]*</\1>")
"""What is different in every answer."""


def _at_once(answer: Awaitable[Any]) -> Any:
    """Give what a service answers that waits for nothing."""
    asked = answer.__await__()
    try:
        next(asked)
    except StopIteration as done:
        return done.value
    raise ValueError(f"a service waits for {answer}")


class _Asking:
    """Asks the services of an account and Region as its root."""

    def __init__(self, account: str, region: str) -> None:
        scope = f"{account}/20260101/{region}/any/aws4_request"
        self._signed = {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, Signature=none"}
        self._handlers = ministack_adapter.module("app").SERVICE_HANDLERS

    def send(self, service: str, method: str, path: str, body: str = "", **headers: str) -> str:
        """An answer's body; of a refusal, its status and code."""
        given = {**self._signed, **{name.lower(): value for name, value in headers.items()}}
        where, _, asked = path.partition("?")
        query = parse_qs(asked, keep_blank_values=True)
        request = (method, unquote(where), given, body.encode(), query)
        if service == "glue":  # Its handler only hands on to a thread.
            answered = ministack_adapter.module("services.glue")._handle_request_sync(*request)
        elif service == "ec2":  # As does this one, once anybody has made an image.
            form = parse_qs(body, keep_blank_values=True)
            actions = ministack_adapter.module("services.ec2")._ACTION_MAP
            answered = actions[form["Action"][0]](form)
        else:
            answered = _at_once(self._handlers[service](*request))
        status, _, answer = answered
        text = answer if isinstance(answer, str) else answer.decode(errors="surrogateescape")
        found = _EPHEMERAL.sub("", text)
        return found if status < 400 else f"{status} {found}"

    def json(self, service: str, target: str, **request: Any) -> dict[str, Any]:
        """An answer of a service that speaks JSON, pages joined."""
        whole: dict[str, Any] = {}
        token: dict[str, Any] = {}
        while True:
            told = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
            body = json.dumps({**request, **token})
            found = self.send(service, "POST", "/", body, **told)
            answer = {"refused": found} if found[:1] != "{" else json.loads(found)
            for member, value in answer.items():
                joins = isinstance(value, list) and member in whole
                whole[member] = [*whole[member], *value] if joins else value
            name = next((one for one in ("NextToken", "nextToken") if whole.pop(one, "")), None)
            if name is None:
                return whole
            token = {name: answer[name]}

    def sagemaker(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.json("sagemaker", f"SageMaker.{operation}", **request)

    def query(self, service: str, version: str, action: str, **request: str) -> str:
        """The XML of a service that takes forms."""
        form = urlencode({"Action": action, "Version": version, **request})
        kind = "application/x-www-form-urlencoded"
        return self.send(service, "POST", "/", form, **{"Content-Type": kind})

    def paged(
        self, service: str, version: str, action: str, token: str, **request: str
    ) -> Iterator[str]:
        """The XML of all pages; ``token`` is the member that asks for the next."""
        more: dict[str, str] = {}
        while True:
            page = self.query(service, version, action, **request, **more)
            yield page
            following = re.search(r"<(?:NextToken|NextMarker|Marker|nextToken)>([^<]+)<", page)
            if following is None:
                return
            more = {token: following[1]}


def _engine() -> SageMakerEngine:
    service: SageMakerService = (
        ministack_adapter.module("app").SERVICE_HANDLERS["sagemaker"].__self__
    )
    return service.engine


def _sagemaker(asking: _Asking, nouns: Iterable[str]) -> Iterator[tuple[str, Any]]:
    engine = _engine()
    for kind in map(engine.kinds.__getitem__, nouns):
        noun, name, lists = kind.noun, kind.name, engine.list_operation(kind)
        describes = kind.operations.get("describe", f"Describe{noun}")
        for one in asking.sagemaker(lists)[listing.summaries(lists)[0]]:
            described = asking.sagemaker(describes, **{name: one[name]})
            tags = asking.sagemaker("ListTags", ResourceArn=one[kind.arn])
            yield f"{noun} {one[name]}", {"is": described, "tags": tags}
            if noun == "Pipeline":
                yield from _executions(asking, one[name])


def _executions(asking: _Asking, pipeline: str) -> Iterator[tuple[str, Any]]:
    found = asking.sagemaker("ListPipelineExecutions", PipelineName=pipeline)
    for one in found["PipelineExecutionSummaries"]:
        arn = {"PipelineExecutionArn": one["PipelineExecutionArn"]}
        yield (
            f"PipelineExecution {one['PipelineExecutionArn']}",
            {
                "is": asking.sagemaker("DescribePipelineExecution", **arn),
                "steps": asking.sagemaker("ListPipelineExecutionSteps", **arn),
            },
        )


def _packages(asking: _Asking) -> Iterator[tuple[str, Any]]:
    for one in asking.sagemaker("ListModelPackages", ModelPackageType="Both")[
        "ModelPackageSummaryList"
    ]:
        arn = one["ModelPackageArn"]
        yield f"ModelPackage {arn}", asking.sagemaker("DescribeModelPackage", ModelPackageName=arn)


def _studio(asking: _Asking) -> Iterator[tuple[str, Any]]:
    for plural, noun, names in (
        ("Domains", "Domain", ("DomainId",)),
        ("UserProfiles", "UserProfile", ("DomainId", "UserProfileName")),
        ("Spaces", "Space", ("DomainId", "SpaceName")),
        ("Apps", "App", ("DomainId", "SpaceName", "AppType", "AppName")),
    ):
        for one in asking.sagemaker(f"List{plural}")[plural]:
            if one["Status"] != "Deleted":  # As apps are listed for a day more.
                named = {name: one[name] for name in names if name in one}
                described = asking.sagemaker(f"Describe{noun}", **named)
                yield f"{noun} {'/'.join(named.values())}", described
    for one in json.loads(asking.send("elasticfilesystem", "GET", "/2015-02-01/file-systems"))[
        "FileSystems"
    ]:
        yield f"FileSystem {one['FileSystemId']}", one


def _catalog(asking: _Asking) -> Iterator[tuple[str, Any]]:
    found = asking.json("glue", "AWSGlue.GetTables", DatabaseName="sagemaker_featurestore")
    for table in found.get("TableList", []):
        yield f"Table {table['Name']}", table


def _buckets(asking: _Asking) -> Iterator[tuple[str, Any]]:
    listed = asking.send("s3", "GET", "/")
    for bucket in re.findall(r"<Name>([^<]+)</Name>", listed):
        yield (
            f"Bucket {bucket}",
            [
                asking.send("s3", "GET", f"/{bucket}?{part}")
                for part in ("policy", "tagging", "versioning", "lifecycle")
            ],
        )
        uploads = asking.send("s3", "GET", f"/{bucket}?uploads")
        for upload in re.findall(r"<UploadId>([^<]+)<", uploads):
            yield f"Upload {bucket} {upload}", upload
        for part, found in _versions(asking, bucket):
            key = re.search(r"<Key>([^<]*)</Key>", found)
            version = re.search(r"<VersionId>([^<]*)</VersionId>", found)
            assert key
            assert version
            body = ""
            if part == "Version":
                body = asking.send("s3", "GET", f"/{bucket}/{quote(key[1])}?versionId={version[1]}")
            yield f"Object {bucket}/{key[1]} {version[1]}", {"is": found, "body": body}


def _versions(asking: _Asking, bucket: str) -> Iterator[tuple[str, str]]:
    more = ""
    while True:
        page = asking.send("s3", "GET", f"/{bucket}?versions{more}")
        yield from re.findall(r"<(Version|DeleteMarker)>(.*?)</\1>", page, re.DOTALL)
        key = re.search(r"<NextKeyMarker>([^<]*)<", page)
        version = re.search(r"<NextVersionIdMarker>([^<]*)<", page)
        if key is None:
            return
        more = f"&key-marker={quote(key[1])}&version-id-marker={version[1] if version else ''}"


def _images(asking: _Asking) -> Iterator[tuple[str, Any]]:
    def ask(operation: str, **request: Any) -> dict[str, Any]:
        return asking.json("ecr", f"AmazonEC2ContainerRegistry_V20150921.{operation}", **request)

    for one in ask("DescribeRepositories")["repositories"]:
        name = one["repositoryName"]
        policy = ask("GetRepositoryPolicy", repositoryName=name)
        yield f"Repository {name}", {"is": one, "policy": policy}
        for image in ask("DescribeImages", repositoryName=name)["imageDetails"]:
            yield f"Image {name} {image['imageDigest']}", image


def _logs(asking: _Asking) -> Iterator[tuple[str, Any]]:
    def ask(operation: str, **request: Any) -> dict[str, Any]:
        return asking.json("logs", f"Logs_20140328.{operation}", **request)

    for group in ask("DescribeLogGroups")["logGroups"]:
        # How much a group holds changes with what anybody writes.
        group.pop("storedBytes", None)
        name = group["logGroupName"]
        yield f"LogGroup {name}", group
        for stream in ask("DescribeLogStreams", logGroupName=name)["logStreams"]:
            yield f"LogStream {name}:{stream['logStreamName']}", stream


def _log_settings(asking: _Asking) -> Iterator[tuple[str, Any]]:
    """What goes with groups of logs or stands beside them, and would stay when these have gone."""
    for listed, member, name in (
        ("DescribeMetricFilters", "metricFilters", "filterName"),
        ("DescribeDestinations", "destinations", "destinationName"),
        ("DescribeDeliverySources", "deliverySources", "name"),
        ("DescribeResourcePolicies", "resourcePolicies", "policyName"),
    ):
        found = asking.json("logs", f"Logs_20140328.{listed}")
        for one in found.get(member, []):
            yield f"{listed} {one[name]}", one


def _scaling(asking: _Asking) -> Iterator[tuple[str, Any]]:
    for listed, member in (
        ("DescribeScalableTargets", "ScalableTargets"),
        ("DescribeScalingPolicies", "ScalingPolicies"),
    ):
        target = f"AnyScaleFrontendService.{listed}"
        found = asking.json("application-autoscaling", target, ServiceNamespace="sagemaker")
        for one in found[member]:
            yield f"{member} {one['ResourceId']} {one['ScalableDimension']}", one


def _scheduled(asking: _Asking) -> Iterator[tuple[str, Any]]:
    for rule in asking.json("events", "AWSEvents.ListRules")["Rules"]:
        targets = asking.json("events", "AWSEvents.ListTargetsByRule", Rule=rule["Name"])
        yield f"Rule {rule['Name']}", {"is": rule, "targets": targets}
    for one in json.loads(asking.send("scheduler", "GET", "/schedules"))["Schedules"]:
        path = f"/schedules/{quote(one['Name'])}?groupName={one['GroupName']}"
        yield f"Schedule {one['GroupName']}/{one['Name']}", asking.send("scheduler", "GET", path)


def _identity(asking: _Asking) -> Iterator[tuple[str, Any]]:
    iam = ("iam", "2010-05-08")
    for page in asking.paged(*iam, "ListRoles", "Marker"):
        for name in re.findall(r"<RoleName>([^<]+)<", page):
            role = {"RoleName": name}
            inline = asking.query(*iam, "ListRolePolicies", **role)
            is_ = asking.query(*iam, "GetRole", **role)
            yield (
                f"Role {name}",
                {
                    "is": re.sub(r"<RoleLastUsed>.*?</RoleLastUsed>", "", is_, flags=re.DOTALL),
                    "attached": asking.query(*iam, "ListAttachedRolePolicies", **role),
                    "inline": {
                        policy: asking.query(*iam, "GetRolePolicy", **role, PolicyName=policy)
                        for policy in re.findall(r"<member>([^<]+)</member>", inline)
                    },
                },
            )
    for page in asking.paged(*iam, "ListPolicies", "Marker", Scope="Local"):
        for arn in re.findall(r"<Arn>([^<]+)<", page):
            yield f"Policy {arn}", asking.query(*iam, "ListPolicyVersions", PolicyArn=arn)


def _stacks(asking: _Asking) -> Iterator[tuple[str, Any]]:
    stacks = ("cloudformation", "2010-05-15")
    for page in asking.paged(*stacks, "DescribeStacks", "NextToken"):
        for found in re.findall(r"<member>\s*<StackName>.*?</StackStatus>", page, re.DOTALL):
            name = re.search(r"<StackName>([^<]+)<", found)
            assert name
            listed = asking.paged(*stacks, "ListStackResources", "NextToken", StackName=name[1])
            yield f"Stack {name[1]}", {"is": found, "resources": list(listed)}


def _watched(asking: _Asking) -> Iterator[tuple[str, Any]]:
    watch = ("monitoring", "2010-08-01")
    for page in asking.paged(*watch, "ListDashboards", "NextToken"):
        for name in re.findall(r"<DashboardName>([^<]+)<", page):
            yield f"Dashboard {name}", asking.query(*watch, "GetDashboard", DashboardName=name)
    for page in asking.paged(*watch, "DescribeAlarms", "NextToken"):
        for found in re.findall(r"<member>\s*<AlarmName>.*?</MetricName>", page, re.DOTALL):
            yield f"Alarm {re.findall(r'<AlarmName>([^<]+)<', found)[0]}", found


def _machines(asking: _Asking) -> Iterator[tuple[str, Any]]:
    cloud = ("ec2", "2016-11-15")
    for action, named, asked in (
        ("DescribeInstances", "instanceId", "InstanceId.1"),
        ("DescribeVolumes", "volumeId", "VolumeId.1"),
    ):
        for page in asking.paged(*cloud, action, "NextToken"):
            for one in dict.fromkeys(re.findall(rf"<{named}>([^<]+)<", page)):
                found = asking.query(*cloud, action, **{asked: one})
                # EC2 shows for an hour more what was terminated.
                if "<name>terminated</name>" not in found and named in found:
                    yield f"{action} {one}", found


def _around_machines(asking: _Asking) -> Iterator[tuple[str, Any]]:
    """Copies of disks, groups, launch templates and instance profiles of the account's own."""
    cloud = ("ec2", "2016-11-15")
    own = {"Owner.1": "self"}
    for action, named, asked, whose in (
        ("DescribeSnapshots", "snapshotId", "SnapshotId.1", own),
        ("DescribeImages", "imageId", "ImageId.1", own),
        ("DescribeSecurityGroups", "groupId", "GroupId.1", {}),
        ("DescribeLaunchTemplates", "launchTemplateId", "LaunchTemplateId.1", {}),
    ):
        for page in asking.paged(*cloud, action, "NextToken", **whose):
            for one in dict.fromkeys(re.findall(rf"<{named}>([^<]+)<", page)):
                yield f"{action} {one}", asking.query(*cloud, action, **{asked: one})
    iam = ("iam", "2010-05-08")
    for page in asking.paged(*iam, "ListInstanceProfiles", "Marker"):
        for name in re.findall(r"<InstanceProfileName>([^<]+)<", page):
            named_so = {"InstanceProfileName": name}
            yield f"InstanceProfile {name}", asking.query(*iam, "GetInstanceProfile", **named_so)


EVERYTHING = (
    *(_buckets, _images, _logs, _scaling, _scheduled, _stacks, _watched, _machines),
    *(_studio, _catalog, _packages, _identity),
)
BY_SEATS = (
    *(_buckets, _images, _logs, _log_settings, _stacks, _watched, _catalog),
    *(_packages, _identity, _machines, _around_machines),
)
"""All that those of ``adversary_worlds`` can make."""

_BEYOND = ("AutoML", "CodeRepository", "Compilation", "Mlflow")
"""How the names begin of what these cannot make."""


def held(account: str, region: str, *, by_seats: bool) -> Held:
    """Give all that an account holds in a Region, or all of it that seats can make."""
    nouns = [noun for noun in _NOUNS if not (by_seats and noun.startswith(_BEYOND))]
    with ministack_adapter.request_scope(account, region):
        asking = _Asking(account, region)
        found = dict(_sagemaker(asking, nouns))
        for part in BY_SEATS if by_seats else EVERYTHING:
            found.update(part(asking))
    return found


class WatchedAdmin(AdminInterface):
    """The admin endpoints of the local cloud, and those of tests."""

    def __init__(
        self,
        emulated: Handler,
        instance: str,
        clock: Clock,
        endpoints: Mapping[str, AdminEndpoint],
    ) -> None:
        more = {
            "held": self._held,
            "at-work": self._at_work,
            "stack-status": self._stack_status,
        }
        super().__init__(emulated, instance, clock, {**endpoints, **more})

    @staticmethod
    def _held(change: dict[str, Any]) -> dict[str, Any]:
        # What was due by now has happened before, as with any request.
        _engine().statuses.run_due()
        return held(**change)

    @staticmethod
    def _at_work(_: dict[str, Any]) -> dict[str, Any]:
        stacks = ministack_adapter.module("services.cloudformation")._stacks._data
        names = [
            one["StackName"]
            for one in stacks.values()
            if one["StackStatus"].endswith("_IN_PROGRESS")
        ]
        return {"stacks": names}

    @staticmethod
    def _stack_status(change: dict[str, Any]) -> dict[str, Any]:
        stacks = ministack_adapter.module("services.cloudformation")._stacks._data
        for stack in stacks.values():
            if stack["StackName"] == change["name"]:
                stack["StackStatus"] = change["status"]
        return {}
