"""What an organiser has a seat's agents bring back: each machine takes what is its own."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tests.support.workbenches import OWN, Workbench


def test_a_notebook_leaves_to_the_instance_beside_it_what_is_the_instances(tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    for below, name in {"saved/": "a.ipynb", "saved/box/": "train.py"}.items():
        entry = [4, 1, hashlib.sha256(b"work").hexdigest(), 0o644]
        manifest = json.dumps({"files": {name: entry}}).encode()
        bench.buckets.objects[OWN, f"{below}from-ben/manifest.json"] = manifest
        bench.buckets.objects[OWN, f"{below}from-ben/files/{name}"] = b"work"
    prefixes = ("saved/from-ben/", "saved/box/from-ben/")
    bench.organiser_sends(
        requests=[
            {"id": prefix, "kind": "restore", "time": bench.now, "seats": ["ada"], "prefix": prefix}
            for prefix in prefixes
        ]
    )
    assert bench.round() == []
    assert bench.work() == {"a.ipynb": "work"}
    assert bench.report["handled"] == [*prefixes]
