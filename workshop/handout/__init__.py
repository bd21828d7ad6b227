"""What every attendee is handed: the way to their notebook, and what is theirs."""
