"""Where the material comes from that attendees find in their notebooks."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    model_validator,
)

from workshop.config import rules
from workshop.config.model import Flag, Model
from workshop.config.rules import shown


def _clonable(address: str, info: ValidationInfo) -> str:
    """Return an address of git; raise ValueError for what ``private`` does not let it be."""
    rule = rules.PRIVATE_ADDRESS if info.data.get("private") else rules.CONTENT_ADDRESS
    return rule.check(address)


class Content(Model):
    """Material of the workshop, in a folder of its own in each notebook.

    A public repository is cloned when the notebook is created; what is private, or in S3, comes
    with ``workshop content refresh``, which also brings everything once more.
    """

    private: Flag = False
    """Clone the repository with your own git on your own machine, and send its files, without their
    history, to the cohort's datasets, where every seat may read them: no credentials of git reach
    AWS."""
    repository: Annotated[str, AfterValidator(_clonable)] | None = Field(
        default=None, examples=["https://github.com/example/material.git"]
    )
    """An https address that can be cloned without credentials; of a private one, any address that
    your own git can clone without asking."""
    branch: Annotated[str, rules.BRANCH] = "main"
    """The branch or tag to clone."""
    s3: Annotated[str, rules.S3_SOURCE] | None = Field(
        default=None, examples=["s3://sagemaker-sample-files/datasets/"]
    )
    """Instead of a repository, what lies in a bucket of ``access.public_buckets`` below a prefix,
    ``s3://bucket/prefix/``, or in the cohort's datasets, ``datasets/prefix/``."""
    folder: Annotated[str, rules.FOLDER] | None = Field(default=None, examples=["solutions"])
    """Where it lies in the notebook's files; null for the last word of its address."""

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.repository is None) == (self.s3 is None):
            raise ValueError("names no source, or two; give it either 'repository' or 's3'")
        if self.private and self.repository is None:
            raise ValueError("is private, which only a repository can be; remove 'private'")
        return self

    @property
    def place(self) -> str:
        """Return the name of its folder, kept to harmless characters."""
        address = (self.repository or self.s3 or "").rstrip("/")
        name = self.folder or re.split("[/:]", address)[-1].removesuffix(".git")
        return name if rules.FOLDER.holds(name) else "content"

    @property
    def is_cloned(self) -> bool:
        """Whether a notebook clones it by itself when it is created."""
        return self.repository is not None and not self.private


def _content_kind(value: object) -> str:
    if value is None:
        return "none"
    return "many" if isinstance(value, list | tuple) else "one"


def _folders_apart(content: Content | tuple[Content, ...] | None) -> object:
    """Refuse two of one folder, as a file system without capital letters has it."""
    several = content if isinstance(content, tuple) else (content,) if content else ()
    places = [source.place.lower() for source in several]
    for source, place in zip(several, places, strict=True):
        if place in _NO_CONTENT:
            raise ValueError(
                f"{shown(source.place)} is a name that notebooks use; give another 'folder'"
            )
        if places.count(place) > 1:
            raise ValueError(
                f"has {places.count(place)} sources for the folder {shown(source.place)}; give each"
                " a 'folder' of its own"
            )
    return content


_NO_CONTENT = frozenset(
    {"shared", "workshop.md", "keep-running", "workshop-setup.txt", "workshop-start.txt"}
    | {"00-messages.txt", "workshop-packages.log"}
)
"""Folders and files at the top of a notebook's files that are not for content, in small letters."""


Contents = Annotated[
    Annotated[Content, Tag("one")]
    | Annotated[Annotated[tuple[Content, ...], Field(max_length=10)], Tag("many")]
    | Annotated[None, Tag("none")],
    Discriminator(_content_kind),
    AfterValidator(_folders_apart),
]
"""One source, a list of them, or none."""
