"""What running resources leave in other services: log lines, objects, metrics."""
