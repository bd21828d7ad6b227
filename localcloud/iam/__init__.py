"""SageMaker's IAM actions, resources and condition keys, checked against the caller's policies."""
