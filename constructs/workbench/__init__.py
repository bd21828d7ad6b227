"""The constructs of a workbench: one noun per module.

Each takes the seat's :class:`workshop.naming.Names` with placeholders in it and plain values, so
that one template serves every seat.
"""
