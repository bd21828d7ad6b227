"""Injected faults: a plan of rules that every request is checked against."""
