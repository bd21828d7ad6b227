"""Checks that anybody can run by hand, and that are too long for every test run."""
