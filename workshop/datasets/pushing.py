"""Brings a dataset to the cohort's bucket of an account and Region: only what differs is sent.

S3 checks what it is sent by a checksum. What is there already is known by its size and its ETag, as
is afterwards that everything has arrived; what a push that was interrupted has sent is not sent
again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.counting import first_of
from workshop.datasets.layout import OWN, DatasetFile
from workshop.errors import WorkshopError
from workshop.teardown import s3_copy
from workshop.teardown.s3_copy import Entry

PART = 16 * 1024**2
"""Bytes of a part; S3 takes 10,000 of them."""
MOST_PARTS = 9_000
THREADS = 16
USD_PER_GB_MONTH = 0.025
"""What S3 Standard costs about; 0.023 in us-east-1, and a little more in most Regions."""


class Arrivals(Protocol):
    """Called, from any thread, with the bytes and the files that have newly arrived."""

    def __call__(self, sent: int, *, files: int = 0) -> None: ...


@dataclass(frozen=True)
class DatasetsBucket:
    """The datasets of one account and Region."""

    clients: Clients
    loaded: LoadedEnvironment
    account_region: AccountRegion

    @property
    def name(self) -> str:
        """Return the bucket's name."""
        return self.loaded.cohort_names(self.account_region).datasets_bucket

    @property
    def client(self) -> Any:
        """Return the client of S3 for it."""
        return self.clients.client("s3", self.account_region)

    @property
    def of(self) -> dict[str, str]:
        """Return the bucket as each call names it, with whose it has to be."""
        return {"Bucket": self.name, "ExpectedBucketOwner": self.account_region.account}

    def entries(self, prefix: str = "") -> dict[str, Entry]:
        """Return what lies below a prefix by key, but for what the tool keeps there.

        Raise WorkshopError where that cannot be listed.
        """
        try:
            found = s3_copy.listed(self.client, prefix, **self.of)
            return {entry.key: entry for entry in found if not entry.key.startswith(OWN)}
        except (BotoCoreError, ClientError) as error:
            raise self.failed(error) from error

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; earlier versions stay for as long as the bucket keeps them."""
        try:
            for at in range(0, len(keys), 1000):
                objects = [{"Key": key} for key in keys[at : at + 1000] if not key.startswith(OWN)]
                answer = self.client.delete_objects(
                    **self.of, Delete={"Objects": objects, "Quiet": True}
                )
                for refused in answer.get("Errors", ()):
                    why = f"{refused['Key']} was not deleted ({refused['Code']})"
                    raise WorkshopError(f"{why}; mend that and run this again")
        except (BotoCoreError, ClientError) as error:
            raise self.failed(error) from error

    def failed(self, error: Exception) -> WorkshopError:
        """Return the sentence of a call that AWS refused."""
        if isinstance(error, ClientError) and errors.code(error.response) == "NoSuchBucket":
            return WorkshopError(
                f"there is no bucket {self.name} yet; make it with: {self.loaded.command('deploy')}"
            )
        if errors.is_no_way_in(error):
            return WorkshopError(errors.reason(error))
        return WorkshopError(
            f"s3://{self.name} could not be used ({errors.describe(error)}); mend that and run this"
            " again: what has arrived is not sent again"
        )


@dataclass(frozen=True)
class PushPlan:
    """What a push does in one bucket; ``send`` are files by key."""

    bucket: DatasetsBucket
    prefix: str
    send: Mapping[str, DatasetFile]
    same: int = 0
    delete: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """Return how many bytes are sent."""
        return sum(file.size for file in self.send.values())


def month_usd(size: int) -> float:
    """Return what S3 Standard costs about for so many bytes and a month."""
    return size / 1e9 * USD_PER_GB_MONTH


def plan(
    bucket: DatasetsBucket, files: Mapping[str, DatasetFile], prefix: str, *, delete: bool
) -> PushPlan:
    """Compare files, by key, with what is there; raise WorkshopError where that fails."""
    there = bucket.entries(prefix)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="compare") as pool:
        known = pool.map(lambda key: _is(files[key], there.get(key)), files)
        same = dict(zip(files, known, strict=True))
    return PushPlan(
        bucket,
        prefix,
        {key: file for key, file in files.items() if not same[key]},
        sum(same.values()),
        tuple(sorted(there.keys() - files.keys())) if delete else (),
    )


def _is(file: DatasetFile, there: Entry | None) -> bool:
    return (
        there is not None
        and there.size == file.size
        and s3_copy.has_etag(file.path, there.etag, part_size(file.size))
    )


def part_size(size: int) -> int:
    """Return the bytes of a part of a file of so many bytes."""
    return PART * max(1, -(-size // (PART * MOST_PARTS)))


def push(planned: PushPlan, arrived: Arrivals, going_on: Callable[[], object]) -> None:
    """Send what differs, delete what is to go, and look whether all is there.

    Raise WorkshopError where something did not arrive. ``going_on`` raises what is to end it.
    """
    bucket = planned.bucket
    try:
        in_parallel(partial(_send, planned, arrived=arrived, going_on=going_on), planned.send)
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise bucket.failed(error) from error
    except OSError as error:
        raise WorkshopError(
            f"{error.filename} cannot be read ({error.strerror}); mend that and run this again"
        ) from error
    _check(planned, going_on)
    planned.bucket.delete(planned.delete)


def in_parallel(do: Callable[[str], object], keys: Iterable[str]) -> None:
    """Do something for every key; the first error ends it, and what has not begun is left."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="send") as pool:
        done = [pool.submit(do, key) for key in keys]
        try:
            for sending in as_completed(done):
                sending.result()
        except BaseException:  # Ctrl-C too: the pool would send all that is queued before it ends
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _send(planned: PushPlan, key: str, arrived: Arrivals, going_on: Callable[[], object]) -> None:
    file, bucket = planned.send[key], planned.bucket
    if file.size <= PART:
        with file.path.open("rb") as body:
            bucket.client.put_object(**bucket.of, Key=key, Body=body)
        arrived(file.size, files=1)
        return

    def progress(sent: int) -> None:
        going_on()
        arrived(sent)

    part = part_size(file.size)
    bucket.client.upload_file(
        str(file.path),
        bucket.name,
        key,
        ExtraArgs={"ExpectedBucketOwner": bucket.account_region.account},
        Callback=progress,
        Config=TransferConfig(multipart_threshold=part, multipart_chunksize=part),
    )
    arrived(0, files=1)


def _check(planned: PushPlan, going_on: Callable[[], object]) -> None:
    """Look whether files are there as they are here; raise WorkshopError where one is not."""
    sent = planned.send
    there = planned.bucket.entries(planned.prefix) if sent else {}

    def differs(key: str) -> bool:
        going_on()
        return not _is(sent[key], there.get(key))

    with ThreadPoolExecutor(THREADS, thread_name_prefix="check") as pool:
        wrong = [key for key, bad in zip(sent, pool.map(differs, sent), strict=True) if bad]
    if wrong:
        raise WorkshopError(
            f"{first_of(wrong, 1)} did not arrive as it is here now; has it changed meanwhile? Run"
            " this again"
        )
