"""The demonstration: a workshop deployed, used and destroyed on the embedded local cloud."""
