"""SageMaker's control plane: one table per resource type, one small engine for all of them."""
