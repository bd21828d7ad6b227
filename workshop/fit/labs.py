"""Reads labs: every file, cell by cell, into what they ask of AWS and what somebody has to know."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workshop.fit import calls, fill_in, shell
from workshop.fit.calls import LabCall, LabFindings, Place
from workshop.fit.content import LabContent, LabFile
from workshop.fit.expressions import FileTooLargeError
from workshop.fit.notebook import Cell, parsed
from workshop.fit.requests import Requests
from workshop.fit.statements import Statements

KERNELS = ("python3", "conda_python3", "conda_pytorch", "ir", "R", "sparkkernel", "sparkrkernel",
           "pysparkkernel")  # fmt: skip
"""The kernels of a notebook instance of today's platform
(https://docs.aws.amazon.com/sagemaker/latest/dg/nbi-al2023.html)."""

REGION = r"(?:us|eu|ap|ca|sa|af|me|il|mx|cn)-(?:gov-|iso-)?[a-z]{4,9}-[1-9]"
_REGIONS = re.compile(rf"""(?i:region[\w]*["']?\]?\s*[=:,]\s*|--region[ =])["']?({REGION})\b""")
_ACCOUNT = re.compile(r"\barn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:[0-9]{12}:")
_IMAGES = re.compile(rf"\b[0-9]{{12}}\.dkr\.ecr\.({REGION}|[{{$][^.\s]{{1,60}})\.amazonaws\.com")
_SECRETS = {
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----"),
    "a Hugging Face token": re.compile(r"\bhf_[A-Za-z0-9]{30,}"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,})"),
    "a token": re.compile(r"\bsk-[A-Za-z0-9_-]{32,}"),
}
_DEBUGGER = re.compile(r"\b(?:DebuggerHookConfig|ProfilerRule|rule_configs)\b")
_MLFLOW = re.compile(r"\bMLFLOW_TRACKING_(?:SERVER_)?ARN\b|:mlflow-(?:app|tracking-server)/")
"""What tells a job or a program which MLflow of SageMaker's is meant."""
_TENSORFLOW = re.compile(r"^\s*(?:import|from)\s+tensorflow\b", re.MULTILINE)
_REMOTE = re.compile(r"^\s*InstanceType:\s*[\"']?(ml\.[\w.-]+)", re.MULTILINE)


def read(content: LabContent) -> LabFindings:
    """Return what all files ask for and hold."""
    found = LabFindings()
    for file in content.files:
        _read(file, found)
    return found


def _read(file: LabFile, found: LabFindings) -> None:
    requests = Requests(found)
    statements = Statements(file.path, requests)
    if file.kind == "notebook" and file.kernel and file.kernel not in KERNELS:
        is_of_studio = "__SAGEMAKER" in file.kernel
        found.tell("kernel", "of Studio" if is_of_studio else file.kernel, Place(file.path))
    for cell in file.cells:
        place = Place(file.path, cell.number)
        _facts(file, cell, place, found)
        if cell.shell and not cell.file.endswith((".txt", ".yaml", ".yml", ".json")):
            is_recipe = file.kind == "recipe" or cell.file.lower().endswith("dockerfile")
            if file.kind != "requirements":
                shell.read(cell.shell, place, found, is_recipe=is_recipe)
        for name in _pinned(file, cell):
            found.tell("release", name, place)
        for named in _REMOTE.findall(cell.shell):
            requests.instance_type(named, "train")
        if not cell.python.strip():
            continue
        tree = parsed(cell.python)
        if tree is None:
            found.unread.append(place)
            continue
        # What a cell writes is a program of its own: its names are not the notebook's.
        follow = Statements(file.path, requests) if cell.file else statements
        try:
            follow.run(cell, tree)
        except (RecursionError, FileTooLargeError):
            found.unread.append(place)
    requests.end()


def _pinned(file: LabFile, cell: Cell) -> Iterator[str]:
    """Yield the SageMaker SDK of a list of requirements, with its version."""
    is_list = file.kind == "requirements" or (
        "requirements" in cell.file and cell.file.endswith(".txt")
    )
    for line in cell.shell.splitlines() if is_list else ():
        word = line.split("#")[0].strip().replace(" ", "")
        if named := calls.release(word):
            yield named


def _facts(file: LabFile, cell: Cell, place: Place, found: LabFindings) -> None:
    """Take note of what stands in a text whatever it is used for; nothing of it is repeated."""
    text = f"{cell.python}\n{cell.shell}"
    for secret, pattern in _SECRETS.items():
        if pattern.search(text):
            found.tell("secret", secret, place)
    if file.kind == "requirements":
        return
    if _ACCOUNT.search(text):
        found.tell("account", "", place)
    for kind, detail in (
        *(("region", region) for region in _REGIONS.findall(text)),
        *(("image", region) for region in _IMAGES.findall(text) if region[0] not in "{$"),
        *fill_in.found(cell.python, cell.shell),
    ):
        found.tell(kind, detail, place)
    if _DEBUGGER.search(cell.python):
        found.tell("debugger", "", place)
    if _MLFLOW.search(cell.python):
        found.add(LabCall("sagemaker-mlflow:CreateExperiment", place))
    if file.kind == "notebook" and not cell.file and _TENSORFLOW.search(text):
        found.tell("tensorflow", "", place)
