"""Host names of the local cloud's own that browsers and curl lead to this machine.

Everything below ``localhost`` is this machine to them (RFC 6761), so each function and each
notebook has an origin of its own, as on AWS. Programs that ask the system instead may not find such
a name: they connect to 127.0.0.1 and send it as ``Host``.
"""

from __future__ import annotations

import os


def served_at(name: str) -> str:
    """Return host and port at which ``name`` is served."""
    # The server sets it before anything is made.
    return f"{name}.localhost:{os.environ.get('GATEWAY_PORT', '4566')}"
