"""The one file that knows about devices: a step for one device's share of the batch -> a step for all of them.

The state goes in and comes out un-replicated (one logical copy that every device holds); examples are split along
their first axis. The batch size is always the global one. Where a job has several processes, each holds the state on
its own devices and hands in its own share of the examples; the mapped axis goes over the devices of all.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from threading import Thread
from typing import Any

import jax
import numpy as np
from jax import lax
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jaxcnn import runtime
from jaxcnn.errors import UserError
from jaxcnn.layers.norm import AXIS

Tree = Any

AXES = {"sync": AXIS, "local": "device"}
"""Batch norm shares its statistics over an axis of the name AXIS, and only over that."""


class Mapped:
    """A step over all devices, compiled when it is first called, for the shapes that it is called with; or before.

    It is compiled apart from its first run, so that memory which compiling took is given back before.
    """

    def __init__(self, mapped: Any, alone: bool) -> None:
        self.mapped, self.alone = mapped, alone
        self._ahead: Future[jax.stages.Compiled] | None = None
        self._compiled: Callable[..., Tree] | None = None

    def __call__(self, *arguments: Tree) -> Tree:
        if self._compiled is None:
            self._compiled = self._ahead.result() if self._ahead else self.compile(*arguments)
        return self._compiled(*arguments)

    def compile(self, *arguments: Tree) -> Callable[..., Tree]:
        # Lowered in one of several processes, a step takes the examples of all, and refuses the share of one.
        return _compile(self.mapped.lower(*arguments)) if self.alone else self.mapped

    def compile_ahead(self, *shapes: Tree) -> None:
        """Compiles for arguments of these shapes while the caller goes on, if one process has all the devices."""
        if not self.alone:
            return
        lowered, self._ahead = self.mapped.lower(*shapes), Future()
        Thread(target=_keep, args=(self._ahead, _compile, lowered), name=runtime.COMPILES_AHEAD).start()


def _compile(lowered: jax.stages.Lowered) -> jax.stages.Compiled:
    with runtime.compiling():
        return lowered.compile()


def _keep(result: Future[Any], function: Callable[..., Any], *arguments: Any) -> None:
    """What `function` returns or raises, for whoever waits for it."""
    try:
        result.set_result(function(*arguments))
    except BaseException as error:
        result.set_exception(error)


@dataclass(frozen=True)
class Devices:
    """The devices a run uses, of all its processes, and the name of the mapped axis over them."""

    devices: tuple[jax.Device, ...]
    axis: str

    @property
    def count(self) -> int:
        return len(self.devices)

    @cached_property
    def mine(self) -> list[int]:
        """Places on the mapped axis of this process's devices."""
        return [place for place, device in enumerate(self.devices) if device.process_index == jax.process_index()]

    @property
    def alone(self) -> bool:
        """Whether one process has all the devices."""
        return len(self.mine) == self.count

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes."""
        return jax.process_index() == 0

    def compile(self, step: Callable[..., Tree], shared: int, split: int, donate: tuple[int, ...] = ()) -> Mapped:
        """`step` over all devices: the first `shared` arguments whole on each, the next `split` cut by `split`."""
        mapped = jax.pmap(
            step,
            axis_name=self.axis,
            devices=self.devices,
            in_axes=(None,) * shared + (0,) * split,
            out_axes=None,  # type: ignore[arg-type]
            donate_argnums=donate,
        )
        return Mapped(mapped, self.alone)

    def split(self, examples: np.ndarray) -> np.ndarray:
        """[B, ...] -> [devices of this process, B / devices, ...], in order: this process's share of the examples."""
        return examples.reshape(self.count, -1, *examples.shape[1:])[self.mine]

    def replicate(self, tree: Tree) -> Tree:
        """A copy of every array on every device of this process."""
        return jax.device_put(tree, self._copies([self.devices[place] for place in self.mine]))

    def whole(self, tree: Tree) -> Tree:
        """The same arrays as those of the whole job, which is how several processes save them together."""
        if self.alone:
            return tree
        everywhere = self._copies(list(self.devices))

        def join(array: jax.Array) -> jax.Array:
            parts = [shard.data for shard in array.addressable_shards]
            return jax.make_array_from_single_device_arrays(array.shape, everywhere, parts)

        return jax.tree.map(join, tree)

    def any(self, flag: bool) -> bool | jax.Array:
        """Whether `flag` is set in any process; of several processes without waiting for their answers."""
        return flag if self.alone else self._sum(np.full(len(self.mine), flag, np.int32))

    def barrier(self, place: str) -> None:
        """Waits until all processes are at `place`."""
        if not self.alone:
            multihost_utils.sync_global_devices(place)

    @cached_property
    def _sum(self) -> Callable[..., jax.Array]:
        return self.compile(lambda flag: lax.psum(flag, self.axis), shared=0, split=1)

    def _copies(self, devices: list[jax.Device]) -> NamedSharding:
        return NamedSharding(Mesh(np.array(devices), (self.axis,)), PartitionSpec())

    def round_up(self, batch: int) -> int:
        """The least multiple of the number of devices that holds `batch` examples."""
        return -(-batch // self.count) * self.count


def job_devices(count: int, batch_norm: str, batch_size: int, grad_accum_steps: int) -> Devices:
    """The first `count` devices of each process (0: all).

    Raises: UserError if there are not so many, or the batch does not divide evenly among them.
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
