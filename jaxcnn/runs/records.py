"""What is known of a checkpoint besides its arrays: step, score on validation, checksums; covered by one of its own.

It decides which checkpoint is the best and what may be removed, so that damage to it is an error as well.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jaxcnn.json_files import parse_object

METADATA = "_CHECKPOINT_METADATA"
"""Orbax's file in the folder of a checkpoint, which holds what we add."""


@dataclass(frozen=True)
class Record:
    step: int
    score: float | None
    """On the validation images; None where they were not evaluated at this step."""
    digests: Mapping[str, str]
    """Path of an array -> its checksum."""

    def sealed(self) -> dict[str, Any]:
        """As plain values, with their checksum."""
        return {**asdict(self), "seal": _seal(self)}


def read_record(checkpoint: Path) -> Record:
    """The record in the folder of a checkpoint.

    Raises: ValueError or OSError if it is missing, damaged, or that of another step.
    """
    try:
        values = dict(parse_object((checkpoint / METADATA).read_bytes())["custom_metadata"])
        seal = values.pop("seal")
        record = Record(**values)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{METADATA} is damaged: its record is incomplete ({error})") from None
    except ValueError as error:
        raise ValueError(f"{METADATA} is damaged: {error}") from None
    if seal != _seal(record):
        raise ValueError(f"{METADATA} is damaged: step, score or checksums are not those that were saved")
    if str(record.step) != checkpoint.name:
        raise ValueError(f"it was saved at step {record.step}, and its folder was renamed")
    return record


def _seal(record: Record) -> str:
    text = json.dumps([record.step, record.score, dict(record.digests)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
