"""The stacks of a seat (``workshop.naming.SEAT_STACKS``) and those that all seats share."""
