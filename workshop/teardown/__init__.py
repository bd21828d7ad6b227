"""Taking a workshop away again: find, prove, stop, delete in order, scan twice, report."""
