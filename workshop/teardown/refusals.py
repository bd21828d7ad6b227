"""What an error of AWS means to whoever deletes, as :mod:`workshop.aws.errors` decides it."""

from workshop.aws.errors import (
    Refusal,
    is_denied,
    is_gone,
    is_hopeless,
    is_not_offered,
    is_passing,
    message,
)
from workshop.aws.errors import describe as told

__all__ = [
    "Refusal",
    "is_denied",
    "is_gone",
    "is_hopeless",
    "is_not_offered",
    "is_passing",
    "message",
    "told",
]
