"""A template as the CDK command line sends it: as YAML, whose length it holds against its limit."""

from __future__ import annotations

from typing import Any

import yaml


class _Dumper(yaml.SafeDumper):
    """Indents lists, leaves lines as long as they are, and escapes as the library of CDK's does."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyYAML's
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    quoted = '"' if "'" in text and '"' in text else None
    style = "|" if "\n" in text else quoted
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def as_cdk_sends(template: Any) -> str:
    """Return the YAML of a template, within a hundredth as long as CDK's own."""
    text: str = yaml.dump(
        template, Dumper=_Dumper, width=1_000_000, sort_keys=False, allow_unicode=True
    )
    return text
