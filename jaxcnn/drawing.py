"""Pictures of what is inside a network, as PNG files within a page."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

# From blue through white to red: what speaks against, and for, a class. People who see few colors can tell them apart.
AGAINST = np.array((33, 102, 172), np.float32)
NEITHER = np.array((247, 247, 247), np.float32)
SPEAKS_FOR = np.array((178, 24, 43), np.float32)


def diverging(values: np.ndarray) -> np.ndarray:
    """Numbers [..., h, w] -> colors [..., h, w, 3] uint8; each picture has its own scale, and white is zero."""
    scale = np.abs(values).max(axis=(-2, -1), keepdims=True)
    place = (values / np.maximum(scale, 1e-12))[..., None]
    toward = np.where(place > 0, SPEAKS_FOR, AGAINST)
    return np.round(NEITHER + np.abs(place) * (toward - NEITHER)).astype(np.uint8)


def overlaid(pictures: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Pictures [N, H, W, C] uint8, bright where a map [N, H, W] is positive and dark elsewhere: [N, H, W, 3] uint8."""
    positive = np.maximum(maps, 0)
    share = positive / np.maximum(positive.max(axis=(1, 2), keepdims=True), 1e-12)
    return np.round(in_color(pictures) * (0.2 + 0.8 * share[..., None])).astype(np.uint8)


def gray(values: np.ndarray) -> np.ndarray:
    """Numbers [..., h, w] -> [..., h, w, 3] uint8; each picture from its least (black) to its greatest (white)."""
    low, high = values.min(axis=(-2, -1), keepdims=True), values.max(axis=(-2, -1), keepdims=True)
    shares = (values - low) / np.maximum(high - low, 1e-12)
    return np.repeat(np.round(255 * shares)[..., None], 3, axis=-1).astype(np.uint8)


def kernel_pictures(kernel: np.ndarray) -> np.ndarray:
    """Kernels [h, w, C, F] -> pictures [F, h, w, 3] in 0 ... 255; each has its own scale, and gray is zero.

    With three channels they are in color; else a picture shows the norm over the channels, from black.
    """
    pictures = np.moveaxis(np.asarray(kernel, np.float32), -1, 0)
    if pictures.shape[-1] == 3:
        largest = np.abs(pictures).max(axis=(1, 2, 3), keepdims=True)
        return np.round(127.5 + 127.5 * pictures / np.maximum(largest, 1e-12))
    norms = np.linalg.norm(pictures, axis=-1, keepdims=True)
    norms = norms / np.maximum(norms.max(axis=(1, 2, 3), keepdims=True), 1e-12)
    return np.broadcast_to(np.round(255 * norms), (*norms.shape[:3], 3))


def in_color(pictures: np.ndarray) -> np.ndarray:
    """[N, H, W, 1 or 3] -> [N, H, W, 3]."""
    return np.broadcast_to(pictures, (*pictures.shape[:3], 3))


def sheet(pictures: Sequence[np.ndarray] | np.ndarray, columns: int, gap: int = 1, larger: int = 1) -> np.ndarray:
    """Pictures [h, w, 3] uint8 in rows of `columns`, on white."""
    height, width, _ = pictures[0].shape
    rows = -(-len(pictures) // columns)
    whole = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for place, picture in enumerate(pictures):
        top, left = place // columns * (height + gap), place % columns * (width + gap)
        whole[top : top + height, left : left + width] = picture
    return whole.repeat(larger, 0).repeat(larger, 1)


def png(picture: np.ndarray) -> bytes:
    """[H, W, 3] uint8 -> a PNG file."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(file, format="png", optimize=True)
    return file.getvalue()


def uri(picture: np.ndarray) -> str:
    """[H, W, 3] uint8 -> an address that holds the picture itself."""
    return f"data:image/png;base64,{base64.b64encode(png(picture)).decode()}"
