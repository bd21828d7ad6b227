"""The lifecycle scripts of machines: what runs on them when they are created and at each start.

Pure functions over plain values. Their results are texts for CloudFormation's ``Fn::Sub`` and may
hold its placeholders (:data:`workshop.naming.PLACEHOLDERS`), which come in with the arguments; any
other ``${`` is escaped. The files that ship are in ``scripts/``; comments, docstrings and blank
lines stay there, so that a template is short. A seat's values are readable in the template; what
on-start does with them is the same for every seat and comes from parameters of the cohort's stack
(:mod:`workbench.packed`), so that no seat's stack changes with it.

Where things go, and why:

- Only ``/home/ec2-user/SageMaker`` outlives a stop; the conda environments of the kernels are new
  at each start (https://docs.aws.amazon.com/sagemaker/latest/dg/nbi-add-external.html). So the
  content is cloned once, by on-create, and packages are installed by on-start, at each start, in
  the background, from a download cache on the disk that stays. On-start also runs right after
  on-create.
- A script may take five minutes and 16,384 base64 characters, runs as root and finds
  ``/sbin:/bin:/usr/sbin:/usr/bin``
  (https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_NotebookInstanceLifecycleHook.html).
- Kernels of ``notebook-al2023-v1`` are the conda environments ``python3`` and ``pytorch``, on
  JupyterLab 4 (https://docs.aws.amazon.com/sagemaker/latest/dg/nbi-al2023.html).
- An EC2 instance keeps all of its disk. Its user data has both scripts behind what makes a notebook
  of it; cloud-init runs that once, and a unit of systemd at each later start.
- Jupyter listens on port 8443 with a self-signed certificate and asks for no token; should it ask
  for one after all, the idle stop finds it in Jupyter's runtime files.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.packed import bare
from workshop import tags as tag_rules
from workshop.errors import WorkshopError
from workshop.naming import PLACEHOLDERS, at_longest

SIZE_LIMIT = 16_384
"""Characters of a script in base64."""
USER_DATA_LIMIT = 16_384
"""Bytes of user data before they are base64
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html)."""

_KNOWN = "|".join(PLACEHOLDERS)


def on_create(*, clones: Sequence[tuple[str, str, str]]) -> str:
    """Return the script for the notebook's creation: clones the content, once.

    Each of ``clones`` is an address, a branch and the folder that it gets. A failure to clone
    leaves ``WORKSHOP-SETUP.txt`` in the attendee's files, with the reason and the command to
    repeat; it never fails the notebook.
    """
    if not clones:
        return "#!/bin/bash\n# This workshop has no content to clone.\nexit 0\n"
    lines = []
    for repository, branch, folder in clones:
        repeat = ["git", "clone", f"--branch={branch}", "--", repository, folder]
        words = map(_plain, (repository, branch, folder, shlex.join(repeat)))
        lines.append(f"clone {shlex.join(words)} &")
    return _rendered("on_create.sh", CLONES="\n".join(lines))


def on_start(
    *,
    region: str,
    parameters_path: str,
    content: Sequence[str],
    tags: Mapping[str, str],
    role_arn: str,
    buckets: Mapping[str, tuple[str, Sequence[str]]],
    datasets_bucket: str,
    repositories: Mapping[str, str],
    job_prefix: str,
    model_prefix: bool,
    open_to_seats: Mapping[str, str],
    packages: Sequence[str],
    idle_stop_minutes: int | None,
    busy_stop_hours: int | None,
    keep_running_hours: int,
    mlflow: str = "",
    save: str = "",
    tokens: Sequence[str] = (),
) -> str:
    """Return the script for each start: it reads what to do and gives that the seat's values.

    ``parameters_path`` is where the parameters are that hold it. ``content`` are the folders that
    are to be there, and ``tokens`` the names of variables whose values the agent reads. ``tags``
    are the seat's; ``repositories`` maps a repository's key to its address for ``docker push``;
    ``buckets`` maps a bucket's key to its name and its prefixes, and the first is the SDK's own;
    ``model_prefix`` is whether the names of models have to begin with ``job_prefix``;
    ``open_to_seats`` maps the end of a variable's name to what the rules of the profile open;
    ``idle_stop_minutes`` None means that the notebook never stops by itself, and
    ``busy_stop_hours`` None that it never does so while it is in use. ``mlflow`` is the ARN of the
    MLflow that is the seat's to use, empty for none.
    ``save`` are the bounds of what is saved, as JSON, empty for the usual ones.
    """
    (_, (bucket, prefixes)), *others = buckets.items()
    variables = {
        "WORKSHOP_SEAT": tags[tag_rules.ATTENDEE],
        "WORKSHOP_ROLE_ARN": role_arn,
        "WORKSHOP_BUCKET": bucket,
        "WORKSHOP_DATASETS": f"s3://{datasets_bucket}/",
        "WORKSHOP_JOB_PREFIX": job_prefix,
        "WORKSHOP_TAGS": json.dumps(
            [{"Key": key, "Value": value} for key, value in tags.items()], separators=(",", ":")
        ),
        **_variables("WORKSHOP_S3_", {prefix: f"s3://{bucket}/{prefix}" for prefix in prefixes}),
        **_variables("WORKSHOP_BUCKET_", {key: name for key, (name, _) in others}),
        **_variables(
            "WORKSHOP_S3_",
            {
                f"{key}/{prefix}": f"s3://{name}/{prefix}"
                for key, (name, prefixes) in others
                for prefix in prefixes
            },
        ),
        **_variables("WORKSHOP_REPOSITORY_", repositories),
    }
    if model_prefix:
        variables["WORKSHOP_MODEL_PREFIX"] = job_prefix
    variables |= {f"WORKSHOP_{name}": value for name, value in open_to_seats.items()}
    if mlflow:
        variables["MLFLOW_TRACKING_URI"] = mlflow
    if tokens:
        variables["WORKSHOP_TOKENS"] = " ".join(tokens)
    if save:
        variables["WORKSHOP_SAVE"] = save
    return _rendered(
        "on_start.sh",
        REGION=region,
        PATH=parameters_path,
        CONTENT=shlex.quote(" ".join(map(_plain, content))) if content else "",
        ENVIRONMENT="\n".join(
            f"export {name}={shlex.quote(_plain(value))}" for name, value in variables.items()
        ),
        PACKAGES=shlex.quote(shlex.join(map(_plain, packages))),
        IDLE_MINUTES=str(idle_stop_minutes or ""),
        BUSY_HOURS=str(busy_stop_hours or 0),
        KEEP_HOURS=str(keep_running_hours),
    )


def user_data(
    *,
    clones: Sequence[tuple[str, str, str]],
    partition: str,
    account: str,
    saved_to: str,
    **values: Any,
) -> str:
    """Return the user data of an EC2 instance: it becomes like a notebook, and starts as one.

    ``clones`` are :func:`on_create`'s and ``values`` :func:`on_start`'s arguments. ``saved_to`` is
    the prefix below which the agent saves, empty for the usual one.
    """
    ready = _rendered(
        "box_start.sh",
        PARTITION=partition,
        REGION=str(values["region"]),
        ACCOUNT=account,
        SAVED=saved_to,
        ON_CREATE="@ON_CREATE@",
    )
    # It is rendered already, and nothing is escaped twice.
    return ready.replace("@ON_CREATE@\n", on_create(clones=clones)) + _without_shebang(
        on_start(**values)
    )


def check_user_data(script: str, what: str) -> None:
    """Refuse user data that EC2 would refuse, for the longest values of its placeholders."""
    size = len(at_longest(script).replace("${!", "${").encode())
    if size > USER_DATA_LIMIT:
        raise WorkshopError(
            f"{what} has {size:,} bytes and EC2 takes {USER_DATA_LIMIT:,};"
            " use fewer or shorter tags, prefixes, repositories or packages"
        )


def _without_shebang(script: str) -> str:
    return script.removeprefix("#!/bin/bash\n")


def check_size(script: str, what: str) -> None:
    """Refuse a script that SageMaker would refuse, for the longest values of its placeholders.

    ``what`` names the script at the start of the sentence.
    """
    longest = at_longest(script).replace("${!", "${")
    size = -(-len(longest.encode()) // 3) * 4
    if size > SIZE_LIMIT:
        raise WorkshopError(
            f"{what} has {size:,} characters in base64 and SageMaker takes {SIZE_LIMIT:,};"
            " use fewer or shorter tags, prefixes, repositories or packages"
        )


def _variables(start: str, values: Mapping[str, str]) -> dict[str, str]:
    """Environment variables named after their keys: ``train/`` gives ``WORKSHOP_S3_TRAIN``."""
    named: dict[str, str] = {}
    origin: dict[str, str] = {}
    for key, value in values.items():
        name = start + re.sub(r"[^A-Z0-9]+", "_", key.upper()).strip("_")
        if name in named:
            raise WorkshopError(
                f"{origin[name]!r} and {key!r} would both be {name} in the notebook; rename one"
            )
        named[name], origin[name] = value, key
    return named


def _rendered(script: str, **values: str) -> str:
    text = re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], bare(script)) + "\n"
    # Fn::Sub turns ${!word} into ${word} and would refuse an unknown ${word}.
    return re.sub(rf"\$\{{(?!(?:{_KNOWN})\}})", "${!", text)


def _plain(value: str) -> str:
    """``value`` if it is one line of printable ASCII: a script's here-documents end at a line."""
    if not re.fullmatch(r"[\x20-\x7e]*", value):
        raise WorkshopError(
            f"{value!r} cannot be part of a notebook's script; use one line of plain ASCII"
        )
    return value
