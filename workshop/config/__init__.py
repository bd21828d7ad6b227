"""What an organiser writes: the YAML and the roster, read, checked and told with file and line."""
