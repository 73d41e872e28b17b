"""The sums and products of a channel that batch norm and biases need, with gradients that read little memory.

Left to automatic differentiation, XLA keeps centered copies in float32 of what may be bfloat16 and passes over them
several times; here gradients read only the input and the cotangent. As for convolutions, the derivatives of these
primitives are made of the primitives themselves, so that there are derivatives of every order, forward and reverse.
Nothing here knows of devices.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from jaxcnn.ops.channel_sums import sums, wide
from jaxcnn.ops.varying import alike

Pair = tuple[jax.Array, jax.Array]

sums_p = Primitive("jaxcnn_sums")
"""x, y [..., C] -> the sums of x and of x * y, [C]; linear in x."""
sums_p.multiple_results = True
scale_p = Primitive("jaxcnn_scale")
"""x [..., C], factor [C] and perhaps offset [C] -> x * factor + offset, of x's type; linear in x without an offset, and
in factor and offset."""
spread_p = Primitive("jaxcnn_spread")
"""offset [C] -> the array of a shape and type that it is added to."""


@jax.custom_jvp
def moments(x: jax.Array) -> Pair:
    """The means of x and of its square over all but the channels: [..., C] -> [C], [C], in float32 or float64."""
    count = x.size // x.shape[-1]
    total, square = sums_p.bind(x, x)
    return total / count, square / count


@moments.defjvp
def _moments_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[Pair, Pair]:
    (x,), (tangent,) = primals, tangents
    part = x.shape[-1] / x.size
    total, product = sums_p.bind(*alike(tangent, x))
    return moments(x), (total * part, product * (2 * part))


def scale_and_shift(x: jax.Array, factor: jax.Array, offset: jax.Array) -> jax.Array:
    """x * factor + offset, channel by channel: [..., C], [C], [C] -> [..., C]; float32 inside, x's type outside."""
    return scale_p.bind(*alike(x, factor, offset))


@jax.custom_jvp
def shift(x: jax.Array, offset: jax.Array) -> jax.Array:
    """x + offset, channel by channel: [..., C], [C] -> [..., C], of x's type."""
    return (wide(x) + offset).astype(x.dtype)


@shift.defjvp
def _shift_jvp(primals: Pair, tangents: Pair) -> Pair:
    x, _ = primals
    return shift(*primals), tangents[0] + _spread(tangents[1], x)


def _spread(offset: jax.Array, x: jax.Array) -> jax.Array:
    return spread_p.bind(offset, shape=x.shape, dtype=x.dtype)


def _scale(x: jax.Array, factor: jax.Array, *offset: jax.Array) -> jax.Array:
    return sum(offset, wide(x) * factor).astype(x.dtype)


def _broadcast(offset: jax.Array, *, shape: tuple[int, ...], dtype: Any) -> jax.Array:
    return jnp.broadcast_to(offset.astype(dtype), shape)


def _is_zero(tangent: Any) -> bool:
    return type(tangent) is ad.Zero


def _sums_jvp(primals: Pair, tangents: tuple[Any, Any]) -> tuple[list[jax.Array], list[Any]]:
    (x, y), (dx, dy) = primals, tangents
    results = sums_p.bind(x, y)
    total, product = (ad.Zero(jax.typeof(result)) for result in results)
    if not _is_zero(dx):
        total, product = sums_p.bind(dx, y)
    if not _is_zero(dy):
        product = ad.add_tangents(product, sums_p.bind(dy, x)[1])
    return results, [total, product]


def _sums_transpose(cotangents: tuple[Any, Any], x: Any, y: jax.Array) -> list[Any]:
    total, product = cotangents
    if _is_zero(product):
        return [ad.Zero(x.aval) if _is_zero(total) else _spread(total, y), None]
    return [scale_p.bind(*alike(y, product, *([] if _is_zero(total) else [total]))), None]


def _scale_jvp(primals: tuple[jax.Array, ...], tangents: tuple[Any, ...]) -> tuple[jax.Array, Any]:
    (x, factor, *_), (dx, *numbers) = primals, tangents
    result = scale_p.bind(*primals)
    by_x = ad.Zero(jax.typeof(result)) if _is_zero(dx) else scale_p.bind(dx, factor)
    if _is_zero(numbers[0]):
        given = [number for number in numbers[1:] if not _is_zero(number)]
        return result, ad.add_tangents(by_x, _spread(given[0], x)) if given else by_x
    return result, ad.add_tangents(by_x, scale_p.bind(x, *(number for number in numbers if not _is_zero(number))))


def _scale_transpose(cotangent: Any, x: Any, factor: Any, *offset: Any) -> list[Any]:
    if ad.is_undefined_primal(x):
        return [ad.Zero(x.aval) if _is_zero(cotangent) else scale_p.bind(cotangent, factor), None]
    numbers = [factor, *offset]
    if _is_zero(cotangent):
        return [None, *(ad.Zero(number.aval) for number in numbers)]
    total, product = sums_p.bind(*alike(cotangent, x))
    return [None, *(sum_.astype(number.aval.dtype) for number, sum_ in zip(numbers, (product, total), strict=False))]


def _spread_transpose(cotangent: Any, offset: Any, **_: Any) -> list[Any]:
    if _is_zero(cotangent):
        return [ad.Zero(offset.aval)]
    return [sums_p.bind(cotangent, cotangent)[0].astype(offset.aval.dtype)]


def _define(primitive: Primitive, compute: Callable[..., Any], abstract: Callable[..., Any]) -> None:
    static = ("shape", "dtype") if primitive is spread_p else ()
    primitive.def_impl(jax.jit(compute, static_argnames=static))
    primitive.def_abstract_eval(abstract)
    mlir.register_lowering(primitive, mlir.lower_fun(compute, multiple_results=primitive.multiple_results))

    def batch(operands: Any, axes: Any, **options: Any) -> Any:
        out = (0, 0) if primitive.multiple_results else 0
        return jax.vmap(partial(compute, **options), axes)(*operands), out

    batching.primitive_batchers[primitive] = batch


def _sums_shape(x: Any, y: Any) -> list[Any]:
    return [x.update(shape=x.shape[-1:], dtype=jnp.promote_types(x.dtype, jnp.float32), weak_type=False)] * 2


_define(sums_p, sums, _sums_shape)
_define(scale_p, _scale, lambda x, *_: x.update(weak_type=False))
_define(spread_p, _broadcast, lambda offset, *, shape, dtype: offset.update(shape=shape, dtype=dtype, weak_type=False))
ad.primitive_jvps[sums_p], ad.primitive_transposes[sums_p] = _sums_jvp, _sums_transpose
ad.primitive_jvps[scale_p], ad.primitive_transposes[scale_p] = _scale_jvp, _scale_transpose
ad.deflinear2(spread_p, _spread_transpose)
