"""Device placement and pmap: a step for one device's part of the batch becomes a step over all devices.

The state is passed and returned un-replicated (one logical copy that every device holds); examples are split along
their first axis. The batch size is always global. In a job of several processes, each process holds the state on its
own devices and passes its own part of the examples; the mapped axis spans the devices of all processes.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np
from jax import lax
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jaxcnn.errors import UserError
from jaxcnn.layers.norm import AXIS
from jaxcnn.runtime import memory
from jaxcnn.types import Tree

AXES = {"sync": AXIS, "local": "device"}
"""Name of the mapped axis: batch norm averages its statistics over an axis called AXIS, and over no other."""

_COMPILER = ThreadPoolExecutor(max_workers=1)
_pending: set[Future[Any]] = set()


def is_compiling() -> bool:
    """Whether a step is still being compiled in the background.

    Python waits for that thread at exit (minutes for a deep network), and XLA crashes if it does not.
    """
    return any(not future.done() for future in _pending)


class CompiledStep:
    """A step over all devices, compiled for the shapes of its first call, or ahead of it.

    Compilation is separate from the first run so that its memory can be released in between.
    """

    def __init__(self, mapped: Any, single_process: bool) -> None:
        self.mapped, self.single_process = mapped, single_process
        self._ahead: Future[jax.stages.Compiled] | None = None
        self._compiled: Callable[..., Tree] | None = None

    def __call__(self, *arguments: Tree) -> Tree:
        if self._compiled is None:
            self._compiled = self._ahead.result() if self._ahead else self.compile(*arguments)
        return self._compiled(*arguments)

    def compile(self, *arguments: Tree) -> Callable[..., Tree]:
        # A step lowered in one of several processes expects the examples of all, not the part that it is given.
        return _compile(self.mapped.lower(*arguments)) if self.single_process else self.mapped

    def compile_ahead(self, *shapes: Tree) -> None:
        """Starts to compile for arguments of these shapes in the background, if one process has all the devices."""
        if not self.single_process:
            return
        self._ahead = _COMPILER.submit(_compile, self.mapped.lower(*shapes))
        _pending.add(self._ahead)
        self._ahead.add_done_callback(_pending.discard)


def _compile(lowered: jax.stages.Lowered) -> jax.stages.Compiled:
    with memory.compiling():
        return lowered.compile()


@dataclass(frozen=True)
class Devices:
    """The devices a run uses, of all its processes, and the name of the mapped axis over them."""

    devices: tuple[jax.Device, ...]
    axis: str

    @property
    def count(self) -> int:
        return len(self.devices)

    @cached_property
    def local_positions(self) -> list[int]:
        """Positions of this process's devices on the mapped axis."""
        return [position for position, device in enumerate(self.devices) if device.process_index == jax.process_index()]

    @property
    def single_process(self) -> bool:
        """Whether one process has all the devices."""
        return len(self.local_positions) == self.count

    @property
    def is_primary(self) -> bool:
        """Whether this process writes the files."""
        return jax.process_index() == 0

    def compile(self, step: Callable[..., Tree], shared: int, split: int, donate: tuple[int, ...] = ()) -> CompiledStep:
        """`step` over all devices: the first `shared` arguments are whole on each, the next `split` ones are split."""
        mapped = jax.pmap(
            step,
            axis_name=self.axis,
            devices=self.devices,
            in_axes=(None,) * shared + (0,) * split,
            out_axes=None,  # type: ignore[arg-type]
            donate_argnums=donate,
        )
        return CompiledStep(mapped, self.single_process)

    def split(self, examples: np.ndarray) -> np.ndarray:
        """[B, ...] -> [devices of this process, B / devices, ...], in order: the examples of this process."""
        return examples.reshape(self.count, -1, *examples.shape[1:])[self.local_positions]

    def place(self, tree: Tree) -> Tree:
        """Arrays [devices, ...] on their way to the devices, if one process has all of them; else as they are."""
        if not self.single_process:
            return tree
        parts = NamedSharding(Mesh(np.array(self.devices), (self.axis,)), PartitionSpec(self.axis))
        return jax.device_put(tree, parts)

    def replicate(self, tree: Tree) -> Tree:
        """A copy of every array on every device of this process."""
        return jax.device_put(tree, self._copies([self.devices[position] for position in self.local_positions]))

    def replicated(self, shapes: Tree) -> Tree:
        """`shapes` with the sharding that `replicate` gives."""
        copies = self._copies([self.devices[position] for position in self.local_positions])
        return jax.tree.map(lambda s: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=copies), shapes)

    def to_global(self, tree: Tree) -> Tree:
        """The same arrays as global arrays of the job, which several processes can save together."""
        if self.single_process:
            return tree
        everywhere = self._copies(list(self.devices))

        def join(array: jax.Array) -> jax.Array:
            parts = [shard.data for shard in array.addressable_shards]
            return jax.make_array_from_single_device_arrays(array.shape, everywhere, parts)

        return jax.tree.map(join, tree)

    def any_process(self, flag: bool) -> bool | jax.Array:
        """Whether `flag` is set in any process; with several processes, an array that is not waited for."""
        return flag if self.single_process else self._sum(np.full(len(self.local_positions), flag, np.int32))

    def barrier(self, name: str) -> None:
        """Waits until all processes have reached the barrier `name`."""
        if not self.single_process:
            multihost_utils.sync_global_devices(name)

    @cached_property
    def _sum(self) -> Callable[..., jax.Array]:
        return self.compile(lambda flag: lax.psum(flag, self.axis), shared=0, split=1)

    def _copies(self, devices: list[jax.Device]) -> NamedSharding:
        return NamedSharding(Mesh(np.array(devices), (self.axis,)), PartitionSpec())

    def round_up(self, batch: int, group: int = 1) -> int:
        """`batch` rounded up so that every device gets the same number of whole groups of examples."""
        unit = self.count * group
        return -(-batch // unit) * unit


def job_devices(count: int, batch_norm: str, batch_size: int, grad_accum_steps: int) -> Devices:
    """The first `count` devices of each process (0: all).

    Raises: UserError if there are not that many, or the batch does not divide evenly among them.
    """
    found = jax.local_devices()
    if count > len(found):
        raise UserError(f"devices: {count} wanted, {len(found)} found ({found[0].platform}); use devices=0 for all")
    of_each = [jax.local_devices(process)[: count or None] for process in range(jax.process_count())]
    devices = Devices(tuple(device for own in of_each for device in own), AXES[batch_norm])
    parts = devices.count * grad_accum_steps
    if batch_size % parts:
        lower, upper = batch_size // parts * parts, -(-batch_size // parts) * parts
        wanted = f"{devices.count} devices" + (
            f" x {grad_accum_steps} accumulated parts" if grad_accum_steps > 1 else ""
        )
        raise UserError(f"batch_size {batch_size} does not divide among {wanted}: use {lower or upper} or {upper}")
    return devices
