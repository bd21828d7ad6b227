"""What tests of this room are given: a small workshop on a local cloud, and buckets to save."""

from __future__ import annotations

from tests.support.saved_artifacts import buckets
from tests.support.small_workshop import fleet

__all__ = ["buckets", "fleet"]
