"""What tests of this room are given: a small workshop on a local cloud."""

from __future__ import annotations

from tests.support.small_workshop import fleet

__all__ = ["fleet"]
