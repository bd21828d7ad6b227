"""Session Manager and EC2 Instance Connect, as far as the API goes: a session carries nothing."""
