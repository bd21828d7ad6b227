"""The form of account ids and of Region names."""

ACCOUNT_PATTERN = r"^[0-9]{12}$"
# Two or more words, then a number: us-east-1, us-gov-west-1, eusc-de-east-1.
REGION_PATTERN = r"^[a-z]{2,4}(?:-[a-z]+){1,2}-[0-9]$"

AccountRegion = tuple[str, str]
"""An account and a Region; what is global has the Region ""."""
