"""What can go wrong, as one tree.

::

    WorkshopError            exit 1   anything this project refuses or fails at
    ├── UsageError           exit 2   the command line asks for something that does not exist
    ├── ConfigError          exit 2   the YAML or the roster is wrong; carries every mistake found
    ├── GuardError           exit 3   refused to protect something: account, quota, date
    ├── NotProvenError       exit 4   a teardown ended before it could prove anything
    └── SignInError          exit 1   AWS takes no more calls; 4 where something was to be proven

Each message is one sentence that names the cure. The command line prints it without a traceback
(``--debug`` shows one) and exits with ``exit_code``; it does so too with ``LocalCloudError`` of the
local cloud, which knows nothing of this project (exit 1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workshop.counting import count_of

ERROR_FILE = "WORKSHOP_ERROR_FILE"
"""The variable that names the file into which the CDK app writes its error, as a line of JSON."""


class WorkshopError(Exception):
    """Root of every error that a user can cause or cure.

    ``details`` is what another program said, whose lines are shown below the sentence.
    """

    exit_code = 1

    def __init__(self, sentence: str, *, details: str = "") -> None:
        self.sentence = sentence
        self.details = tuple(details.splitlines())
        super().__init__("\n".join((sentence, *self.details)))

    def lines(self) -> list[str]:
        """Return the text for a person: a name with a line break in it makes no line of its own."""
        return [f"workshop: {self.sentence}", *self.details]

    def document(self) -> dict[str, Any]:
        """Return the error as plain JSON values, from which ``of_document`` makes it again."""
        return {"exit": self.exit_code, "sentence": self.sentence, "details": self.details}


class UsageError(WorkshopError):
    """The command names something that is not there, such as an unknown environment."""

    exit_code = 2


class ConfigError(WorkshopError):
    """The configuration is wrong.

    ``diagnostics`` holds one line per mistake (``file:line: path: what; cure``), so that all of
    them are seen at once.
    """

    exit_code = 2

    def __init__(self, diagnostics: Sequence[str]) -> None:
        if not diagnostics:
            raise ValueError("a ConfigError needs at least one diagnostic")
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(self.diagnostics))

    def lines(self) -> list[str]:
        # Lines that begin with file:line are links in editors and terminals.
        mistakes = count_of(len(self.diagnostics), "mistake")
        return [*self.diagnostics, f"workshop: {mistakes} in the configuration; nothing was done"]

    def document(self) -> dict[str, Any]:
        return {"exit": self.exit_code, "diagnostics": self.diagnostics}


class GuardError(WorkshopError):
    """Refused although possible: going on could hit the wrong account or cost money."""

    exit_code = 3


class NotProvenError(WorkshopError):
    """A teardown has begun and did not come to its end: something may be left."""

    exit_code = 4


class SignInError(WorkshopError):
    """AWS takes no more calls of the caller: whoever goes on after other errors lets this pass.

    ``state`` says what is so (the sign-in has ended, there is none, the clock is wrong), ``why``
    what AWS or botocore said, ``cure`` what to do before the command is run again. ``is_missing``
    where there were no credentials at all.
    """

    def __init__(self, state: str, why: str, cure: str, *, is_missing: bool = False) -> None:
        self.state, self.why, self.cure, self.is_missing = state, why, cure, is_missing
        super().__init__(f"{state} ({why}); {cure}, and run this again")


def of_document(document: Mapping[str, Any]) -> WorkshopError:
    """Return the error of which this is the document, of a class with the same exit code."""
    if "diagnostics" in document:
        return ConfigError(document["diagnostics"])
    kind = UsageError if document["exit"] == UsageError.exit_code else WorkshopError
    return kind(document["sentence"], details="\n".join(document["details"]))
