"""Who may do what: the policies of a seat, asked without AWS."""
