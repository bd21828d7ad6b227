"""Rehearses on a seat's own notebook on AWS, with its agent: nothing of it is run here.

Notebooks, and the programs that run them, go into the seat's own bucket, the agent begins them, and
what became of each cell comes back through the bucket. Nothing is played: what the labs make is
made, waits take what they take, and permissions are AWS's. AWS says that a call is denied, and not
by which statement: that is asked of the same policies here, for the request that was denied.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop.access.permissions import AccessQuestion
from workshop.agent import rehearsing
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.aws.machine_kinds import NOTEBOOK, SeatMachine
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.errors import UsageError, WorkshopError
from workshop.rehearse import content, openings, rehearsal, workbench
from workshop.rehearse.judging import CellOutcome, RecordedCall, Refusal
from workshop.rehearse.rehearsal import NotebookEvent, TimeLimits
from workshop.requests import ask, inbox
from workshop.requests.ask import AgentWaits
from workshop.requests.seat_objects import SeatObjects

CELL_SECONDS = 1_800.0
MINUTES = 60.0
BEGIN_MINUTES = 6.0
"""For which an agent may take to begin: a round saves first."""
MOST_MB = 200
"""Of content that is sent."""
GRACE = 120.0
"""Seconds that a result may take longer than the notebooks do."""
POLL_SECONDS = 5.0
NOTEBOOK_POLL_SECONDS = 3.0
"""After which the notebook sends what is new, and looks whether it is to go on."""
_PROGRAMS = Path(__file__).with_name("programs")
_SENT = {
    "programs/on_notebook.py": "on_notebook.py",
    "programs/notebooks.py": "notebooks.py",
    "python/workshop_rehearsal.py": "workshop_rehearsal.py",
}
_SITE = "import workshop_rehearsal\n"
"""What each Python runs when it starts."""
_REFUSED = re.compile(
    r"not authorized to perform: (?P<action>[\w-]+:\w+)(?: on resource: (?P<resource>\S+))?"
)
_RULE = re.compile(r"(?:with an explicit deny in|because no) an? ?[\w-]+ (?:policy|boundary)\b")
_KEY = re.compile(r"who can open it with ([\w.]+)")
_SOMEBODY = "999988887777"
"""Another account, whose a bucket of another name is."""


@dataclass(frozen=True)
class SeatRehearsal:
    """A rehearsal in one seat on AWS."""

    clients: Clients
    loaded: LoadedEnvironment
    seat: Seat
    pace: TimeLimits

    def run(
        self,
        source: Path,
        notebooks: Sequence[str],
        replacing: Mapping[str, str],
        folder: Path,
        waits: AgentWaits,
    ) -> Iterator[NotebookEvent | CellOutcome]:
        """Yield the outcome of each cell as it comes; ``folder`` is for what is sent.

        However it ends, what was sent is deleted, and with it what still runs is ended. Raise
        WorkshopError where the agent does not begin.
        """
        objects = SeatObjects(self.clients, self.loaded, self.seat)
        prefix = f"{rehearsing.PREFIX}{inbox.new_id(waits.now())}/"
        packed = self.pack(source, notebooks, replacing, folder)
        try:
            with packed.open("rb") as body:
                objects.call("PutObject", f"{prefix}{rehearsing.SENT}", Body=body)
            [answer] = ask.ask(
                self.clients,
                self.loaded,
                [SeatMachine(self.seat, NOTEBOOK)],
                "rehearse",
                waits,
                prefix=prefix,
            )
            if answer.result != "done":
                raise WorkshopError(
                    f"{self.seat.id} rehearses nothing: {answer.reason}; start its notebook with:"
                    f" {self.loaded.command('start', '--only', self.seat.id)}"
                )
            lines = self._lines(objects, prefix, waits)
            yield from rehearsal.judged(lines, [*notebooks, ""], self.refusals)
        except (BotoCoreError, ClientError) as error:
            raise WorkshopError(
                f"the bucket of {self.seat.id} could not be read or written"
                f" ({errors.describe(error)}); mend that and run this again"
            ) from error
        finally:
            objects.forget(prefix)

    def pack(
        self, source: Path, notebooks: Sequence[str], replacing: Mapping[str, str], folder: Path
    ) -> Path:
        """Return a file with the content, its placeholders replaced, and what runs it."""
        copied = folder / "content"
        content.copy(source, copied)
        for old in content.replace(copied, replacing, self.variables()):
            raise UsageError(f"'{old}' is nowhere in the content; leave its --replace out")
        spec = {
            "notebooks": [*notebooks],
            "cell_seconds": self.pace.cell,
            "seconds": self.pace.all,
            "region": self.seat.region,
            "poll": NOTEBOOK_POLL_SECONDS,
        }
        packed = folder / "sent.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as sent:
            sent.writestr("spec.json", json.dumps(spec))
            sent.writestr("python/sitecustomize.py", _SITE)
            for name, program in _SENT.items():
                sent.write(_PROGRAMS / program, name)
            for path in sorted(copied.rglob("*")):
                if path.is_file():
                    sent.write(path, f"content/{path.relative_to(copied).as_posix()}")
        size = packed.stat().st_size / 1e6
        if size > MOST_MB:
            raise UsageError(
                f"the content has {size:,.0f} MB and {MOST_MB} are sent at most; put data into S3,"
                " or name the folder of the notebooks alone"
            )
        return packed

    def variables(self) -> dict[str, str]:
        """Return the variables of the seat's notebook, as they were deployed."""
        names = self.loaded.names(self.seat)
        try:
            found = self.clients.call(
                self.seat.account_region,
                "sagemaker",
                "DescribeNotebookInstanceLifecycleConfig",
                NotebookInstanceLifecycleConfigName=names.lifecycle_config,
            )
        except (BotoCoreError, ClientError) as error:
            raise WorkshopError(
                f"the notebook of {self.seat.id} could not be read ({errors.describe(error)});"
                f" deploy it with: {self.loaded.command('deploy', '--only', self.seat.id)}"
            ) from error
        repositories = self.loaded.settings.profiles[self.seat.profile].registry.repositories
        return {
            **workbench.exported(workbench.script(found)),
            "WORKSHOP_ACCOUNT": self.seat.account,
            "WORKSHOP_REPOSITORY_NAME": names.repository(next(iter(repositories))),
        }

    def _lines(self, objects: SeatObjects, prefix: str, waits: AgentWaits) -> Iterator[str]:
        """Yield what the program on the notebook prints, to its last line."""
        begun, read = waits.clock(), 0
        longest = self.pace.all + self.pace.cell + GRACE
        while True:
            text = self._result(objects, f"{prefix}{rehearsing.RESULT}")
            *whole, _ = text[read:].split("\n")
            for line in whole:
                read += len(line) + 1
                event = rehearsal.parsed(line)
                if event and event.get("event") == "over" and "notebook" not in event:
                    if event.get("why"):
                        yield json.dumps({"notebook": "", "event": "ended", "why": event["why"]})
                    return
                yield line
            waited = waits.clock() - begun
            if not read and waited >= waits.minutes * 60:
                raise WorkshopError(
                    f"the notebook of {self.seat.id} began nothing; its agent may be an older one:"
                    f" deploy it ({self.loaded.command('deploy', '--only', self.seat.id)}), then"
                    " stop and start it"
                )
            if waited >= longest or waits.pause(POLL_SECONDS):
                why = "nothing more came of it" if waited >= longest else "it was not waited for"
                yield json.dumps({"notebook": "", "event": "ended", "why": why})
                return

    @staticmethod
    def _result(objects: SeatObjects, key: str) -> str:
        try:
            body = objects.call("GetObject", key)["Body"].read()
        except ClientError as error:
            if errors.code(error.response) == "NoSuchKey":
                return ""
            raise
        return str(body.decode(errors="replace"))

    # --- what is denied -----------------------------------------------------------------------

    def refusals(self, cell: Mapping[str, Any]) -> list[Refusal]:
        """Return what a cell was denied, with the statement and the key that opens it."""
        refused: list[Refusal] = []
        for entry in rehearsal.calls(cell):
            call = rehearsal.recorded(entry)
            if call.denied:
                refusal = self._refusal(call, entry.get("request"))
                if refusal not in refused:
                    refused.append(refusal)
        return refused

    def _refusal(self, call: RecordedCall, request: object) -> Refusal:
        denial = _REFUSED.search(call.message)
        names = self.loaded.names(self.seat)
        resource = str((denial and denial["resource"]) or "*").rstrip(".")
        action = denial["action"] if denial else call.name
        parameters = request if isinstance(request, dict) else {}
        context = {"aws:requestedregion": self.seat.region, **_context(parameters)}
        if action.startswith("s3:"):
            resource = (
                resource if denial and denial["resource"] else _of_s3(parameters, names.partition)
            )
            bucket = resource.rpartition(":::")[2]
            own = bucket.startswith(f"{names.workshop}-")
            context["aws:ResourceAccount"] = names.account if own else _SOMEBODY
        question = AccessQuestion(action=action, resource=resource, context=context)
        profile = self.loaded.settings.profiles[self.seat.profile]
        found = openings.of(question, names, profile, self.loaded.settings)
        decision = found.decision
        if decision.allowed:
            # AWS judges otherwise than the policies that are here: they may not be deployed yet.
            rule, key = _RULE.search(call.message), _KEY.search(call.message)
            return Refusal(question, rule[0] if rule else "AWS", key[1] if key else "")
        by = f"{decision.statement} ({decision.document})" if decision.statement else str(decision)
        return Refusal(question, by, found.key)


def _of_s3(request: Mapping[str, Any], partition: str) -> str:
    bucket, key = request.get("Bucket", "*"), request.get("Key")
    return f"arn:{partition}:s3:::{bucket}{f'/{key}' if key else ''}"


def _context(request: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """Return the condition keys that a request has: machines, hours, tags."""
    found: dict[str, list[str]] = {}
    for member, value in _leaves(request):
        if member in _KEYS and isinstance(value, str | int):
            found.setdefault(_KEYS[member], []).append(str(value))
    context: dict[str, str | list[str]] = {
        key: values if key.endswith("Types") else values[0] for key, values in found.items()
    }
    tags = request.get("Tags")
    for tag in tags if isinstance(tags, list) else []:
        if isinstance(tag, dict) and "Key" in tag:
            context[f"aws:RequestTag/{tag['Key']}"] = str(tag.get("Value", ""))
    return context


_KEYS = {
    "InstanceType": "sagemaker:InstanceTypes",
    "MaxRuntimeInSeconds": "sagemaker:MaxRuntimeInSeconds",
    "KeepAlivePeriodInSeconds": "sagemaker:KeepAlivePeriod",
    "MaxConcurrency": "sagemaker:ServerlessMaxConcurrency",
    "MemorySizeInMB": "sagemaker:ServerlessMemorySize",
}
"""Members of requests to SageMaker -> the condition keys that IAM makes of them."""


def _leaves(value: object, member: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(part, str(key))
    elif isinstance(value, list):
        for part in value:
            yield from _leaves(part, member)
    else:
        yield member, value
