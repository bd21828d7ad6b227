"""A copy of an environment for the demo, which may have more than the original.

Images of EC2 instances are pinned in the copy: those of the local cloud are no others'.
"""

from __future__ import annotations

from pathlib import Path

from workshop import files
from workshop.config.environment import LoadedEnvironment
from workshop.environments import loader
from workshop.errors import UsageError
from workshop.files import shown

GPU = """
  # Whoever needs a machine of their own: an EC2 instance with a GPU in the notebook's place.
  gpu:
    notebook: {enabled: false}
    ec2: {instance_types: [g5.xlarge, g4dn.xlarge]}
    access:
      training_instance_types: [ml.m5.large]
      endpoint_instance_types: [ml.m5.large]
"""
GPU_SEAT = "barbara,Barbara Example,barbara@example.com,gpu,\n"


def copy(
    loaded: LoadedEnvironment, folder: Path, *, more: str = "", row: str = ""
) -> LoadedEnvironment:
    """Return an environment in ``folder`` with ``more`` YAML, and a ``row`` before the last.

    Its images are not pinned yet. Raise UsageError where its roster lies outside of its own folder,
    and cannot be copied along.
    """
    roster = loaded.settings.roster.file
    if roster and (Path(roster).is_absolute() or ".." in Path(roster).parts):
        raise UsageError(
            f"the demo changes a copy of {shown(loaded.path)}, and its roster {roster} lies"
            " elsewhere; put it beside it"
        )
    files.make_folder(folder)
    text = loaded.path.read_text(encoding="utf-8")
    files.write(folder / loaded.path.name, text + more)
    if roster:
        content = (loaded.path.parent / roster).read_bytes()
        if row:
            *rows, last = content.splitlines(keepends=True)
            content = b"".join([*rows, row.encode(), last])
        files.make_folder((folder / roster).parent, root=folder)
        files.write(folder / roster, content)
    return loader.load(loaded.name, folder, pinned=False)


def with_gpu_seat(loaded: LoadedEnvironment, folder: Path) -> LoadedEnvironment:
    """Return the shipped environment with one seat more, whose machine is an EC2 instance."""
    return copy(loaded, folder, more=GPU, row=GPU_SEAT)
