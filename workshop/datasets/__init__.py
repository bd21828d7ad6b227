"""Filling the cohort's datasets, which every seat reads: from a folder or another bucket."""
