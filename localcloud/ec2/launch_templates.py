"""Launch templates, as far as RunInstances takes what they say."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from typing import Any

from localcloud.ec2 import messages, stores
from localcloud.protocol.errors import ApiError

Record = dict[str, Any]


def patch_launch_templates() -> None:
    """Keep all that a template says, once per process: ministack reads some members alone."""

    def parsed(params: Record, prefix: str = "LaunchTemplateData") -> Record:
        return messages.parsed_structure("RequestLaunchTemplateData", params, prefix)

    stores.ec2()._parse_lt_data = parsed


def applied(request: Record) -> Record:
    """Return a request with what its launch template says and it does not."""
    asked = request.get("LaunchTemplate")
    if not asked:
        return request
    template = _template(asked)
    version = _version(template, str(asked.get("Version") or "$Default"))
    given = {name: value for name, value in request.items() if name != "LaunchTemplate"}
    specifications = [
        *(version["LaunchTemplateData"].get("TagSpecifications") or ()),
        *(given.get("TagSpecifications") or ()),
    ]
    return {
        **version["LaunchTemplateData"],
        **given,
        **({"TagSpecifications": specifications} if specifications else {}),
    }


def _template(asked: Record) -> Record:
    known = stores.ec2()._launch_templates
    name = asked.get("LaunchTemplateName")
    if name is not None:
        found = next(
            (template for template in known.values() if template["LaunchTemplateName"] == name),
            None,
        )
        if found is None:
            raise ApiError(
                "InvalidLaunchTemplateName.NotFoundException",
                f"The specified launch template, with template name {name}, does not exist.",
            )
        return dict(found)
    words = "The specified launch template, with template ID {name}, does not exist."
    code = "InvalidLaunchTemplateId.NotFound"
    return stores.required(known, asked.get("LaunchTemplateId", ""), code, words)


def _version(template: Record, wanted: str) -> Record:
    number = {
        "$Default": template["DefaultVersionNumber"],
        "$Latest": template["LatestVersionNumber"],
    }.get(wanted, wanted)
    for version in template["Versions"]:
        if str(version["VersionNumber"]) == str(number):
            return dict(version)
    raise ApiError(
        "InvalidLaunchTemplateId.VersionNotFound",
        f"Could not find the specified version {wanted} for the launch template with ID "
        f"{template['LaunchTemplateId']}.",
    )
