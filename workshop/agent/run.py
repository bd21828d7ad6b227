"""One round of the agent, twice a minute: ``python -m workshop.agent.run``.

Run by a systemd timer as the notebook's own user with the seat's role and nobody else's. A round
reads the organiser's document, saves the attendee's files every six minutes, does what it was
asked for, and reports to ``saved/report.json`` in the seat's own bucket. ``--save`` saves and does
nothing else: before the notebook stops.

At most ten minutes of work are lost: a save looks at the files, sends what changed for three
minutes, and lists what it sent; the next one looks six minutes after it looked, with what a timer
takes. What three minutes do not send follows half a minute later, small and new files first. A file
that takes longer by itself is saved once all of its parts are sent, and until then as it was.

What a round has to remember lies in memory (``/run/workshop-agent``) and is gone after a stop: the
bucket's manifest then says what is saved. That this disk got its saved files back is written on the
disk. Until then nothing is saved: an empty disk must not become what is saved.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from workshop.agent import content, files, inbox, rehearsing, state, tokens
from workshop.agent.saving import PREFIX, BucketStore, Restored, SavedWork, Saving, entries

SAVE_EVERY = 360
"""With the half minute from round to round and the time to send, less than ten minutes."""
REPORT_EVERY = 300
SECONDS = 180
"""For which a round sends files; a later one goes on."""
LAST_SECONDS = 75
"""The same before the notebook stops: what is not listed by the time it does is not saved."""
MOST_HANDLED = 100
LEFT_OUT = 10
"""Of what is not saved, as many are named in the report."""
MARKER = f"{files.OWN}/this-disk"


@dataclass
class Agent:
    """The agent of one workbench; ``remembered`` is what it knows from earlier rounds."""

    root: Path
    seat: str
    notebook: str
    own: BucketStore
    cohort: BucketStore
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: Callable[[], float] = time.time
    remembered: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home = self.root / "home/ec2-user/SageMaker"
        self.run = self.root / "run/workshop-agent"
        self.errors: list[str] = []
        bounds = files.Bounds.of_text(self.environment.get("WORKSHOP_SAVE", ""))
        self._saving = Saving(self.home, self.own, self.clock, bounds)
        self._due = False

    def round(self) -> None:
        """Do what is due; what fails is in the report, and stops nothing else."""
        self.remembered.setdefault("started", self.clock())
        with self._noted("messages"):
            self._read_inbox()
        with self._noted("tokens"):
            tokens.bring(self.own, self.environment, self.run, self.remembered)
        with self._noted("restoring"):
            self._restore_once()
        asked = inbox.requests(
            self._known("inbox"), self.seat, self.remembered.get("handled", []), self.clock()
        )
        # Kernels take minutes to check, and what is brought back as long as it takes.
        if self._is_due("save_at", SAVE_EVERY):
            self.save()
        self._bring_content()
        done = [request for request in asked if self._did(request)]
        handled = [*self.remembered.get("handled", []), *(request["id"] for request in done)]
        self.remembered["handled"] = handled[-MOST_HANDLED:]
        if done or self._due or self._is_due("report_at", REPORT_EVERY):
            with self._noted("report"):
                self._report()

    def _did(self, request: dict[str, Any]) -> bool:
        """Do what is asked for; False if the next round has to do it again."""
        kind = request.get("kind")
        failed = len(self.errors)
        if kind == "restore":
            with self._noted("restoring"):
                self._restore_asked(request)
        if kind == "rehearse":
            with self._noted("rehearsal"):
                rehearsing.begin(request, self.own, self.root)
        if len(self.errors) > failed:
            return False
        if kind == "check":
            self.remembered["kernels"] = state.kernels(self.root)
        return kind in ("check", "rehearse") or self.save()

    def _is_due(self, part: str, every: float) -> bool:
        """Whether a time has come; one that lies further ahead is from before a clock was set."""
        ahead = self.remembered.get(part, 0) - self.clock()
        return not 0 < ahead <= every

    def save(self, seconds: float = SECONDS) -> bool:
        """Save what changed, once this disk has what was saved before; return whether all is."""
        if not (self.home / MARKER).exists() and not self.remembered.get("restored"):
            self.errors.append("saving: waits until the saved files are back")
            return False
        began = self.clock()
        with self._noted("saving"):
            self._saving.begun = self._known("begun")
            saved = self._saving.save(self._manifest(), seconds)
            self.remembered["begun"] = self._saving.begun
            self._remember(saved)
            # What is not complete goes on with the next round.
            self.remembered["save_at"] = began + SAVE_EVERY if saved.complete else began
            self._due = self._due or saved.changed
            return saved.complete
        return False

    def _manifest(self) -> dict[str, Any]:
        if "manifest" not in self.remembered:
            self.remembered["manifest"] = self._saving.manifest()
        manifest: dict[str, Any] = self.remembered["manifest"]
        return manifest

    def _remember(self, saved: SavedWork) -> None:
        entries = self._manifest()["files"].values()
        self.remembered["saved"] = {
            "until": saved.began if saved.complete else self._known("saved").get("until"),
            "files": len(entries),
            "bytes": sum(entry[0] for entry in entries),
            "left_out": len(saved.left_out),
            "left_out_first": [list(each) for each in saved.left_out[:LEFT_OUT]],
            "error": saved.error,
        }

    def _restore_once(self) -> None:
        """Bring back what is saved to a disk that never had it."""
        if self.remembered.get("restored"):
            return
        if not (self.home / MARKER).exists():
            manifest = self._manifest()
            wanted = {**manifest["files"], **manifest["unrestored"]}
            done = self._restore(wanted, PREFIX)
            manifest["unrestored"] = done.unrestored
        self.remembered["restored"] = True
        files.replace(self.home / MARKER, "Its saved files are back; see saved/ in the bucket.\n")

    def _restore_asked(self, request: dict[str, Any]) -> None:
        """Bring back what the organiser laid into the seat's own bucket."""
        prefix = str(request.get("prefix"))
        # Below the prefix of a notebook is that of an instance beside it, which restores its own.
        name = prefix.removeprefix(PREFIX).removesuffix("/")
        if not prefix.startswith(PREFIX) or "/" in name:
            return
        found = self.own.read(f"{prefix}manifest.json") or {}
        done = self._restore(entries(found, "files"), prefix)
        self._manifest()["unrestored"].update(done.unrestored)

    def _restore(self, wanted: dict[str, Any], prefix: str) -> Restored:
        beside = time.strftime("restored-%Y-%m-%d-%H%M", time.gmtime(self.clock()))
        done = self._saving.restore(wanted, prefix, beside)
        before = self._known("back")
        self.remembered["back"] = {
            "files": before.get("files", 0) + done.files,
            "beside": before.get("beside", 0) + done.beside,
            "missing": len(done.unrestored),
        }
        self._due = self._due or bool(done.files or done.unrestored)
        return done

    def _read_inbox(self) -> None:
        document, etag = inbox.read(self.cohort, self.remembered.get("etag", ""))
        if document is None:
            return
        self.remembered.update(inbox=document)
        texts, shown = inbox.messages(document, self.seat), self.remembered.get("shown")
        # After a start there is nobody whom an old message would be new to.
        new = [text for text in texts if shown is not None and text["id"] not in shown]
        if texts:
            inbox.show(texts, new, self.home, self.run, self.root / "dev/pts")
        self.remembered["shown"] = [text["id"] for text in texts]
        self._due = self._due or bool(new)
        brought = [self._bring(version) for version in inbox.shared(document)]
        # Without it, the next round reads and tries again.
        self.remembered["etag"] = etag if all(brought) else ""

    def _bring(self, version: dict[str, Any]) -> bool:
        """Bring a version of content that never was on this disk; return whether it was."""
        brought = self.home / files.OWN / "shared" / str(version["version"])
        if "/" in str(version["version"]) or brought.exists():
            return True
        if missing := inbox.bring(version, self.cohort, self.home):
            self.errors.append(f"content: {missing}")
            return False
        self._due = True
        files.replace(brought, "")
        return True

    def _bring_content(self) -> None:
        """Bring what the folders of content lack, as far as it comes in a few minutes."""
        ends, brought = self.clock() + SECONDS, self.remembered.setdefault("content", {})
        for entry in content.of_profile(self._known("inbox"), self.environment):
            name, version = entry["folder"], entry["version"]
            told = brought.get(name, {})
            waits = 0 < told.get("again", 0) - self.clock() <= content.AGAIN
            if told.get("version") == version or waits or self.clock() >= ends:
                continue
            folder = content.ContentFolder(
                self.home, entry, self.cohort, lambda: self.clock() >= ends
            )
            failed = len(self.errors)
            with self._noted("content"):
                if folder.bring():
                    brought[name] = {"version": version, "beside": len(folder.beside)}
                    self._due = True
            self.errors += [f"content: {why}" for why in folder.missing[:LEFT_OUT]]
            if len(self.errors) > failed and brought.get(name) in (None, told):
                brought[name] = {**told, "again": self.clock() + content.AGAIN}

    def _report(self) -> None:
        now = self.clock()
        versions = self.home / files.OWN / "shared"
        text = {
            "seat": self.seat,
            "notebook": self.notebook,
            "time": now,
            "started": self.remembered["started"],
            "handled": self.remembered["handled"][-20:],
            "saved": self._known("saved"),
            "back": self._known("back"),
            "messages": len(self.remembered.get("shown") or []),
            "shared": sorted(path.name for path in versions.glob("*"))[-20:],
            "brought": self._known("content"),
            "no_tokens": self._known("tokens").get("missing", []),
            "datasets": state.datasets(self.cohort),
            "active": state.last_use(self.root, now),
            "kernels": self.remembered.get("kernels"),
            **state.of_disk(self.home, self.environment),
            "errors": self.errors[:10],
        }
        self.own.put(f"{PREFIX}report.json", json.dumps(text).encode())
        self.remembered["report_at"] = now + REPORT_EVERY

    def _known(self, part: str) -> dict[str, Any]:
        known: dict[str, Any] = self.remembered.get(part) or {}
        return known

    @contextmanager
    def _noted(self, part: str) -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, ClientError, OSError) as error:
            self.errors.append(f"{part}: {error}"[:300])


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 if all that was due is done, 1 otherwise."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--save", action="store_true", help="save and do nothing else")
    parser.add_argument("--wait", type=float, default=0, help="seconds to wait for another round")
    parser.add_argument("--root", type=Path, default="/")
    given = parser.parse_args(arguments)
    run = given.root / "run/workshop-agent"
    run.mkdir(parents=True, exist_ok=True)
    with (run / "lock").open("w") as lock:
        if not _locked(lock.fileno(), given.wait):
            return 0  # another round is under way
        agent = of_this_machine(given.root)
        remembered = run / "remembered.json"
        if remembered.exists():
            agent.remembered = files.document(remembered.read_bytes())
        try:
            agent.save(LAST_SECONDS) if given.save else agent.round()
        except Exception:
            # Whatever it is that could not be understood, the next round begins anew.
            remembered.unlink(missing_ok=True)
            raise
        files.replace(remembered, json.dumps(agent.remembered))
    for error in agent.errors:
        logging.getLogger(__name__).error("%s", error)
    return int(bool(agent.errors))


def _locked(lock: int, seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= ends:
                return False
            time.sleep(0.5)
        else:
            return True


def of_this_machine(root: Path) -> Agent:
    """Return the agent of the workbench that this runs on, as its start script described it."""
    own = json.loads((root / "opt/ml/metadata/resource-metadata.json").read_text())
    region, account = own["ResourceArn"].split(":")[3:5]
    s3 = boto3.client(
        "s3",
        region_name=region,
        config=Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"mode": "standard", "total_max_attempts": 3},
        ),
    )
    return Agent(
        root=root,
        seat=os.environ["WORKSHOP_SEAT"],
        notebook=own["ResourceName"],
        own=BucketStore(s3, os.environ["WORKSHOP_BUCKET"], account),
        cohort=BucketStore(
            s3, os.environ["WORKSHOP_DATASETS"][len("s3://") :].rstrip("/"), account
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
