"""The errors of the local cloud, each one sentence with its cure."""

from __future__ import annotations


class LocalCloudError(Exception):
    """The local cloud did not do what was asked of it.

    ``details`` is the output of another program, shown below the sentence.
    """

    def __init__(self, sentence: str, *, details: str = "") -> None:
        self.sentence = sentence
        self.details = tuple(details.splitlines())
        super().__init__("\n".join((sentence, *self.details)))
