"""The provisioner without CDK: a room for each command, over the way to AWS and the YAML."""
