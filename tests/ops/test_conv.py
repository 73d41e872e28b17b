"""The CPU's formulations equal `jax.lax`'s in values and derivatives of every order."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jaxcnn.ops import kernel_gradients
from jaxcnn.ops.conv import Conv, ConvLocal, conv_general_dilated, convolution_p
from jaxcnn.ops.geometry import NHWC, Geometry

# Compiling is most of these tests' time, and an unoptimized program computes the same.
quick_jit = functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})

# name: image, channels, features, kernel, strides, padding, dilation, groups
CASES = {
    "3x3": ((7, 6), 3, 5, (3, 3), (1, 1), "SAME", (1, 1), 1),
    "separable": ((12, 6), 3, 5, (3, 3), (1, 2), ((1, 1), (1, 0)), (1, 1), 1),
    "separable dilated": ((20, 6), 2, 3, (3, 2), (1, 1), ((1, 3), (-1, 2)), (2, 3), 1),
    "valid": ((7, 6), 3, 5, (2, 2), (1, 1), "VALID", (1, 1), 1),
    "strided": ((8, 7), 3, 4, (3, 3), (2, 2), "SAME", (1, 1), 1),
    "strides differ": ((9, 7), 2, 4, (3, 4), (2, 3), ((1, 2), (0, 3)), (1, 1), 1),
    "stride over kernel": ((9, 7), 2, 4, (2, 1), (3, 2), ((1, 0), (0, 0)), (1, 1), 1),
    "cropped": ((9, 8), 2, 3, (3, 3), (2, 1), ((-1, 1), (2, -2)), (1, 1), 1),
    "1x1": ((5, 4), 6, 3, (1, 1), (1, 1), "SAME", (1, 1), 1),
    "1x1 strided": ((5, 4), 6, 3, (1, 1), (2, 2), "SAME", (1, 1), 1),
    "1x1 padded": ((5, 4), 6, 3, (1, 1), (1, 1), ((1, 1), (0, 2)), (1, 1), 1),
    "5x5": ((6, 6), 2, 3, (5, 5), (1, 1), "SAME", (1, 1), 1),
    "7x1": ((8, 3), 2, 3, (7, 1), (1, 1), "SAME", (1, 1), 1),
    "even": ((6, 5), 2, 3, (4, 2), (1, 1), "SAME", (1, 1), 1),
    "over image": ((3, 2), 2, 3, (7, 5), (1, 1), "SAME", (1, 1), 1),
    "over image strided": ((3, 2), 2, 3, (7, 5), (2, 2), "SAME", (1, 1), 1),
    "dilated": ((9, 8), 2, 3, (3, 3), (1, 1), "SAME", (2, 3), 1),
    "dilated strided": ((9, 8), 2, 3, (3, 3), (2, 1), "SAME", (2, 2), 1),
    "depthwise": ((6, 7), 4, 4, (3, 3), (1, 1), "SAME", (1, 1), 4),
    "depthwise strided": ((7, 6), 4, 4, (3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1), 4),
    "depthwise doubled": ((7, 6), 3, 6, (5, 3), (2, 1), "SAME", (1, 1), 3),
    "depthwise dilated": ((7, 6), 3, 3, (3, 3), (1, 1), "SAME", (2, 2), 3),
    "grouped": ((6, 5), 6, 9, (3, 3), (1, 1), "SAME", (1, 1), 3),
    "grouped strided": ((6, 5), 6, 9, (3, 3), (2, 2), "SAME", (1, 1), 3),
    "grouped in blocks": ((4, 4), 160, 80, (1, 1), (1, 1), "SAME", (1, 1), 5),
    "grouped 1x1": ((4, 4), 8, 4, (1, 1), (2, 1), "VALID", (1, 1), 2),
}
# Second derivatives and transformations need one case of each family only: the rules do not know the rest.
FAMILIES = ("strided", "1x1 strided", "depthwise doubled", "grouped")
TOLERANCE = {jnp.float32: 2e-5, jnp.bfloat16: 2e-2}


def normal(shape, dtype=jnp.float32) -> np.ndarray:
    return np.random.default_rng(len(shape) + shape[0]).standard_normal(shape).astype(dtype)


def operands(name: str, dtype=jnp.float32, batch: int = 3):
    image, channels, features, kernel, strides, padding, dilation, groups = CASES[name]
    images = normal((batch, *image, channels), dtype)
    weights = normal((*kernel, channels // groups, features), dtype)
    options = {"window_strides": strides, "padding": padding, "rhs_dilation": dilation}
    return images, weights, options | {"feature_group_count": groups, "dimension_numbers": NHWC}


def pair(name: str):
    options = operands(name)[2]
    return functools.partial(conv_general_dilated, **options), functools.partial(lax.conv_general_dilated, **options)


def close(ours, theirs, tolerance: float = 2e-5):
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        a, b = np.asarray(a, np.float32), np.asarray(b, np.float32)
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(1.0, float(np.abs(b).max())))


def with_gradients(convolve):
    """images, kernel, cotangent -> the value and both gradients."""

    @quick_jit
    def run(images, kernel, cotangent):
        value, pull = jax.vjp(convolve, images, kernel)
        return value, *pull(cotangent.astype(value.dtype))

    return run


def is_fast(function, *arguments) -> bool:
    return convolution_p.name in str(jax.make_jaxpr(function)(*arguments))


@pytest.mark.parametrize(
    ("name", "dtype"), [*((name, jnp.float32) for name in CASES), *((name, jnp.bfloat16) for name in FAMILIES)]
)
def test_values_and_gradients_equal_lax(name, dtype):
    images, kernel, _ = operands(name, dtype)
    ours, theirs = pair(name)
    assert is_fast(ours, images, kernel)
    cotangent = normal(jax.eval_shape(theirs, images, kernel).shape)
    exact = [x.astype(np.float32) for x in (images, kernel, cotangent.astype(dtype))]
    expected = [np.asarray(x).astype(dtype) for x in with_gradients(theirs)(*exact)]
    close(with_gradients(ours)(images, kernel, cotangent), expected, TOLERANCE[dtype])


@pytest.mark.parametrize("window", [1, 3])
def test_a_mean_of_convolutions_in_bfloat16_is_a_number(window):
    """XLA's own is none: it fuses the mean with both convolutions, and reads memory that nobody wrote."""
    images = normal((100, 8, 8, 32), jnp.bfloat16)
    kernel = (0.1 * normal((window, window, 32, 32))).astype(jnp.bfloat16)

    def mean(images):
        for _ in range(2):
            images = jax.nn.relu(convolve(images, kernel))
        return images.astype(jnp.float32).mean((1, 2))

    convolve = functools.partial(conv_general_dilated, window_strides=(1, 1), padding="SAME", dimension_numbers=NHWC)
    compiled = jax.jit(mean)(images)
    with jax.disable_jit():
        close(compiled, mean(images), 1e-2)


@pytest.mark.parametrize("name", FAMILIES)
def test_derivatives_of_second_order_equal_lax(name):
    images, kernel, _ = operands(name)
    directions = jax.tree.map(np.cos, (images, kernel))

    def second(convolve):
        gradient = jax.grad(lambda images, kernel: jnp.sin(convolve(images, kernel)).sum(), argnums=(0, 1))
        dot = lambda pair: sum(jnp.vdot(a, b) for a, b in zip(gradient(*pair), directions, strict=True))  # noqa: E731
        forward_over_reverse = jax.jvp(lambda pair: gradient(*pair), ((images, kernel),), (directions,))[1]
        return jax.grad(dot)((images, kernel)), forward_over_reverse

    ours, theirs = (quick_jit(second, static_argnums=0)(convolve) for convolve in pair(name))
    close(ours, theirs, 1e-4)
    close(ours[0], ours[1], 1e-4)


@pytest.mark.parametrize("axes", [(1, None), (None, 0), (0, 4)])
@pytest.mark.parametrize("name", ["strided", "depthwise"])
def test_vmap_equals_lax(name, axes):
    images, kernel, _ = operands(name, batch=2)
    arrays = [
        x if axis is None else np.stack([x, np.sin(x)], axis) for x, axis in zip((images, kernel), axes, strict=True)
    ]

    def loss(convolve):
        return lambda images, kernel: jnp.square(jax.vmap(convolve, axes)(images, kernel)).sum()

    ours, theirs = (quick_jit(jax.grad(loss(convolve), argnums=(0, 1)))(*arrays) for convolve in pair(name))
    close(ours, theirs, 5e-5)


def test_per_example_gradients_and_scan_and_pmap_equal_lax():
    images, kernel, _ = operands("3x3", batch=4)

    def run(convolve):
        loss = lambda kernel, image: jnp.square(convolve(image[None], kernel)).sum()  # noqa: E731
        per_example = jax.vmap(jax.grad(loss), (None, 0))(kernel, images)
        _, scanned = lax.scan(lambda kernel, image: (kernel, jax.grad(loss)(kernel, image)), kernel, images)
        mapped = jax.pmap(lambda images: jax.vmap(jax.grad(loss), (None, 0))(kernel, images))(images[None])
        return per_example, scanned, mapped[0]

    ours, theirs = (run(convolve) for convolve in pair("3x3"))
    close(ours, theirs, 5e-5)
    close(ours[1], ours[0], 5e-5)


@pytest.mark.parametrize(("name", "image_bytes"), [("3x3", 7 * 6 * (9 + 15) * 4), ("strided", 4 * 4 * 27 * 4)])
def test_a_batch_that_no_chunk_divides(monkeypatch, name, image_bytes):
    monkeypatch.setattr(kernel_gradients, "CHUNK_BYTES", 3 * image_bytes)  # 3 of 11 images
    images, kernel, _ = operands(name, batch=11)
    ours, theirs = pair(name)
    cotangent = normal(jax.eval_shape(ours, images, kernel).shape)
    close(with_gradients(ours)(images, kernel, cotangent), with_gradients(theirs)(images, kernel, cotangent), 5e-5)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[7] == 1 and case[4][0] == 1])
def test_formulations_of_the_kernel_gradient_agree(name):
    images, kernel, _ = operands(name, batch=2)
    (call,) = jax.make_jaxpr(pair(name)[0])(images, kernel).eqns
    geometry: Geometry = call.params["geometry"]
    cotangent = normal(geometry.output)
    height, width, depth, features = geometry.kernel

    def product(operands):
        return quick_jit(lambda *arrays: kernel_gradients.outer(*operands(*arrays, geometry)))(images, cotangent)

    crossed = product(kernel_gradients._crossed).reshape(width, depth, height, features)
    close(crossed.transpose(2, 0, 1, 3), product(kernel_gradients._patches).reshape(geometry.kernel))


@pytest.mark.parametrize(
    "options",
    [
        {"lhs_dilation": (2, 1), "padding": ((1, 1), (1, 1))},
        {"precision": lax.Precision.HIGHEST},
        {"preferred_element_type": jnp.float32, "dtype": jnp.bfloat16},
        {"dimension_numbers": ("NCHW", "OIHW", "NCHW")},
        {"dtype": jnp.float16},
        {"batch_group_count": 2},
    ],
)
def test_what_is_not_covered_is_lax(options):
    options = {"dimension_numbers": NHWC, "padding": "SAME"} | options
    dtype = options.pop("dtype", jnp.float32)
    images, kernel = jnp.ones((4, 4, 4, 4), dtype), jnp.ones((4, 4, 4, 4), dtype)
    ours, theirs = (
        functools.partial(convolve, window_strides=(1, 1), **options)
        for convolve in (conv_general_dilated, lax.conv_general_dilated)
    )
    assert str(jax.make_jaxpr(ours)(images, kernel)) == str(jax.make_jaxpr(theirs)(images, kernel))


def test_other_ranks_and_errors_are_lax():
    line = jnp.ones((2, 5, 3))
    assert conv_general_dilated(line, jnp.ones((3, 3, 4)), (1,), "SAME", dimension_numbers=("NWC", "WIO", "NWC")).shape
    with pytest.raises(ValueError, match="feature"):
        conv_general_dilated(jnp.ones((1, 4, 4, 3)), jnp.ones((3, 3, 2, 4)), (1, 1), "SAME", dimension_numbers=NHWC)


@pytest.mark.parametrize(
    "options", [{}, {"strides": 2, "padding": 1}, {"padding": "CIRCULAR"}, {"dtype": jnp.bfloat16}]
)
def test_the_module_is_flax_s(options):
    images = normal((2, 5, 6, 3))

    def tree(module):
        class Net(nn.Module):
            @nn.compact
            def __call__(self, images):
                return module(4, (3, 3), **options)(images)

        return Net().init_with_output(jax.random.key(1), images)

    (ours, variables), (theirs, expected) = tree(Conv), tree(nn.Conv)
    assert jax.tree.structure(variables) == jax.tree.structure(expected)
    close((ours, variables), (theirs, expected), TOLERANCE[ours.dtype.type])


def test_platforms_other_than_the_cpu_get_xla_s_own():
    images, kernel, _ = operands("depthwise")
    gradient = jax.grad(lambda images, kernel: conv_general_dilated(images, kernel, **operands("depthwise")[2]).sum())
    text = {
        platform: jax.jit(gradient).trace(images, kernel).lower(lowering_platforms=(platform,)).as_text()
        for platform in ("cpu", "cuda", "tpu")
    }
    assert [text[platform].count("stablehlo.convolution") for platform in text] == [0, 1, 1]


@pytest.mark.parametrize("options", [{}, {"strides": 2, "padding": 1}, {"use_bias": False}, {"dtype": jnp.bfloat16}])
def test_locally_connected_is_flax_s_and_its_bias_is_not_fused_into_the_products(options):
    """Fused, oneDNN takes a thousand times as long for the products in bfloat16."""
    images = normal((2, 5, 6, 3))
    ours, theirs = (
        kind(4, (3, 3), bias_init=nn.initializers.normal(), **options) for kind in (ConvLocal, nn.ConvLocal)
    )
    variables = ours.init(jax.random.key(1), images)
    close(variables, theirs.init(jax.random.key(1), images))
    close(ours.apply(variables, images), theirs.apply(variables, images), TOLERANCE[options.get("dtype", jnp.float32)])
    program = str(jax.make_jaxpr(ours.apply)(variables, images))
    assert ("optimization_barrier" in program) == ours.use_bias
