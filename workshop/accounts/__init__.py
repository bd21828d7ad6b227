"""Accounts of seats' own: who is in the organization, whose account is whose, stack sets."""
