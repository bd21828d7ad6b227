"""``wget`` and ``curl`` of a rehearsal: where a file is out of reach, one that is made up.

``python download.py PROGRAM ...`` runs the machine's own program first, if it has it.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

OWN = "/usr/local/bin:/usr/bin:/bin"


def main(program: str, arguments: "list[str]") -> int:
    """Run the program; return its exit code, 0 where files were made up."""
    found = shutil.which(program, path=OWN)
    code = subprocess.run([found, *arguments], check=False).returncode if found else 127
    urls = [argument for argument in arguments if re.match(r"https?://", argument)]
    if code == 0 or not urls:
        return code
    for url in urls:
        try:
            with urlopen(url, timeout=60) as answer:  # noqa: S310 - as the lab asks
                body = answer.read()
        except OSError:
            return code
        into = place(program, arguments, Path(urlsplit(url).path).name or "index.html")
        if into is None:
            sys.stdout.buffer.write(body)
        else:
            into.parent.mkdir(parents=True, exist_ok=True)
            into.write_bytes(body)
    return 0


def place(program: str, arguments: "list[str]", name: str) -> "Path | None":
    """Return the file that the program writes, None for its standard output."""
    folder, file = Path(), None if program == "curl" else name
    files, folders = (
        (("-o", "--output"), ("--output-dir",))
        if program == "curl"
        else (("-O", "--output-document"), ("-P", "--directory-prefix"))
    )
    for at, argument in enumerate(arguments):
        flag, _, value = argument.partition("=")
        value = value or (arguments[at + 1] if at + 1 < len(arguments) else "")
        if flag in files:
            file = value
        elif flag in folders:
            folder = Path(value)
        elif program == "curl" and re.match(r"--remote-name$|-[a-zA-Z]*O", argument):
            file = name
        elif program == "curl" and re.match(r"-[a-zA-Z]+o$", argument):
            file = arguments[at + 1]
    return None if file in (None, "-") else folder / file


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
