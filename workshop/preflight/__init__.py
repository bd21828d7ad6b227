"""Whether a deployment can succeed, asked before anything is made.

``preflight`` reads, in every account and Region at once, who is calling, what they may do, what
the account holds and what it may hold; everything that is decided from these answers is pure.
"""

from workshop.preflight.checks import Check, CheckState, PreflightReport
from workshop.preflight.run import preflight

__all__ = ["Check", "CheckState", "PreflightReport", "preflight"]
