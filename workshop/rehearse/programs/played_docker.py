"""``docker`` in a rehearsal: nothing is built or run; a push makes the calls of a push.

A repository then has an image of that tag, made by the seat under its permissions, so that jobs
which name it find it. Anything that would need a running container is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

DONE = (
    *("build", "builder", "buildx", "image", "images", "info", "inspect", "login", "logout"),
    *("ps", "pull", "rmi", "system", "tag", "version"),
)
IMAGE = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[a-z.]+/(?P<name>[^:@]+)(?::(?P<tag>.+))?"
)


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def push(address: str) -> None:
    import boto3  # noqa: PLC0415 - slow, and only pushes need it
    from botocore import handlers  # noqa: PLC0415

    # The real one is no program in Python, and pushes to the very name that it is given.
    handlers.BUILTIN_HANDLERS[:] = [
        each for each in handlers.BUILTIN_HANDLERS if each[1].__module__ != "workshop_names"
    ]
    found = IMAGE.fullmatch(address)
    if not found:
        sys.exit(f"docker: {address} is in no registry of this rehearsal; push to the seat's")
    ecr: Any = boto3.client("ecr", region_name=found["region"])
    where = {"registryId": found["account"], "repositoryName": found["name"]}
    config, layer = b"{}", b"played"
    for blob in (config, layer):
        known = ecr.batch_check_layer_availability(**where, layerDigests=[digest(blob)])
        if known["layers"] and known["layers"][0]["layerAvailability"] == "AVAILABLE":
            continue
        upload = ecr.initiate_layer_upload(**where)["uploadId"]
        part = {"partFirstByte": 0, "partLastByte": len(blob) - 1, "layerPartBlob": blob}
        ecr.upload_layer_part(**where, uploadId=upload, **part)
        ecr.complete_layer_upload(**where, uploadId=upload, layerDigests=[digest(blob)])
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    image = "application/vnd.docker.container.image.v1+json"
    tar = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    manifest = {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": {"mediaType": image, "size": len(config), "digest": digest(config)},
        "layers": [{"mediaType": tar, "size": len(layer), "digest": digest(layer)}],
    }
    tag = found["tag"] or "latest"
    ecr.put_image(
        **where, imageManifest=json.dumps(manifest), imageManifestMediaType=kind, imageTag=tag
    )
    sys.stdout.write(f"{tag}: digest: {digest(json.dumps(manifest).encode())} (played)\n")


def refuse(command: str) -> None:
    """Note a command that is not played among the calls of the cell, and fail."""
    call = {
        "process": os.getpid(),
        "service": "docker",
        "operation": command,
        "status": 1,
        "code": "NotPlayedHere",
        "message": "no container runs in a rehearsal",
    }
    with Path(os.environ["WORKSHOP_REHEARSAL_CALLS"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(call) + "\n")
    sys.exit(f"docker {command}: not played: no container runs in a rehearsal")


def main(arguments: list[str]) -> None:
    words = [word for word in arguments if not word.startswith("-")]
    if not words:
        return
    if words[0] == "push":
        push(words[1])
    elif words[:2] == ["compose", "version"]:
        whole = "" if "--short" in arguments else "Docker Compose version v"
        sys.stdout.write(f"{whole}2.29.0\n")  # as the SDK's local mode looks for it
    elif words[0] in DONE:
        sys.stdout.write(f"docker {words[0]}: played, nothing is built or run in a rehearsal\n")
    else:
        refuse(words[0])


if __name__ == "__main__":
    main(sys.argv[1:])
