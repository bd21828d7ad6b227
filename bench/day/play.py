"""Plays a day: a workshop deployed, used, watched and torn down on a local cloud, by its clock.

Time stands still but for what is played: first to each of the watch's ticks, then to a moment drawn
from the seed between two of them, at which attendees do what their scripts say. Functions run to
their end before anything else is done, so that the same seed gives the same day.
"""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3

from bench import environment
from bench.day import faults, personas
from bench.day.attendees import Attendee
from bench.day.observed import BOX, Day, Machine
from bench.day.organiser import NAME, Organiser, Said
from bench.day.setting import ACCOUNT, GPU, REGION, START, Setting
from localcloud import process as local_cloud
from localcloud.authentication import keys
from localcloud.record import Running
from workshop import files
from workshop.account_region import AccountRegion
from workshop.config.environment import LoadedEnvironment
from workshop.environments import loader
from workshop.naming import FREEZE, Names

LEAD = timedelta(minutes=35)
"""How long before class it is deployed; the watch starts notebooks half an hour before."""
TICK = timedelta(minutes=5)
AFTER = 3
"""Ticks after the end that are played."""
ENDPOINT, STOPPING, NOTEBOOK = 240, 60, 120
"""Seconds that transitions take."""

OBSERVER = {
    "Resources": {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "observer"}},
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": {"source": ["aws.sagemaker", "aws.ec2"]},
                "Targets": [{"Id": "observer", "Arn": {"Ref": "Topic"}}],
            },
        },
    }
}
"""A stack of somebody else's in the same account: what happens there, the day's own record."""


@dataclass
class Played:
    """A day that was played, and what was seen of it; times are epoch seconds."""

    setting: Setting
    loaded: LoadedEnvironment
    scripts: list[personas.Script]
    day: Day
    said: dict[str, Said] = field(default_factory=dict)
    """What the organiser's commands left, by when and what."""
    frozen: dict[str, float] = field(default_factory=dict)
    """Seat -> when its role was first seen frozen."""
    messages: list[tuple[float, str, str]] = field(default_factory=list)
    """When the watch's topic was sent what: subject and text."""
    asked: set[tuple[float, str]] = field(default_factory=set)
    """When attendees or the organiser asked for which resource to be stopped or deleted."""
    refused: dict[str, Mapping[str, int]] = field(default_factory=dict)
    """Seat -> how often it was refused what."""
    static: dict[str, int] = field(default_factory=dict)
    """Quota -> how much of it the deployed workshop takes, beside machines."""
    limits: dict[str, float] = field(default_factory=dict)
    after: list[str] = field(default_factory=list)
    """What had machines after the last tick."""
    billed_at: float = 0.0
    counted: dict[str, dict[str, float]] = field(default_factory=dict)
    """What the watch has counted, by seat and kind."""
    ticks: int = 0
    faults: int = 0
    used: dict[str, dict[str, str]] = field(default_factory=dict)
    """Of which instances agents reported before a status: when they were last used, by seat."""
    bystander: str = ""
    """The status of the observer's stack after the teardown."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Real seconds of each part: no part of what is the same each time."""


def play(setting: Setting, folder: Path) -> Played:
    """Play a day in a folder; of an earlier one there, what was synthesized is used again."""
    state = folder / files.STATE / NAME
    for kept in state.iterdir() if state.is_dir() else ():
        if kept.is_dir() and kept.name != "synthesis":
            shutil.rmtree(kept)
        elif kept.is_file():
            kept.unlink()
    setting.write(folder)
    with _cloud(folder) as running:
        return _Player(setting, folder, running).play()


def _cloud(folder: Path) -> AbstractContextManager[Running]:
    at_once = dict.fromkeys(("notebook", "stopping", "tick", "instance", "agent"), 0.0)
    jobs = dict.fromkeys(("training", "processing"), personas.JOB * 60.0)
    return environment.running_cloud(
        folder / "cloud",
        account=ACCOUNT,
        region=REGION,
        enforce_iam=True,
        delays={**at_once, **jobs, "endpoint": ENDPOINT},
    )


class _Player:
    """One day as it is played."""

    def __init__(self, setting: Setting, folder: Path, running: Running) -> None:
        self._setting = setting
        self._running = running
        self._now = float(local_cloud.set_clock(running, freeze=True)["now"])
        self._organiser = Organiser(running, folder, lambda: datetime.fromtimestamp(self._now, UTC))
        if setting.boxes:
            self._organiser.command("image pin")
        loaded = loader.load(NAME, folder)
        seats = [seat.id for seat in loaded.seats]
        drawn = (setting.seed, setting.hours * 60)
        scripts = personas.scripts(seats[: setting.seats], *drawn)
        scripts += personas.box_scripts(seats[setting.seats :], *drawn)
        self._played = Played(setting, loaded, scripts, Day(loaded.settings.workshop, ENDPOINT))
        self._session = boto3.Session()
        self._clients: dict[str, Any] = {}
        self._sent = 0
        self._attendees: list[Attendee] = []
        self._again: list[tuple[Attendee, personas.Action]] = []
        self._chance = random.Random(f"moments {setting.seed}")  # noqa: S311 - to be repeatable

    def play(self) -> Played:
        """Play it from the deployment to the teardown."""
        parts = {
            "deploy": self._deploy,
            "before class": self._before,
            "class": self._class,
            "after": self._after,
        }
        if self._setting.torn_down:
            parts["teardown"] = self._teardown
        for part, play in parts.items():
            began = time.monotonic()
            play()
            self._played.seconds[part] = time.monotonic() - began
        return self._played

    # --- the parts of a day -------------------------------------------------------------------

    def _deploy(self) -> None:
        self._go_to(START - LEAD)
        cloudformation = self._client("cloudformation")
        cloudformation.create_stack(StackName="observer", TemplateBody=json.dumps(OBSERVER))
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName="observer", WaiterConfig={"Delay": 0.02, "MaxAttempts": 500}
        )
        self._command("deploy", "deploy", "--concurrency", "100", "--json")
        self._look()
        machines = dict(self._machines())
        self._command("stop", "stop", "--no-wait")
        local_cloud.set_delays(self._running, notebook=NOTEBOOK, stopping=STOPPING)
        self._played.day.describe(machines)
        self._look()
        self._played.asked |= {(stop.at, stop.name) for stop in self._played.day.stopped}
        self._note_static()
        if not self._setting.watched:
            for word in ("tick", "warning", "end", "change"):
                self._client("events").disable_rule(Name=f"{self._cohort.watch}-{word}")

    def _before(self) -> None:
        while self._now < START.timestamp() - TICK.total_seconds():
            self._tick()
        loaded = self._played.loaded
        names = [loaded.names(seat) for seat in loaded.seats]
        boxes = {machine.name: key for key, machine in self._played.day.machines.items()}
        self._attendees = [
            Attendee(
                script,
                own,
                names[number - 1],
                self._running,
                self._session,
                box=boxes.get(own.box, ""),
            )
            for number, (script, own) in enumerate(zip(self._played.scripts, names, strict=True))
        ]

    def _class(self) -> None:
        storms = faults.storms(self._setting.seed, self._setting.steps)
        for step in range(self._setting.steps):
            self._storm(storms.get(step, ()))
            self._tick()
            if step % 12 == 9:  # noqa: PLR2004 - at a quarter to every hour
                self._status(f"status at step {step}")
            moment = START + step * TICK + timedelta(seconds=self._chance.randrange(30, 270))
            self._go_to(moment)
            self._act(step * 5)
        self._storm(storms[self._setting.steps])

    def _status(self, key: str) -> None:
        """Ask for the status after the agents of the EC2 instances that run have reported."""
        up = set(self._played.day.running())
        at_it = [attendee for attendee in self._attendees if f"{BOX} {attendee.names.box}" in up]
        for attendee in at_it:
            attendee.report(self._now)
        self._played.used[key] = {
            attendee.names.seat: datetime.fromtimestamp(attendee.used or self._now, UTC).isoformat()
            for attendee in at_it
        }
        self._command(key, "status", "--json")

    def _after(self) -> None:
        for _ in range(AFTER):
            self._tick()
            self._storm(())
        self._tick()
        played = self._played
        played.after = played.day.running()
        played.refused = {
            attendee.names.seat: dict(attendee.refused) for attendee in self._attendees
        }
        played.billed_at = self._now
        document = self._watched("spending.json")
        played.counted = document.get("usd", {})
        self._command("bill", "bill", "--json")

    def _teardown(self) -> None:
        at_once = ("training", "processing", "endpoint", "notebook", "stopping")
        local_cloud.set_delays(self._running, **dict.fromkeys(at_once, 0.0))
        self._storm(faults.AT_TEARDOWN)
        chosen = ("teardown", "--json", "--interval", "0")
        self._command("plan of teardown", *chosen)
        self._command("teardown", *chosen, "--apply", "--yes", "day")
        stacks = self._client("cloudformation").describe_stacks(StackName="observer")["Stacks"]
        self._played.bystander = stacks[0]["StackStatus"]

    # --- time ---------------------------------------------------------------------------------

    def _tick(self) -> None:
        """Go to the watch's next tick and let it run."""
        passed = (self._now - (START - LEAD).timestamp()) // TICK.total_seconds()
        self._go_to(START - LEAD + (passed + 1) * TICK)
        self._played.ticks += 1

    def _go_to(self, moment: datetime) -> None:
        moved = local_cloud.set_clock(self._running, advance=moment.timestamp() - self._now)
        self._now = float(moved["now"])
        self._look(moved=True)

    def _look(self, *, moved: bool = False) -> None:
        """Wait for functions, and note what has happened meanwhile.

        Who is frozen is looked at when time has ``moved``, and when the watch says something.
        """
        while local_cloud.post(self._running, "/_localcloud/functions", {})["running"]:
            pass
        sent = local_cloud.post(self._running, "/_localcloud/messages", {"after": self._sent})
        before = len(self._played.messages)
        for message in sent["messages"]:
            if message["topic"].endswith(":observer"):
                self._played.day.take([json.loads(message["message"])])
            else:
                self._played.messages.append((self._now, message["subject"], message["message"]))
        self._sent = sent["number"]
        if self._cohort_is_there and (moved or len(self._played.messages) > before):
            self._note_frozen()

    def _note_frozen(self) -> None:
        pages = self._client("iam").get_paginator("list_entities_for_policy")
        for page in pages.paginate(PolicyArn=self._cohort.cohort_policy_arn(FREEZE)):
            for role in page["PolicyRoles"]:
                self._played.frozen.setdefault(role["RoleName"].split("-")[1], self._now)

    def _act(self, minute: int) -> None:
        """Do what is due in the minutes of a step, each seat after the other."""
        again, self._again = self._again, []
        due = [
            (attendee, action)
            for attendee in self._attendees
            for action in attendee.script.actions
            if minute <= action.minute < minute + 5
        ]
        for attendee, action in [*again, *due]:
            if attendee.act(action, self._now):
                self._again.append((attendee, action))
            self._played.asked |= {(self._now, name) for name in attendee.asked}
            attendee.asked.clear()
            self._look()

    def _storm(self, rules: Any) -> None:
        hits = local_cloud.post(self._running, "/_localcloud/faults", {})["rules"]
        self._played.faults += sum(rule["hits"] for rule in hits)
        local_cloud.set_faults(self._running, *rules)

    # --- what is asked ------------------------------------------------------------------------

    @property
    def _cohort(self) -> Names:
        return self._played.loaded.cohort_names(AccountRegion(ACCOUNT, REGION))

    @property
    def _cohort_is_there(self) -> bool:
        return "deploy" in self._played.said

    def _command(self, key: str, verb: str, *more: str) -> None:
        self._played.said[key] = self._organiser.command(verb, *more)

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(  # type: ignore[call-overload]
                service,
                region_name=REGION,
                endpoint_url=self._running.endpoint,
                aws_access_key_id=ACCOUNT,
                aws_secret_access_key=keys.account_secret(self._running.secret, ACCOUNT),
            )
        return self._clients[service]

    def _machines(self) -> Iterator[tuple[str, Machine]]:
        """Yield the EC2 instances that were just deployed, by their ids."""
        ec2 = self._client("ec2")
        vcpus = ec2.describe_instance_types(InstanceTypes=[GPU])["InstanceTypes"][0]["VCpuInfo"]
        gigabytes = {seat.id: seat.box_gb for seat in self._played.loaded.seats}
        for page in ec2.get_paginator("describe_instances").paginate():
            for instance in (
                instance for held in page["Reservations"] for instance in held["Instances"]
            ):
                tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
                yield (
                    instance["InstanceId"],
                    Machine(
                        tags["attendee"],
                        tags["Name"],
                        instance["InstanceType"],
                        vcpus["DefaultVCpus"],
                        gigabytes[tags["attendee"]],
                        instance["LaunchTime"].timestamp(),
                    ),
                )

    def _watched(self, key: str) -> dict[str, Any]:
        """Return a document of the watch, empty where it has written none."""
        s3, bucket = self._client("s3"), self._cohort.watch_bucket
        found = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", ())]
        if key not in found:
            return {}
        document: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return document

    def _note_static(self) -> None:
        """Note what the workshop takes of the quotas of other things than machines, and limits."""

        def count(service: str, operation: str, member: str, **request: Any) -> int:
            pages = self._client(service).get_paginator(operation).paginate(**request)
            return sum(len(page[member]) for page in pages)

        self._played.static = {
            "Stacks": count("cloudformation", "describe_stacks", "Stacks"),
            "Registered repositories": count("ecr", "describe_repositories", "repositories"),
            "Roles per account": count("iam", "list_roles", "Roles"),
            "Customer managed policies per account": count(
                "iam", "list_policies", "Policies", Scope="Local"
            ),
            "General purpose buckets": len(self._client("s3").list_buckets()["Buckets"]),
            "Total number of notebook instances": count(
                "sagemaker", "list_notebook_instances", "NotebookInstances", MaxResults=100
            ),
        }
        shown = local_cloud.set_quotas(self._running, show="all")["quotas"]
        self._played.limits = {quota["name"]: quota["value"] for quota in shown}
