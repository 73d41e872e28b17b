"""onnxruntime on the network that `python -m jaxcnn export` writes: float32, from bytes to probabilities."""

from collections.abc import Callable

import numpy as np
import onnxruntime

from experiments.bench import ours
from experiments.bench.batches import fastest
from experiments.bench.ours_inference import noise_run
from jaxcnn.export.program import program_of
from jaxcnn.export.to_onnx import to_onnx

VERSION = f"onnxruntime {onnxruntime.__version__}"
product = ours.product


def build(net: str, batch: int, dtype: str) -> Callable[[], None]:
    run, images = noise_run(net, batch, dtype)
    program = program_of(run)
    model = to_onnx(program.answer, program.image_shape, np.uint8, program.facts)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return fastest(lambda part: session.run(None, {"images": part}), images)
