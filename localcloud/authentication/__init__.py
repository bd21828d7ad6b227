"""Who may use a local cloud: every request has to prove that its sender knows a secret of it."""
