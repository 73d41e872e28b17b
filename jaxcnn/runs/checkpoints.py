"""Checkpoints with Orbax: save, restore, and read only the variables.

A checkpoint is a folder named after its step, written atomically. The newest ones are kept, and the best on
validation. Checksums of all arrays are in its metadata and verified at every read, so that damage is an error and never
a wrong number.
"""

import json
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp
from flax.traverse_util import flatten_dict, unflatten_dict
from orbax.checkpoint.checkpoint_managers import preservation_policy

from jaxcnn import rules
from jaxcnn.errors import UserError
from jaxcnn.runs.checksums import damaged, digests
from jaxcnn.types import Tree

ITEM = "state"
METADATA = "_CHECKPOINT_METADATA"


def _accuracy(metrics: dict[str, float]) -> float:
    return metrics["accuracy"]


class Checkpoints:
    """The checkpoints of one run; they are saved in the background, and `close` waits for that.

    Raises: UserError where a folder cannot be written or a checkpoint cannot be read.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder = folder.resolve()
        best = preservation_policy.BestN(n=1, get_metric_fn=_accuracy, keep_checkpoints_without_metrics=False)
        newest = preservation_policy.LatestN(keep)
        self._options = ocp.CheckpointManagerOptions(
            preservation_policy=preservation_policy.AnyPreservationPolicy([newest, best]),
            best_fn=_accuracy,
            best_mode="max",
            cleanup_tmp_directories=True,
        )
        self._manager = ocp.CheckpointManager(self.folder, options=self._options)

    @property
    def latest(self) -> int | None:
        return self._manager.latest_step()

    @property
    def best(self) -> int | None:
        """The step of the highest validation accuracy among all that were saved with one."""
        return self._manager.best_step()

    def save(self, step: int, state: Tree, accuracy: float | None) -> None:
        """Starts to save; the arrays may be donated as soon as this returns.

        Raises: UserError if this save, or the one before it, fails.
        """
        if step == self.latest:
            return
        metrics = None if accuracy is None else {"accuracy": accuracy}
        try:
            args = ocp.args.Composite(**{ITEM: ocp.args.StandardSave(state)})
            self._manager.save(step, args=args, metrics=metrics, custom_metadata={"digests": digests(state)})
        except Exception as error:  # Orbax and TensorStore raise many kinds
            raise self._not_saved(error) from error

    def wait(self) -> None:
        try:
            self._manager.wait_until_finished()
        except Exception as error:
            raise self._not_saved(error) from error

    def restore(self, target: Tree, step: int) -> Tree:
        """The state saved at `step`; `target` gives its structure, shapes, dtypes and devices."""
        abstract = jax.tree.map(ocp.utils.to_shape_dtype_struct, target)
        try:
            args = ocp.args.Composite(**{ITEM: ocp.args.StandardRestore(abstract)})
            return _verified(self.folder, step, self._manager.restore(step, args=args)[ITEM])
        except Exception as error:
            raise _unreadable(self.folder, step, error) from error

    def set_aside_damaged(self, target: Tree) -> dict[int, str]:
        """Moves every checkpoint that cannot be read to `damaged/` beside the folder; step -> its problem."""
        wrong: dict[int, str] = {}
        for step in complete_steps(self.folder):
            try:
                self.restore(target, step)
            except UserError as error:
                wrong[step] = str(error).splitlines()[0]
        if wrong and len(wrong) == len(complete_steps(self.folder)):
            raise UserError(
                "none of the checkpoints can be read, and none was moved:\n  " + "\n  ".join(wrong.values()) + "\n"
                "To start over, choose another --folder."
            )
        if jax.process_index() == 0:
            for step in wrong:
                _set_aside(self.folder / str(step))
        if wrong:
            ocp.multihost.sync_global_processes("damaged checkpoints are set aside")
            self._manager.reload()
        return wrong

    def close(self) -> None:
        self.wait()
        self._manager.close()

    def _not_saved(self, error: Exception) -> UserError:
        complete = complete_steps(self.folder)
        last = f"the last good checkpoint is step {complete[-1]}" if complete else "no checkpoint has been saved"
        return UserError(
            f"could not save a checkpoint in {self.folder}: {_reason(error)}\n"
            f"{last}; free disk space or fix the folder's permissions, and run the same command again to resume."
        )


def complete_steps(folder: Path) -> list[int]:
    """The steps of complete checkpoints, ascending; reads only the names of folders."""
    if not folder.is_dir():
        return []
    return sorted(int(p.name) for p in folder.iterdir() if p.name.isdigit())


def latest_step(folder: Path) -> int | None:
    """The step of the latest complete checkpoint, if there is one."""
    return max(complete_steps(folder), default=None)


def read_variables(folder: Path, step: int, only: str = "*") -> Tree:
    """{"params", "batch_stats"} of a checkpoint, the moving averages if it has them; needs no model or optimizer.

    Leaves whose path the pattern `only` does not match are not read from the disk.
    Raises: UserError for a pattern that matches nothing, and for a checkpoint that cannot be read.
    """
    path = folder.resolve() / str(step) / ITEM
    try:
        with ocp.PyTreeCheckpointer() as checkpointer:
            handler: Any = ocp.PyTreeCheckpointHandler()  # the checkpointer itself warns of a missing file
            saved = handler.metadata(path).tree
            wanted = _select(only, saved["ema"] or {k: saved[k] for k in ("params", "batch_stats")})
            wanted = {"ema": wanted} if saved["ema"] else wanted
            here = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
            abstract = jax.tree.map(lambda m: jax.ShapeDtypeStruct(m.shape, m.dtype, sharding=here), wanted)
            args = ocp.args.PyTreeRestore(
                item=abstract,
                restore_args=ocp.checkpoint_utils.construct_restore_args(abstract),
                partial_restore=True,
            )
            restored = _verified(folder, step, checkpointer.restore(path, args=args))
    except UserError:
        raise
    except Exception as error:
        raise _unreadable(folder, step, error) from error
    return {"params": {}, "batch_stats": {}, **restored.get("ema", restored)}


def _select(only: str, variables: Tree) -> Tree:
    """The leaves whose path within their collection matches; all other branches are absent."""
    flat = flatten_dict(variables)
    names = {key: "/".join(key[1:]) for key in flat}
    rules.require_match(only, names.values(), "only")
    return unflatten_dict({key: leaf for key, leaf in flat.items() if rules.matches(only, names[key])})


def _verified(folder: Path, step: int, tree: Tree) -> Tree:
    """`tree`, if it is what was saved at `step`; trees saved without checksums are not verified.

    Raises: ValueError that names the first array that differs.
    """
    metadata = json.loads((folder / str(step) / METADATA).read_text())
    expected = (metadata.get("custom_metadata") or {}).get("digests")
    wrong = damaged(tree, expected) if expected is not None else []
    if wrong:
        raise ValueError(f"{wrong[0]} is not what was saved ({len(wrong)} damaged arrays)")
    return tree


def _set_aside(path: Path) -> None:
    """Moves a checkpoint to `damaged/`, under a free name."""
    aside = path.parent.parent / "damaged"
    try:
        aside.mkdir(exist_ok=True)
        taken = {p.name for p in aside.iterdir()}
        names = [path.name, *(f"{path.name}-{n}" for n in range(2, len(taken) + 3))]
        path.rename(aside / next(name for name in names if name not in taken))
    except OSError as error:
        raise UserError(f"cannot move {path} to {aside}: {error.strerror}") from None


def _unreadable(folder: Path, step: int, error: Exception) -> UserError:
    others = [other for other in complete_steps(folder) if other != step]
    message = f"the checkpoint {folder / str(step)} cannot be read: {_reason(error)}"
    if not others:
        return UserError(f"{message}\nThere is no other checkpoint.")
    return UserError(
        f"{message}\nThere are others: {', '.join(map(str, others))}.\n"
        "With --resume latest_valid the run resumes at the latest valid one and moves damaged ones to `damaged/`.\n"
        f"To load another: step={others[-1]}, or --init.source {folder.parent}@{others[-1]}."
    )


def _reason(error: BaseException) -> str:
    """The first line of an error, or of its cause if it has no message; TensorStore's messages are pages long."""
    text = str(error).strip() or (_reason(error.__cause__) if error.__cause__ else type(error).__name__)
    return text.splitlines()[0][:200]
