"""The requests that boto3 makes: methods of clients, of resources, and of what these return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from workshop.fit import calls, machines, services
from workshop.fit.calls import LabCall, LabFindings, Place
from workshop.fit.machines import Options
from workshop.fit.values import (
    UNKNOWN,
    BotoClient,
    PaginatorOrWaiter,
    S3Place,
    text,
    under_key,
)

_OF_S3_OBJECT: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("put", "put_object", "upload_file", "upload_fileobj"), ("s3:PutObject",)),
    **dict.fromkeys(("get", "load", "download_file", "download_fileobj"), ("s3:GetObject",)),
    **dict.fromkeys(("all", "filter", "limit"), ("s3:ListBucket",)),
    "delete": ("s3:DeleteObject",),
    "copy_from": ("s3:GetObject", "s3:PutObject"),
}
"""Methods of S3's buckets and objects -> the actions."""


class BotoRequests:
    """Reports what boto3 asks of AWS, at the place where a lab is being read."""

    def __init__(self, found: LabFindings) -> None:
        self.found = found
        self.place = Place("")
        self.is_fallback = False
        """Whether what is reported is done only after something else has failed."""
        self.made_buckets: set[str] = set()
        """What stands for the seat's own bucket: Python on the notebook makes no other."""

    def client(self, kind: str, arguments: Sequence[Any], options: Options) -> BotoClient:
        """Return what ``boto3.client`` or ``.resource`` makes."""
        service = arguments[0] if arguments else options.get("service_name", UNKNOWN)
        return BotoClient(text(service), is_resource=kind == "resource")

    def of_client(
        self, client: BotoClient, name: str, arguments: Sequence[Any], options: Options
    ) -> Any:
        """Report a client's method; return what is known of its result."""
        service = client.service
        if name in ("get_paginator", "get_waiter"):
            named = text(arguments[0]) if arguments else ""
            of = services.of_method if name == "get_paginator" else services.of_waiter
            return PaginatorOrWaiter(of(service, named))
        if client.is_resource and service == "s3" and name in ("Bucket", "Object", "ObjectSummary"):
            first = arguments[0] if arguments else options.get("bucket_name", UNKNOWN)
            return S3Place(bucket_name(first))
        if service == "s3" and arguments:
            # A download's first argument is the bucket; before it, others have a file or a source.
            at = 0 if name.startswith("download") else 1
            options = {"Bucket": arguments[at] if len(arguments) > at else UNKNOWN, **options}
        self.request(services.of_method(service, name), options)
        return {"Account": calls.ACCOUNT} if name == "get_caller_identity" else UNKNOWN

    def of_s3(self, bucket: str, name: str) -> Any:
        """Report a method of a bucket or an object."""
        if name in ("Object", "objects"):
            return S3Place(bucket)
        if name == "create":
            self.made_buckets.add(bucket)
        self.add(*_OF_S3_OBJECT.get(name, ()), bucket=bucket)
        return UNKNOWN

    def request(self, actions: Sequence[str], options: Options) -> None:
        """Report the actions of one operation with the parameters of its request."""
        bucket = bucket_name(options["Bucket"]) if "Bucket" in options else ""
        for action in actions:
            if self.is_fallback and action == "iam:GetRole":
                continue  # for those who are on no notebook: get_execution_role works here
            if action == "s3:CreateBucket":
                self.made_buckets.add(bucket)
                continue
            use = machines.use_of(action)
            call = LabCall(action, self.place, bucket=bucket)
            self.found.add(replace(call, **machines.of_request(options, use)) if use else call)
            if use in ("training", "processing"):
                self.add("iam:PassRole")
        for copied in under_key({"from": options.get("CopySource")}, "Bucket"):
            self.bucket(bucket_name(copied), writes=False)

    def bucket(self, name: str, *, writes: bool) -> None:
        """Report that objects of a bucket are read, or written."""
        self.add(*(("s3:PutObject",) if writes else ("s3:GetObject", "s3:ListBucket")), bucket=name)

    def add(self, *actions: str, bucket: str = "") -> None:
        """Report actions of which no more is known."""
        for action in actions:
            self.found.add(LabCall(action, self.place, bucket=bucket))


def bucket_name(value: Any) -> str:
    """Return the name of a bucket that a value is; the seat's own where it is not known."""
    return calls.bucket_name(text(value))
