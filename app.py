"""The CDK app of this folder, for ``cdk synth|ls|diff|deploy|destroy``: see :mod:`stacks`."""

from __future__ import annotations

import sys

from stacks.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
