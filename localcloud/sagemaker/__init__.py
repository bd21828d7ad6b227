"""SageMaker's control plane: one table per kind of resource, one small engine for all of them."""
