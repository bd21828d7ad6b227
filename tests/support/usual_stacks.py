"""The stacks of a seat whose profile says nothing of them: with a notebook and no EC2 instance."""

from __future__ import annotations

from workshop.config.profiles import Profile

USUAL_STACKS = Profile().stacks
