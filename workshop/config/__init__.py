"""What an organiser writes: YAML and roster, read and checked, a diagnostic for each mistake."""
