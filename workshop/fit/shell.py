"""The commands of a lab's shells: of AWS's command line, docker, and what installs software."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise

from workshop.fit import calls, machines, services
from workshop.fit.calls import LabCall, LabFindings, Place

LONGEST_LINE = 20_000
_ENDS = {"|", "||", "&&", ";", "&", ")", "(", "then", "do", "else", "fi", "done"}
_VARIABLE = re.compile(r"\$\{?\w+[^}\s/]*\}?|\$\([^)]*\)|\{[\w.]+\}")
_S3 = re.compile(r"s3://([^/\s\"']+)")
_OF_REPOSITORIES = (("ecr", "describe-repositories"),)
_BEFORE = ("if", "!", "time", "RUN")
"""Words that stand before a command."""
_PYTHON_INSTALLERS = ("pip", "pip3", "python", "python3", "uv", "conda", "mamba")
_INSTALLERS = ("apt", "apt-get", "yum", "dnf")


def read(text: str, place: Place, found: LabFindings, *, is_recipe: bool = False) -> None:
    """Report the commands of a text; those of an image's recipe run where the image is built."""
    joined = text.replace("\\\n", " ")
    for number, line in enumerate(joined.split("\n"), 1):
        where = place if place.cell else Place(place.file, 0, number)
        stripped = line.strip()
        if not stripped or stripped.startswith("#") or len(line) > LONGEST_LINE:
            continue
        for words in _commands(stripped):
            _command(words, where, found, is_recipe=is_recipe)


def _commands(line: str) -> Iterator[list[str]]:
    """Yield the words of each command of a line."""
    # Commands within others become commands of their own, and quotes need not be whole.
    line = re.sub(r"[`]|\$\(", " ; ", line)
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|()")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    try:
        words = list(lexer)
    except ValueError:
        words = line.replace('"', " ").replace("'", " ").split()
    command: list[str] = []
    for word in words:
        if word in _ENDS:
            if command:
                yield command
            command = []
        else:
            command.append(word)
    if command:
        yield command


def _command(words: list[str], place: Place, found: LabFindings, *, is_recipe: bool) -> None:
    while words and (re.fullmatch(r"\w+=\S*", words[0]) or words[0] in _BEFORE):
        words = words[1:]
    if words and words[0] == "sudo":
        if not is_recipe:
            found.tell("sudo", "", place)
        words = [word for word in words[1:] if not word.startswith("-")]
    name, *rest = words or [""]
    if name == "aws":
        _aws(rest, place, found)
    elif name == "sm-docker":
        found.add(LabCall("codebuild:StartBuild", place))
    elif name in _PYTHON_INSTALLERS and "install" in rest:
        for word in rest[rest.index("install") + 1 :]:
            if named := calls.release(word):
                found.tell("release", named, place)
    elif not is_recipe:
        _on_notebook(name, rest, place, found)


def _on_notebook(name: str, rest: list[str], place: Place, found: LabFindings) -> None:
    """Report what is done to the notebook itself, and with docker there."""
    if name in _INSTALLERS:
        found.tell("installer", name, place)
    if name != "docker" or not rest:
        return
    if rest[0] in ("build", "buildx", "run", "compose"):
        found.tell("docker", rest[0], place)
    if rest[0] == "push" or "--push" in rest:
        for action in ("BatchCheckLayerAvailability", "InitiateLayerUpload", "UploadLayerPart",
                       "CompleteLayerUpload", "PutImage"):  # fmt: skip
            found.add(LabCall(f"ecr:{action}", place))
        found.tell("push", "", place)


def _aws(rest: list[str], place: Place, found: LabFindings) -> None:
    words = [word for word in rest if not word.startswith("-")]
    options = {word: after for word, after in pairwise(rest) if word.startswith("--")}
    # What stands before the service are the values of options: ``aws --region x s3 ls``.
    while words and not services.is_known(words[0]) and words[0] not in ("s3api", "configure"):
        words = words[1:]
    if len(words) < 2 or words[0] == "configure":  # noqa: PLR2004 - service and command
        return
    if "--no-sign-request" in rest:
        return  # it is nobody who asks
    service, command, *more = words
    if service == "s3":
        _s3(command, more, place, found)
        return
    bucket = _bucket(options["--bucket"]) if "--bucket" in options else ""
    named = calls.instance_types(tuple(re.findall(r"ml\.[\w.-]+", " ".join(rest))))
    for action in services.of_command(service, command):
        use = machines.use_of(action)
        found.add(
            LabCall(
                action,
                place,
                bucket=bucket,
                use=use,
                types=named if use else (),
                untyped=bool(use) and not named,
                by_command=True,
            )
        )
    if (service, command) in _OF_REPOSITORIES:
        found.tell("repository", "", place)


def _s3(command: str, more: list[str], place: Place, found: LabFindings) -> None:
    buckets = [_bucket(word) for word in more if word.startswith("s3://")]
    last_is_s3 = bool(more) and more[-1].startswith("s3://")
    reads = ("s3:GetObject", "s3:ListBucket")
    if command in ("cp", "sync", "mv"):
        read = buckets[:-1] if last_is_s3 else buckets
        for bucket in read:
            for action in reads:
                found.add(LabCall(action, place, bucket=bucket, by_command=True))
        if last_is_s3:
            found.add(LabCall("s3:PutObject", place, bucket=buckets[-1], by_command=True))
        return
    actions = {
        "ls": ("s3:ListBucket",) if more else ("s3:ListAllMyBuckets",),
        "rm": ("s3:DeleteObject", "s3:ListBucket"),
        "mb": ("s3:CreateBucket",),
        "rb": ("s3:DeleteBucket",),
    }.get(command, ())
    for action in actions:
        bucket = next(iter(buckets), "")
        found.add(LabCall(action, place, bucket=bucket, by_command=True))


def _bucket(word: str) -> str:
    """Return a bucket's name from a word of a shell, with placeholders for its variables."""
    found = _S3.match(word)
    return calls.bucket_name(_VARIABLE.sub(calls.UNKNOWN, found[1] if found else word))
