"""Where the agents of a seat's machines report, in the seat's bucket."""

from __future__ import annotations

from workshop.agent.saving import PREFIX
from workshop.aws.agent_reports import REPORT
from workshop.naming import SAVED_BESIDE_NOTEBOOK

KEY = f"{PREFIX}{REPORT}"
BOX_KEY = f"{SAVED_BESIDE_NOTEBOOK}{REPORT}"
"""Of an EC2 instance whose seat has a notebook as well."""
