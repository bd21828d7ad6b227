"""One table per SageMaker resource type, one subject per file."""
