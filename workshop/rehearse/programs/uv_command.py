"""``uv pip`` of a rehearsal: what it installs, pip does, which sees the packages that are kept.

``python uv_command.py ...`` runs uv itself for anything else, where a notebook has installed it.
"""

import os
import sys
from pathlib import Path

WITH_VALUE = (
    "--python",
    "-p",
    "--index-strategy",
    "--prerelease",
    "--link-mode",
    "--torch-backend",
)
ALONE = ("--system", "--reinstall", "--no-config", "--native-tls", "--compile-bytecode", "--strict")
PIPS_OWN = {"--no-cache": "--no-cache-dir"}


def of_pip(arguments: "list[str]") -> "list[str]":
    """Return the same for pip: options that it does not have are left out."""
    words, before = [], ""
    for word in arguments:
        name = word.partition("=")[0]
        if before not in WITH_VALUE and name not in (*WITH_VALUE, *ALONE):
            words.append(PIPS_OWN.get(word, word))
        before = word
    if words[:1] == ["uninstall"] and "-y" not in words:
        words.insert(1, "-y")
    return words


def main(arguments: "list[str]") -> None:
    """Become pip, or uv."""
    if arguments[:1] == ["pip"]:
        program = [sys.executable, "-m", "pip", *of_pip(arguments[1:])]
    else:
        program = [str(Path(sys.executable).with_name("uv")), *arguments]
    if not Path(program[0]).is_file():
        sys.exit("uv: command not found")
    os.execv(program[0], program)  # noqa: S606 - as the notebook asks


if __name__ == "__main__":
    main(sys.argv[1:])
