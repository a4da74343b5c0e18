"""S3 and what speaks its language: opened so that a store that does not answer is given up in bounded time."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
ENVIRONMENT = (
    *SECRETS,
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL",
    "AWS_EC2_METADATA_DISABLED",
)
"""What says how a store is reached, on another machine too; a profile is a file of this one."""
_OPTIONS = ("region", "scheme", "endpoint_override", "tls_ca_file_path")
"""What may stand behind the question mark of an address, by pyarrow's names."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a store is waited for.

    Attributes:
        n_attempts: How often it is asked.
        connect_s: Seconds until it takes the call, each time.
        silent_s: Seconds without a byte, each time.
    """

    n_attempts: int
    connect_s: float
    silent_s: float


CHECK = Patience(2, 3, 3)
"""Before any work: a wrong address is told in half a second where nobody listens, in seven where one is silent."""
WORK = Patience(5, 5, 10)
"""Five times with the waits of the SDK's standard mode are eleven seconds, in which a server starts again. Arrow's own
way of opening an address waits a hundred seconds for one that is silent."""


def open_s3(location: str, patience: Patience) -> tuple[S3FileSystem, str]:
    """The file system of an address s3://BUCKET/PATH, and the path within it.

    What the address does not say is read where every program for S3 reads it: keys, region and endpoint in the
    environment, keys in the profile or of the machine.

    Raises:
        ValueError: It is no such address.
        OSError: The region of the bucket cannot be found out.
    """
    from pyarrow import fs

    parts = urlsplit(location)
    who, _, bucket = parts.netloc.rpartition("@")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(options.keys() - set(_OPTIONS))
    if not bucket or ":" in bucket or unknown:
        raise ValueError(f"unexpected {unknown[0]!r}" if unknown else "expected s3://BUCKET/PATH")
    key, _, secret = (unquote(one) for one in who.partition(":"))
    is_anonymous = who == "anonymous"
    endpoint = options.pop("endpoint_override", None)
    endpoint = endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None
    if endpoint is None and "region" not in options:
        options["region"] = find_region(bucket)
    filesystem = fs.S3FileSystem(
        access_key=None if is_anonymous else key or None,
        secret_key=None if is_anonymous else secret or None,
        anonymous=is_anonymous,
        endpoint_override=endpoint,
        connect_timeout=patience.connect_s,
        request_timeout=patience.silent_s,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=patience.n_attempts),
        **options,
    )
    return filesystem, f"{bucket}/{unquote(parts.path).strip('/')}".rstrip("/")


@cache
def find_region(bucket: str) -> str:
    """Where a bucket of Amazon's lies: it is asked without a key, once.

    Raises:
        OSError: It does not say.
    """
    from pyarrow import fs

    return str(fs.resolve_s3_region(bucket))
