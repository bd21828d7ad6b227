"""Options that several commands share, spelled the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Env = Annotated[
    str,
    typer.Option(
        "--env", "-e", metavar="NAME", help="The environment: config/NAME.yaml.", show_default=False
    ),
]
ConfigDir = Annotated[
    Path,
    typer.Option("--config-dir", metavar="DIR", help="Where the environments are."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for programs.")]

CONFIG_DIR = Path("config")
