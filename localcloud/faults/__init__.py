"""What is meant to go wrong in the local cloud: a plan of rules, looked at with every request."""
