"""CloudFormation StackSets: the same stacks in many accounts and Regions of the local cloud."""
