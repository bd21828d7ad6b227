"""Notebooks of many seats, stopped and started at once."""
