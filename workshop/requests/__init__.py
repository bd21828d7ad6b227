"""What the organiser asks of the agents on the workbenches, and what they report."""
