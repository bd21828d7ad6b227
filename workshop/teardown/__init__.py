"""Taking a workshop away again: find, prove, stop, delete in order, look twice, report."""
