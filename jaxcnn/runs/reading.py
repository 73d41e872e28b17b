"""A checkpoint read: what is in it, only its variables, and what to say of one that cannot be read."""

import glob
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp
import tensorstore
from etils import epath
from flax.traverse_util import flatten_dict, unflatten_dict

from jaxcnn import rules
from jaxcnn.errors import UserError, option
from jaxcnn.runs.checksums import damaged
from jaxcnn.runs.records import Record, read_record
from jaxcnn.runs.steps import complete_steps
from jaxcnn.types import Tree

ITEM = "state"


class LiteralPath(type(epath.Path())):
    """A path whose own characters are never a pattern: Orbax finds nothing below a folder named `b[1]`."""

    def glob(self, pattern: str) -> Iterator["LiteralPath"]:
        return map(type(self), glob.glob(os.path.join(glob.escape(str(self)), pattern)))


def read_variables(folder: Path, step: int, only: str = "*") -> Tree:
    """{"params", "batch_stats"} of a checkpoint, the moving averages if it has them; needs no model or optimizer.

    Leaves whose path the pattern `only` does not match are not read from the disk.
    Raises: UserError for a pattern that matches nothing, and for a checkpoint that cannot be read.
    """
    path = LiteralPath(folder.resolve() / str(step) / ITEM)
    try:
        record = read_record(folder / str(step))
        with ocp.PyTreeCheckpointer() as checkpointer:
            saved = listed(path)
            wanted = _select(only, saved["ema"] or {k: saved[k] for k in ("params", "batch_stats")})
            wanted = {"ema": wanted} if saved["ema"] else wanted
            here = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
            abstract = jax.tree.map(lambda m: jax.ShapeDtypeStruct(m.shape, m.dtype, sharding=here), wanted)
            args = ocp.args.PyTreeRestore(
                item=abstract,
                restore_args=ocp.checkpoint_utils.construct_restore_args(abstract),
                partial_restore=True,
            )
            restored = verified(checkpointer.restore(path, args=args), record)
    except UserError:
        raise
    except Exception as error:
        raise unreadable(folder, step, error) from error
    return {"params": {}, "batch_stats": {}, **restored.get("ema", restored)}


def count_arrays(path: Path) -> int:
    """How many arrays the index of a checkpoint has; faster than `listed`, which opens each."""
    spec = {"driver": "ocdbt", "base": {"driver": "file", "path": f"{path}/"}}
    keys = tensorstore.KvStore.open(spec).result().list().result()
    return sum(key.endswith(b"/.zarray") for key in keys)


def listed(path: LiteralPath) -> Tree:
    """Shapes and dtypes of everything in a checkpoint, without reading the arrays."""
    handler: Any = ocp.PyTreeCheckpointHandler()  # a checkpointer itself warns of a missing file
    return handler.metadata(path).tree


def _select(only: str, variables: Tree) -> Tree:
    """The leaves whose path within their collection matches; all other branches are absent."""
    flat = flatten_dict(variables)
    names = {key: "/".join(key[1:]) for key in flat}
    rules.require_match(only, names.values(), "only")
    return unflatten_dict({key: leaf for key, leaf in flat.items() if rules.matches(only, names[key])})


def verified(tree: Tree, record: Record) -> Tree:
    """`tree`, if it is what was saved.

    Raises: ValueError that names the first array that differs.
    """
    if wrong := damaged(tree, record.digests):
        raise ValueError(f"{wrong[0]} is not what was saved ({len(wrong)} damaged arrays)")
    return tree


def unreadable(folder: Path, step: int, error: Exception) -> UserError:
    others = [other for other in complete_steps(folder) if other != step]
    message = f"the checkpoint {folder / str(step)} cannot be read: {reason(error)}"
    if not others:
        return UserError(
            f"{message}\nThere is no other checkpoint: restore it from a copy, or train again in another --folder."
        )
    return UserError(
        f"{message}\nThere are others: {', '.join(map(str, others))}.\n"
        "With --resume latest_valid the run resumes at the latest valid one and moves damaged ones to `damaged/`.\n"
        f"To load another: step={others[-1]}, or {option('--init.source', f'{folder.parent}@{others[-1]}')}."
    )


def reason(error: BaseException) -> str:
    """The first line of an error, or of its cause if it has no message; TensorStore's messages are pages long."""
    if isinstance(error, KeyError):
        return f"it has no entry {error}"
    text = str(error).strip() or (reason(error.__cause__) if error.__cause__ else type(error).__name__)
    return text.splitlines()[0][:200]
