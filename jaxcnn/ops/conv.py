"""Convolutions: XLA's own on accelerators, faster formulations of the same on a CPU.

A convolution is bilinear, and so are its two gradients; the three close under differentiation: the gradients of any
of them are the other two. One JAX primitive with a `form` therefore gives derivatives of every order, forward and
reverse, and its lowering rules choose the formulation when the platform is known.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from jaxcnn.ops import conv_cpu, geometry
from jaxcnn.ops.geometry import NHWC, Geometry
from jaxcnn.ops.moments import shift
from jaxcnn.ops.plain import is_plain
from jaxcnn.ops.varying import alike

# form -> (XLA's own, the CPU's). Arguments: (images, kernel), (cotangent, kernel), (images, cotangent).
FORMS: dict[str, tuple[Callable[..., jax.Array], Callable[..., jax.Array]]] = {
    "output": (geometry.convolve, conv_cpu.output),
    "images": (geometry.images_transpose, conv_cpu.images_gradient),
    "kernel": (geometry.kernel_transpose, conv_cpu.kernel_gradient),
}
# form -> its gradients by the first and the second argument, from (the result's cotangent, the other argument).
GRADIENTS: dict[str, tuple[Callable[..., tuple], Callable[..., tuple]]] = {
    "output": (lambda g, kernel: ("images", g, kernel), lambda g, images: ("kernel", images, g)),
    "images": (lambda g, kernel: ("output", g, kernel), lambda g, cotangent: ("kernel", g, cotangent)),
    "kernel": (lambda g, cotangent: ("images", cotangent, g), lambda g, images: ("output", images, g)),
}

convolution_p = Primitive("jaxcnn_convolution")


def conv_general_dilated(
    lhs: jax.Array | np.ndarray,
    rhs: jax.Array | np.ndarray,
    window_strides: Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    lhs_dilation: Sequence[int] | None = None,
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers: Any = None,
    feature_group_count: int = 1,
    batch_group_count: int = 1,
    precision: Any = None,
    preferred_element_type: Any = None,
    **others: Any,
) -> jax.Array:
    """`jax.lax.conv_general_dilated` with the same arguments, shapes and errors, and fast on a CPU.

    The fast formulations cover two-dimensional NHWC float32 and bfloat16 convolutions, as `flax.linen.Conv` makes
    them; anything else is `jax.lax`'s untouched, and so is everything in `plain_operations`.
    """
    xla = functools.partial(
        lax.conv_general_dilated,
        window_strides=window_strides,
        padding=padding,
        lhs_dilation=lhs_dilation,
        rhs_dilation=rhs_dilation,
        dimension_numbers=dimension_numbers,
        feature_group_count=feature_group_count,
        batch_group_count=batch_group_count,
        precision=precision,
        preferred_element_type=preferred_element_type,
        **others,
    )
    special = batch_group_count != 1 or precision is not None or any(other is not None for other in others.values())
    dilated = lhs_dilation is not None and any(factor != 1 for factor in lhs_dilation)
    if is_plain() or special or dilated or not _covered(lhs, rhs, jax.eval_shape(xla, lhs, rhs), dimension_numbers):
        return xla(lhs, rhs)
    dilation = tuple(rhs_dilation or (1, 1))
    window = [(size - 1) * factor + 1 for size, factor in zip(rhs.shape[:2], dilation, strict=True)]
    pads = lax.padtype_to_pads(lhs.shape[1:3], window, window_strides, padding) if isinstance(padding, str) else padding
    pads = tuple((int(low), int(high)) for low, high in pads)
    plain = Geometry(lhs.shape, rhs.shape, tuple(window_strides), pads, dilation, feature_group_count)
    return convolution_p.bind(*alike(lhs, rhs), form="output", geometry=plain)


def _covered(lhs: Any, rhs: Any, shape: jax.ShapeDtypeStruct, dimension_numbers: Any) -> bool:
    types = {lhs.dtype, rhs.dtype, shape.dtype}
    if lhs.ndim != 4 or len(types) != 1 or types.pop() not in (jnp.float32, jnp.bfloat16):
        return False
    if 0 in (*lhs.shape, *rhs.shape, *shape.shape):
        return False
    given = lax.conv_dimension_numbers(lhs.shape, rhs.shape, dimension_numbers)
    return given == lax.conv_dimension_numbers(lhs.shape, rhs.shape, NHWC)


class Conv(nn.Conv):
    """`flax.linen.Conv`, same parameters and results, through `conv_general_dilated` of this module."""

    conv_general_dilated: Any = conv_general_dilated

    @nn.compact
    def __call__(self, inputs: jax.Array) -> jax.Array:
        if not self.use_bias:
            return super().__call__(inputs)
        outputs = self.clone(parent=self.scope, use_bias=False)(inputs)
        return shift(outputs, self.param("bias", self.bias_init, (self.features,), self.param_dtype))


class ConvLocal(nn.ConvLocal):
    """`flax.linen.ConvLocal` (other weights at every pixel), same parameters and results.

    The bias is kept apart: oneDNN adds it within the products, in bfloat16 a thousand times as slowly.
    """

    @nn.compact
    def __call__(self, inputs: jax.Array) -> jax.Array:
        if not self.use_bias:
            return super().__call__(inputs)
        outputs = self.clone(parent=self.scope, use_bias=False)(inputs)
        bias = self.param("bias", self.bias_init, outputs.shape[1:], self.param_dtype)
        return lax.optimization_barrier(outputs) + bias.astype(outputs.dtype)


def _eager(first, second, *, form: str, geometry: Geometry):
    if jax.config.jax_disable_jit:  # type: ignore[attr-defined]
        return FORMS[form][0](first, second, geometry)
    return _compiled(first, second, form=form, geometry=geometry)


@functools.partial(jax.jit, static_argnames=("form", "geometry"))
def _compiled(first, second, *, form: str, geometry: Geometry):
    return convolution_p.bind(first, second, form=form, geometry=geometry)


def _abstract(first, second, *, form: str, geometry: Geometry):
    shapes = {"output": geometry.output, "images": geometry.images, "kernel": geometry.kernel}
    return first.update(shape=shapes[form], weak_type=False)


def _by_first(cotangent, first, second, *, form: str, geometry: Geometry):
    form, *operands = GRADIENTS[form][0](cotangent, second)
    return convolution_p.bind(*operands, form=form, geometry=geometry)


def _by_second(cotangent, first, second, *, form: str, geometry: Geometry):
    form, *operands = GRADIENTS[form][1](cotangent, first)
    return convolution_p.bind(*operands, form=form, geometry=geometry)


def _batch(operands, axes, *, form: str, geometry: Geometry):
    """If only the images are mapped, that axis joins the batch; mapped kernels use XLA's, or a loop on a CPU."""
    if axes[1] is None and form != "kernel":
        mapped = jnp.moveaxis(operands[0], axes[0], 0)
        count, batch = mapped.shape[:2]
        joined = geometry.replace(images=(count * batch, *geometry.images[1:]))
        merged = mapped.reshape(count * batch, *mapped.shape[2:])
        result = convolution_p.bind(merged, operands[1], form=form, geometry=joined)
        return result.reshape(count, batch, *result.shape[1:]), 0

    def loop(*operands):
        moved = [x if axis is None else jnp.moveaxis(x, axis, 0) for x, axis in zip(operands, axes, strict=True)]

        def one(mapped):
            pair = [x if axis is None else mapped[i] for i, (x, axis) in enumerate(zip(moved, axes, strict=True))]
            return convolution_p.bind(*pair, form=form, geometry=geometry)

        return lax.map(one, [x if axis is not None else None for x, axis in zip(moved, axes, strict=True)])

    xla = jax.vmap(functools.partial(FORMS[form][0], geometry=geometry), in_axes=axes)
    return lax.platform_dependent(*operands, cpu=loop, default=xla), 0


def _lowering(formulation: int):
    def lower(first, second, *, form: str, geometry: Geometry):
        return FORMS[form][formulation](first, second, geometry)

    return mlir.lower_fun(lower, multiple_results=False)


convolution_p.def_impl(_eager)
convolution_p.def_abstract_eval(_abstract)
ad.defbilinear(convolution_p, _by_first, _by_second)
batching.primitive_batchers[convolution_p] = _batch
mlir.register_lowering(convolution_p, _lowering(0))
mlir.register_lowering(convolution_p, _lowering(1), platform="cpu")
