"""Who may do what: SageMaker's IAM actions, resources and condition keys, held against policies."""
