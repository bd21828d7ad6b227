"""Who may use a local cloud: whoever proves to know a secret of it, on every single request."""
