"""The one file that knows about devices: a step for one device's share of the batch -> a step for all of them.

The state goes in and comes out un-replicated (one logical copy that every device holds); examples are split along
their first axis. The batch size is always the global one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jaxcnn.errors import UserError
from jaxcnn.layers.norm import AXIS

Tree = Any

AXES = {"synchronised": AXIS, "per_device": "device"}
"""Batch norm shares its statistics over an axis of the name AXIS, and only over that."""


@dataclass(frozen=True)
class Devices:
    """The local devices a run uses, and the name of the mapped axis over them."""

    devices: tuple[jax.Device, ...]
    axis: str

    @property
    def count(self) -> int:
        return len(self.devices)

    def compile(self, step: Callable[..., Tree], shared: int, split: int, donate: tuple[int, ...] = ()) -> Callable:
        """`step` over all devices: the first `shared` arguments whole on each, the next `split` cut by `split`."""
        return jax.pmap(
            step,
            axis_name=self.axis,
            devices=self.devices,
            in_axes=(None,) * shared + (0,) * split,
            out_axes=None,  # type: ignore[arg-type]
            donate_argnums=donate,
        )

    def split(self, examples: np.ndarray) -> np.ndarray:
        """[B, ...] -> [devices, B / devices, ...], in order."""
        return examples.reshape(self.count, -1, *examples.shape[1:])

    def replicate(self, tree: Tree) -> Tree:
        """A copy of every array on every device."""
        everywhere = NamedSharding(Mesh(np.array(self.devices), (self.axis,)), PartitionSpec())
        return jax.device_put(tree, everywhere)

    def round_up(self, batch: int) -> int:
        """The least multiple of the number of devices that holds `batch` examples."""
        return -(-batch // self.count) * self.count


def local_devices(count: int, batch_norm: str, batch_size: int, accumulate: int) -> Devices:
    """The first `count` local devices (0: all).

    Raises: UserError if there are not so many, or the batch does not divide evenly among them.
    """
    found = jax.local_devices()
    if count > len(found):
        raise UserError(f"devices: {count} wanted, {len(found)} found ({found[0].platform}); use devices=0 for all")
    devices = Devices(tuple(found[: count or len(found)]), AXES[batch_norm])
    parts = devices.count * accumulate
    if batch_size % parts:
        lower, upper = batch_size // parts * parts, -(-batch_size // parts) * parts
        wanted = f"{devices.count} devices" + (f" x {accumulate} accumulated parts" if accumulate > 1 else "")
        raise UserError(f"batch_size {batch_size} does not divide among {wanted}: use {lower or upper} or {upper}")
    return devices
