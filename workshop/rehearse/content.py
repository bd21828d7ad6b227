"""A workshop's content: its notebooks in their order, and a copy of it that may be changed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from string import Template

from workshop.errors import UsageError

LEFT_OUT = frozenset(
    {
        ".aws",
        ".docker",
        ".git",
        ".ipynb_checkpoints",
        ".ssh",
        ".venv",
        ".workshop",
        "__pycache__",
        "node_modules",
    }
)
"""Names that are no content. Below ``.git`` there may be a token in a remote's address."""

EDITED = frozenset({".ipynb", ".json", ".py", ".sh", ".yaml", ".yml"})
"""Endings of files in which a placeholder of the author's is replaced."""

MOST_GB = 4
"""Of content that is copied."""

_PIN = re.compile(r"""\bsagemaker(?:\[[\w,-]*\])?\s*((?:[=<>~!]=?=?\s*[0-9][\w.]*\s*,?\s*)+)""")
_THIRD = re.compile(r"\bsagemaker\.(?:core|train|mlops|serve\.model_builder)\b")
_AWS_COMMAND = re.compile(r"\baws +(?:configure|ecr|iam|s3|s3api|sagemaker|ssm|sts)\b")


def notebooks(content: Path, patterns: Sequence[str] = ()) -> list[str]:
    """Return the notebooks below a folder, as paths from there, in the order of their names.

    Numbers in names count as numbers. ``patterns`` leave those alone that match one of them.
    Raise UsageError where there is none.
    """
    if not content.is_dir():
        raise UsageError(f"{content} is no folder; name the one that holds the notebooks")
    found = sorted(
        (
            path.relative_to(content).as_posix()
            for path in content.rglob("*.ipynb")
            if path.is_file() and not LEFT_OUT.intersection(path.relative_to(content).parts)
        ),
        key=natural,
    )
    chosen = [
        name for name in found if not patterns or any(fnmatch(name, each) for each in patterns)
    ]
    if not chosen:
        which = f" that matches {' or '.join(patterns)}" if found and patterns else ""
        raise UsageError(f"there is no notebook{which} in {content}; look at the folder's name")
    return chosen


def natural(name: str) -> tuple[object, ...]:
    """Return what sorts ``lab2`` before ``lab10``, and a folder's own before those below it."""
    *folders, last = name.split("/")
    words = [*((1, _words(folder)) for folder in folders), (0, _words(last))]
    return tuple(words)


def _words(text: str) -> list[tuple[int, int, str]]:
    return [
        (0, int(part), "") if part.isdecimal() and part.isascii() else (1, 0, part.casefold())
        for part in re.split(r"([0-9]+)", text)
        if part
    ]


def copy(content: Path, target: Path) -> None:
    """Copy content; links that lead out of it are left out.

    Raise UsageError where it is larger than what is copied.
    """
    root = content.resolve()
    size = 0
    for path in root.rglob("*"):
        if path.is_file() and not LEFT_OUT.intersection(path.relative_to(root).parts):
            size += path.lstat().st_size
    if size > MOST_GB * 2**30:
        raise UsageError(
            f"{content} has {size / 2**30:.1f} GB and {MOST_GB} are copied at most; name the folder"
            " of the notebooks alone"
        )

    def ignored(folder: str, names: Iterable[str]) -> set[str]:
        return {name for name in names if name in LEFT_OUT or _leads_out(Path(folder, name), root)}

    shutil.copytree(root, target, symlinks=True, ignore=ignored, dirs_exist_ok=True)


def _leads_out(path: Path, root: Path) -> bool:
    if path.is_symlink():
        return path.readlink().is_absolute() or not path.resolve().is_relative_to(root)
    # Pipes, sockets and devices are no content.
    return not (path.is_file() or path.is_dir())


def replace(folder: Path, texts: Mapping[str, str], variables: Mapping[str, str]) -> list[str]:
    """Replace texts in the notebooks and programs of a copy; return those that are nowhere.

    The new ones may name variables of the notebook, ``$WORKSHOP_BUCKET``.
    """
    new = {old: Template(text).safe_substitute(variables) for old, text in texts.items()}
    unseen = set(texts)
    for path in folder.rglob("*"):
        if path.suffix not in EDITED or path.is_symlink() or not path.is_file():
            continue
        before = after = path.read_text(encoding="utf-8", errors="surrogateescape")
        for old, text in new.items():
            pair = (old, text)
            if path.suffix == ".ipynb":
                pair = (json.dumps(old)[1:-1], json.dumps(text)[1:-1])
            if pair[0] in after:
                unseen.discard(old)
                after = after.replace(*pair)
        if after != before:
            path.write_text(after, encoding="utf-8", errors="surrogateescape")
    return [old for old in texts if old in unseen]


def code(content: Path, names: Iterable[str]) -> str:
    """Return the code of notebooks as one text; what is no notebook has none."""
    texts: list[str] = []
    for name in names:
        try:
            book = json.loads((content / name).read_text(encoding="utf-8"))
            cells = book["cells"]
            texts += [
                "".join(cell.get("source", ""))
                for cell in cells
                if isinstance(cell, dict) and cell.get("cell_type") == "code"
            ]
        except (OSError, ValueError, LookupError, TypeError):
            continue
    return "\n".join(texts)


def texts(content: Path) -> list[str]:
    """Return the code of each notebook and program below a folder."""
    found = [code(content, [name]) for name in notebooks(content)]
    for path in content.rglob("*.py"):
        hidden = LEFT_OUT.intersection(path.relative_to(content).parts)
        if path.is_file() and not path.is_symlink() and not hidden:
            found.append(path.read_text(encoding="utf-8", errors="replace"))
    return found


def sdk(text: str) -> str:
    """Return which SageMaker Python SDK code is written for, as pip takes it.

    A release that the code pins itself is that one; a floor holds within the generation of what the
    code imports. Without either it is release 2, which nearly all published labs are written for.
    """
    generation = 3 if _THIRD.search(text) else 2
    pins = [re.sub(r"\s+", "", found).rstrip(",") for found in _PIN.findall(text)]
    exact = next((pin for pin in pins if re.fullmatch(r"==[0-9]+\.[0-9.]*[0-9]", pin)), "")
    if exact:
        return f"sagemaker{exact}"
    bound = next((pin for pin in pins if "<" in pin), "")
    return f"sagemaker{bound}" if bound else f"sagemaker>={generation},<{generation + 1}"


def uses_aws_command(content: Path, text: str) -> bool:
    """Return whether code, or a shell script of the content, runs the AWS CLI."""
    if _AWS_COMMAND.search(text):
        return True
    scripts = (path for path in content.rglob("*.sh") if path.is_file() and not path.is_symlink())
    return any(
        _AWS_COMMAND.search(path.read_text(encoding="utf-8", errors="replace")) for path in scripts
    )
