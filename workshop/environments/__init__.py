"""Environments as a whole: found by name, read with their roster, checked against IAM's limits."""
