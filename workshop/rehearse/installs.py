"""The packages that the notebooks of a workshop install, read from their lines of pip.

They are put into the Python that is kept, once for all notebooks and rehearsals: pip then finds
them in each notebook, and only answers.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path

from workshop.config import rules
from workshop.rehearse.content import code

_LINE = re.compile(r"^[%!\s]*[^#\n]*?\bpip3?\s+install\b([^\n]*)", re.MULTILINE)
_LIST = re.compile(r"""^[^#\n]*["']install["']((?:\s*,\s*["'][^"'\n]+["'])+)""", re.MULTILINE)
_QUOTED = re.compile(r"""["']([^"'\n]+)["']""")
_ELSEWHERE = (
    *("-t", "--target", "--prefix", "--root", "-c", "--constraint", "--python-version"),
    *("-i", "--index-url", "--pre", "--no-deps", "--no-binary", "-e", "--editable"),
)
"""Options of lines that are left to the notebook: they would mean another thing here."""
_WITH_VALUE = (
    *("--extra-index-url", "-f", "--find-links", "--timeout", "--retries", "--python"),
    *("--progress-bar", "--upgrade-strategy", "--trusted-host", "--index-strategy"),
)
_FILES = ("-r", "--requirement")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
LEFT_TO_THE_NOTEBOOK = re.compile(
    r"(?i)(?:pip|uv|sagemaker|torch|torchvision|torchaudio|torchtext|setuptools|wheel"
    r"|ipykernel|ipython|jupyter.*|notebook|vllm|flash-attn|nvidia-.*|bitsandbytes|deepspeed)"
)
"""Of the kernel itself, or so large that only who needs it should wait for it."""
MOST = 60


def requirements(content: Path, names: Iterable[str]) -> list[str]:
    """Return what pip installs in notebooks, one requirement for each package.

    Of two for one package the first that pins a release counts, else the first. What is no plain
    requirement (an address, a folder, a variable) is left to the notebook, and so is what
    :data:`LEFT_TO_THE_NOTEBOOK` names.
    """
    found: dict[str, str] = {}
    for name in names:
        for word in _words(code(content, [name]), content, (content / name).parent):
            package = re.sub(r"[-_.]+", "-", _NAME.match(word)[0]).lower()  # type: ignore[index]
            if LEFT_TO_THE_NOTEBOOK.fullmatch(package):
                continue
            if package not in found or ("==" in word and "==" not in found[package]):
                found[package] = word
    return list(found.values())[:MOST]


def _words(text: str, content: Path, folder: Path) -> Iterator[str]:
    """Yield the plain requirements of a notebook's code."""
    joined = text.replace("\\\n", " ")
    lines = [_split(line) for line in _LINE.findall(joined)]
    lines += [_QUOTED.findall(found) for found in _LIST.findall(joined)]
    for words in lines:
        if not any(word.partition("=")[0] in _ELSEWHERE for word in words):
            yield from _plain(words, content, folder, text)


def _split(line: str) -> list[str]:
    """Return the words of a command, up to the next one on its line."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    try:
        words = list(lexer)
    except ValueError:
        return []
    return list(takewhile(lambda word: not set(word) & set(";&|"), words))


def _plain(words: Sequence[str], content: Path, folder: Path, text: str) -> Iterator[str]:
    before = ""
    for word in words:
        if before in _FILES:
            yield from _of_file(folder / word, content, text)
        elif before not in _WITH_VALUE and _is_plain(word):
            yield word
        before = word


def _of_file(path: Path, content: Path, text: str) -> Iterator[str]:
    """Yield the plain lines of a file of requirements: of the content, or that a cell writes."""
    lines: Sequence[str] = ()
    if path.is_file() and path.resolve().is_relative_to(content.resolve()):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    elif found := re.search(rf"^%%writefile +\S*{re.escape(path.name)}\n", text, re.MULTILINE):
        lines = list(takewhile(_of_requirements, text[found.end() :].splitlines()))
    for line in lines[:MOST]:
        word = _without_spaces(line)
        if _is_plain(word):
            yield word


def _of_requirements(line: str) -> bool:
    """Return whether a line may be of a file that a cell writes, and not of the next cell."""
    return not line.strip() or line.startswith("#") or _is_plain(_without_spaces(line))


def _without_spaces(line: str) -> str:
    return re.sub(r"\s*([<>=!~,]+)\s*", r"\1", line.partition("#")[0]).strip()


def _is_plain(word: str) -> bool:
    # Several rules for one version, as pip takes them, are each a rule of the YAML.
    first, *others = word.split(",") if "[" not in word else [word]
    whole = [first, *(f"x{other}" for other in others)]
    return all(rules.REQUIREMENT.holds(part) for part in whole)
