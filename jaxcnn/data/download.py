"""Downloads and prepares the sets whose files can be read without TensorFlow, with TFDS's own machinery."""

import tarfile
import threading
import zlib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from jaxcnn.data import prepared
from jaxcnn.data.dataset import MissingData
from jaxcnn.errors import UserError

PATIENCE = 3.0  # seconds after which a host that does not answer counts as unreachable


def prepare(name: str, root: Path, others: Iterable[str] = ()) -> Path:
    """Downloads `name`, prepares it under `root` as array_record, and returns its folder.

    `others`: names that do not come from TFDS, for the suggestions.
    Raises MissingData without network; UserError for unknown names, sets that only TensorFlow can prepare, damaged
    downloads, and folders that cannot be written.
    """
    from jaxcnn.data.builders import BUILDERS  # imports TFDS: not when the set is there already

    base = name.partition(":")[0]
    if base not in BUILDERS:
        raise _not_ours(name, root, [*BUILDERS, *others])
    builder = BUILDERS[base]
    if reason := unreachable(builder.URL):
        raise MissingData(
            f"{name} is not prepared in {root} (no {base}/*/dataset_info.json there), and cannot be downloaded: "
            f"{urlsplit(builder.URL).netloc} cannot be reached ({reason}). Set TFDS_DATA_DIR to a folder "
            "that holds prepared data, or connect to the network and try again"
        )
    _run(builder, root, base)
    if folder := prepared.find(name, root):
        return folder
    raise UserError(f"{name} cannot be prepared: the version of {base} is {builder.VERSION}")


def unreachable(url: str) -> str | None:
    """Why `url` cannot be downloaded now, or None if its host answers; takes `PATIENCE` seconds at most.

    A thread of its own, because neither the look-up of a host's name nor its several addresses know a time limit.
    Proxies and certificates are those that TFDS's download would use.
    """
    answers: list[str | None] = []
    asking = threading.Thread(target=lambda: answers.append(_ask(url)), daemon=True)
    asking.start()
    asking.join(PATIENCE)
    return answers[0] if answers else f"no answer within {PATIENCE:g} seconds"


def _ask(url: str) -> str | None:
    import requests

    try:
        response = requests.head(url, timeout=PATIENCE, allow_redirects=True)
    except (requests.RequestException, OSError) as error:
        return type(error).__name__
    # 405: a host that answers, but not to HEAD.
    return None if response.ok or response.status_code == 405 else f"HTTP status {response.status_code}"


def _run(builder: type, root: Path, name: str) -> None:
    import requests
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

    config = tfds.download.DownloadConfig(try_download_gcs=False)  # what is prepared there is tfrecord
    try:
        builder(data_dir=root, file_format="array_record").download_and_prepare(download_config=config)
    except (requests.RequestException, tfds.download.DownloadError) as error:
        raise MissingData(f"the download of {name} failed ({error}): try again, or set TFDS_DATA_DIR") from error
    except (NonMatchingChecksumError, tarfile.TarError, EOFError, KeyError, ValueError, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"the download of {name} is damaged or not what was expected ({reason}): try again") from error
    except OSError as error:
        raise UserError(
            f"{name} cannot be prepared in {root} ({error}): set TFDS_DATA_DIR to another folder"
        ) from error


def _not_ours(name: str, root: Path, ours: list[str]) -> UserError:
    """The error for a set that is not prepared and that we cannot prepare."""
    import tensorflow_datasets as tfds

    known = tfds.list_builders(with_community_datasets=False)
    base = name.partition(":")[0].partition("/")[0]
    if prepared.NAME.fullmatch(name) and base in known:
        return UserError(
            f"{name} is not prepared in {root}, and preparing it needs TensorFlow. Do it once, in any environment that "
            f"has tensorflow and tensorflow-datasets: {prepared.build_command(name, root)}"
        )
    near = get_close_matches(name.lower(), {*known, *ours}, n=1, cutoff=0.7)
    suggestion = f"did you mean {near[0]!r}? " if near else ""
    return UserError(
        f"unknown data set {name!r}: {suggestion}Known: {', '.join(sorted(ours))}, and every image-classification set "
        f"of TFDS that is prepared in {root}."
    )
