"""The checkpoints of a run with Orbax: save, restore, keep the newest and the best.

After a save, what was written is looked up again before anything older is removed. Checksums of all arrays are verified
at every read, so that damage is an error and never a wrong number.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import jax
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import LatestN

from jaxcnn.errors import UserError
from jaxcnn.runs import steps
from jaxcnn.runs.checksums import digests
from jaxcnn.runs.reading import ITEM, LiteralPath, count_arrays, reason, unreadable, verified
from jaxcnn.runs.records import Record, read_record
from jaxcnn.types import Tree

EVERY = None
"""Orbax removes none: it would before what was saved is looked up, and not atomically."""


class Checkpoints:
    """The checkpoints of one run; they are saved in the background, and `close` waits for that.

    Raises: UserError where a folder cannot be written or a checkpoint cannot be read.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder, self._keep = folder.resolve(), keep
        self._scores: dict[int, float | None] | None = None
        self._saving: Record | None = None
        self._background = ThreadPoolExecutor(1)
        self._settled: Future[None] | None = None
        if jax.process_index() == 0:
            steps.clean(self.folder)
        options = ocp.CheckpointManagerOptions(
            preservation_policy=LatestN(EVERY), cleanup_tmp_directories=True, lightweight_initialize=True
        )
        self._manager = ocp.CheckpointManager(LiteralPath(self.folder), options=options)

    @property
    def latest(self) -> int | None:
        return max(self._known(), default=None)

    @property
    def best(self) -> int | None:
        """The step of the highest score on validation among all that were saved with one."""
        measured = [(score, step) for step, score in self._known().items() if score is not None]
        return max(measured)[1] if measured else None

    def save(self, step: int, state: Tree, score: float | None) -> None:
        """Starts to save; the arrays may be donated as soon as this returns.

        Raises: UserError if this save, or the one before it, fails.
        """
        self.wait()
        if step in self._known():
            return
        record = Record(step, score, digests(state))
        try:
            args = ocp.args.Composite(**{ITEM: ocp.args.StandardSave(state)})
            self._manager.save(step, args=args, custom_metadata=record.sealed())
        except Exception as error:  # Orbax and TensorStore raise many kinds
            raise self._not_saved(error) from error
        self._saving = record
        self._settled = self._background.submit(self._settle, record)

    def wait(self) -> None:
        """Waits until the last save is on disk and found there, and removes what is no longer kept."""
        try:
            if self._settled is not None:
                self._settled.result()
        except UserError:
            raise
        except Exception as error:
            raise self._not_saved(error) from error
        finally:
            self._saving = self._settled = None

    def restore(self, target: Tree, step: int) -> Tree:
        """The state saved at `step`; `target` gives its structure, shapes, dtypes and devices."""
        abstract = jax.tree.map(ocp.utils.to_shape_dtype_struct, target)
        try:
            record = read_record(self.folder / str(step))
            args = ocp.args.Composite(**{ITEM: ocp.args.StandardRestore(abstract)})
            return verified(self._manager.restore(step, args=args)[ITEM], record)
        except Exception as error:
            raise unreadable(self.folder, step, error) from error

    def set_aside_damaged(self, target: Tree) -> dict[int, str]:
        """Moves every checkpoint that cannot be read to `damaged/` beside the folder; step -> its problem."""
        wrong: dict[int, str] = {}
        for step in steps.complete_steps(self.folder):
            try:
                self.restore(target, step)
            except UserError as error:
                wrong[step] = str(error).splitlines()[0]
        if wrong and len(wrong) == len(steps.complete_steps(self.folder)):
            raise UserError(
                "none of the checkpoints can be read, and none was moved:\n  " + "\n  ".join(wrong.values()) + "\n"
                "To start over, choose another --folder."
            )
        if jax.process_index() == 0:
            for step in wrong:
                steps.set_aside(self.folder / str(step))
        if wrong:
            ocp.multihost.sync_global_processes("damaged checkpoints are set aside")
            self._manager.reload()
            self._scores = None
        return wrong

    def close(self) -> None:
        self.wait()
        self._background.shutdown()
        self._manager.close()

    def _settle(self, record: Record) -> None:
        """What is left to do once Orbax has written; in the background, for it opens and removes many files."""
        self._manager.wait_until_finished()
        if jax.process_index() == 0:  # others may see an older state of a shared disk
            _require_saved(self.folder, record)
        self._known()[record.step] = record.score
        self._remove_old()

    def _known(self) -> dict[int, float | None]:
        """Step -> score on validation of every complete checkpoint, read once.

        Raises: UserError if the record of one is damaged: no other can be called the best then.
        """
        if self._scores is None:
            self._scores = {step: self._score(step) for step in steps.complete_steps(self.folder)}
        return self._scores

    def _score(self, step: int) -> float | None:
        try:
            return read_record(self.folder / str(step)).score
        except (OSError, ValueError) as error:
            raise unreadable(self.folder, step, error) from error

    def _remove_old(self) -> None:
        known = self._known()
        kept = {*sorted(known)[-self._keep :], self.best}
        for step in [step for step in known if step not in kept]:
            if jax.process_index() == 0:
                steps.remove(self.folder / str(step))
            del known[step]

    def _not_saved(self, error: Exception) -> UserError:
        saving = self._saving.step if self._saving else None
        complete = [step for step in steps.complete_steps(self.folder) if step != saving]
        last = f"the last good checkpoint is step {complete[-1]}" if complete else "no checkpoint has been saved"
        return UserError(
            f"could not save a checkpoint in {self.folder}: {reason(error)}\n"
            f"{last}; free disk space or fix the folder's permissions, and run the same command again to resume."
        )


def _require_saved(folder: Path, record: Record) -> None:
    """Raises: ValueError, or what Orbax raises, if a checkpoint is not found where it was saved."""
    path = folder / str(record.step)
    if read_record(path) != record:
        raise ValueError(f"what was written to {path} is not what was read again")
    found = count_arrays(path / ITEM)
    if found < len(record.digests):
        raise ValueError(f"{len(record.digests)} arrays were written to {path}, and {found} are found there")
