"""The start stack: what every notebook of one account and Region does when it starts."""

from __future__ import annotations

from constructs import Construct

from stacks.base import Placement, WorkshopStack
from workbench import packed
from workbench.start_parameters import StartParameters
from workshop.naming import START


class StartStack(WorkshopStack):
    """The parameters that the notebooks' start script reads; no seat's stack changes with them.

    Beside the cohort's, whose policies need most of what a template may hold.
    """

    def __init__(self, scope: Construct, construct_id: str, *, placement: Placement) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=placement.names.stack(START),
            description="What every notebook of a workshop does when it starts.",
            placement=placement,
            compact=True,
        )
        names = placement.inside
        StartParameters(self, "OnStart", path=names.start_parameters, values=packed.parameters())
        self._output("Path", names.start_parameters, "Where the parameters are")
