"""One contender of `make bench-data`, in a process of its own: pictures decoded, cropped at random to 224, and flipped.

    python -m experiments.bench.data_contenders NAME FOLDER SECONDS BATCH   -> one line of JSON

A contender is an endless stream of batches. What happens before the first few batches (imports, processes that start)
does not count. CPU time is that of the process and all its children.
"""

import itertools
import json
import math
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SIDE, WARM = 224, 4
Batches = Iterator[int]
"""How many images each batch has."""


def files(folder: str) -> list[str]:
    return sorted(map(str, Path(folder).rglob("*.jpg")))


def pillow(folder: str, batch: int) -> Batches:
    """A plain loop: open, convert, crop and resize, flip, an array."""
    import numpy as np
    from PIL import Image

    draw, names = random.Random(0), files(folder)
    while True:
        images = []
        for name in draw.choices(names, k=batch):
            with Image.open(name) as opened:
                picture = opened.convert("RGB")
            picture = picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=_box(draw, *picture.size))
            flipped = draw.random() < 0.5
            images.append(np.asarray(picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if flipped else picture))
        yield len(np.stack(images))


def _box(draw: random.Random, width: int, height: int) -> tuple[int, int, int, int]:
    """torchvision's RandomResizedCrop."""
    for _ in range(10):
        area, ratio = width * height * draw.uniform(0.08, 1), math.exp(draw.uniform(-1, 1) * math.log(4 / 3))
        wide, tall = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if wide <= width and tall <= height:
            left, top = draw.randint(0, width - wide), draw.randint(0, height - tall)
            return left, top, left + wide, top + tall
    return 0, 0, width, height


def torch_loader(folder: str, batch: int) -> Batches:
    """PyTorch's DataLoader and torchvision's transforms, as in its own recipe; a process for each core."""
    import torch
    from torchvision.datasets import ImageFolder  # pyrefly: ignore[missing-import]
    from torchvision.transforms import v2  # pyrefly: ignore[missing-import]

    steps = [v2.RandomResizedCrop(SIDE, antialias=True), v2.RandomHorizontalFlip(), v2.PILToTensor()]
    loader = torch.utils.data.DataLoader(
        ImageFolder(folder, v2.Compose(steps)), batch, shuffle=True, num_workers=_cores(), persistent_workers=True
    )
    while True:
        for images, _ in loader:
            yield len(images)


def tf_data(folder: str, batch: int) -> Batches:
    """tf.data with a crop that is decoded only where it is."""
    import tensorflow as tf  # pyrefly: ignore[missing-import]

    def decoded(name: Any) -> Any:
        content = tf.io.read_file(name)
        shape = tf.image.extract_jpeg_shape(content)
        begin, size, _ = tf.image.sample_distorted_bounding_box(
            shape, tf.zeros((1, 0, 4)), area_range=(0.08, 1.0), aspect_ratio_range=(3 / 4, 4 / 3), min_object_covered=0
        )
        window = tf.stack([begin[0], begin[1], size[0], size[1]])
        image = tf.image.resize(tf.image.decode_and_crop_jpeg(content, window, channels=3), (SIDE, SIDE))
        return tf.cast(tf.image.random_flip_left_right(image), tf.uint8)

    names = tf.data.Dataset.from_tensor_slices(files(folder)).repeat().shuffle(1000)
    for images in names.map(decoded, num_parallel_calls=tf.data.AUTOTUNE).batch(batch).prefetch(2):
        yield len(images)


def jaxcnn_stream(folder: str, batch: int, workers: int = 0) -> Batches:
    """What a training of ours reads, but for the flip, which is part of its compiled step; here NumPy does it."""
    import numpy as np

    from jaxcnn.data import folder as folders
    from jaxcnn.data.batches import Batches as Source
    from jaxcnn.data.batches import Epochs, stream
    from jaxcnn.data.pictures import Reading

    data: Any = folders.load(folder, Reading(SIDE), "always")
    train = np.arange(data.train_size, dtype=np.int32)
    plan = Epochs(train, 0, batch, max(len(train) // batch, 1), 1_000_000)
    threads = 1 if workers else _cores()
    source = Source(data.images, data.labels, plan, np.arange(batch), "random_resized", np.zeros(2, np.uint32), threads)
    draw = np.random.default_rng(0)
    for decoded in stream(source, 0, workers):
        pixels = np.array(decoded.images).view(np.dtype("V3")) if workers else decoded.images.view(np.dtype("V3"))
        flip = np.flatnonzero(draw.random(len(pixels)) < 0.5)
        pixels[flip] = pixels[flip][:, :, ::-1]
        yield len(pixels)


CONTENDERS: dict[str, Callable[[str, int], Batches]] = {
    "jaxcnn, threads": jaxcnn_stream,
    "jaxcnn, processes": lambda folder, batch: jaxcnn_stream(folder, batch, _cores()),
    "Pillow, plain loop": pillow,
    "PyTorch DataLoader": torch_loader,
    "tf.data": tf_data,
}


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cpu_seconds() -> float:
    """Of this process and its living children, on Linux; elsewhere of this process."""
    if not Path("/proc/self/task").exists():
        return time.process_time()
    return sum(map(_ticks, _family(os.getpid()))) / os.sysconf("SC_CLK_TCK")


def _family(process: int) -> list[int]:
    found = [process]
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        found += itertools.chain(*(_family(int(child)) for child in path.read_text().split()))
    return found


def _ticks(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def measure(name: str, folder: str, seconds: float, batch: int) -> dict[str, float]:
    """Images, seconds and CPU seconds of whole batches, for at least `seconds`."""
    batches = CONTENDERS[name](folder, batch)
    for _ in range(WARM):
        next(batches)
    images, began, cpu = 0, time.perf_counter(), cpu_seconds()
    while time.perf_counter() - began < seconds:
        images += next(batches)
    return {"images": images, "seconds": time.perf_counter() - began, "cpu": cpu_seconds() - cpu}


if __name__ == "__main__":
    name, folder, seconds, batch = sys.argv[1:]
    print(json.dumps(measure(name, folder, float(seconds), int(batch))), flush=True)
    os._exit(0)  # without waiting for what is decoded ahead
