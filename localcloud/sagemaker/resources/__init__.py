"""One table per kind of SageMaker resource, one subject per file."""
