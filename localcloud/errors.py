"""What the local cloud refuses or fails at, in one sentence with its cure."""

from __future__ import annotations


class LocalCloudError(Exception):
    """The local cloud did not do what was asked of it.

    ``details`` is what another program said, whose lines are shown below the sentence.
    """

    def __init__(self, sentence: str, *, details: str = "") -> None:
        self.sentence = sentence
        self.details = tuple(details.splitlines())
        super().__init__("\n".join((sentence, *self.details)))
