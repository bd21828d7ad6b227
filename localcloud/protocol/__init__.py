"""What our JSON services share: requests and answers are checked against botocore's models."""
