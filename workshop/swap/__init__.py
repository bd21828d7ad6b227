"""Letting the person of a broken seat go on at a spare, with the saved work."""
