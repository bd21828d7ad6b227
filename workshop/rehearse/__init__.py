"""A rehearsal: a workshop's notebooks, run as a seat against the local cloud, locked away."""
