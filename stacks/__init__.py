"""The stacks: five for each seat and one for the cohort. They only compose constructs."""
