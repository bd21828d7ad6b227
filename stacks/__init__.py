"""The stacks of a seat (``workshop.naming.SEAT_STACKS``) and the cohort's."""
