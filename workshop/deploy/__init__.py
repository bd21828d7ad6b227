"""Many seats at once, over the cloud assembly on disk and CloudFormation."""
