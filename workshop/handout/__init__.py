"""What every attendee gets in their hands: the way to their notebook, and what is theirs."""
