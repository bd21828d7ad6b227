"""What every JSON service of ours shares: botocore's models, held against requests and answers."""
