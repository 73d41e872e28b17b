"""What is to be learned: tasks by name.

`TASKS[name](setting)` gives a `Task`; keyword arguments are its options: `--task "denoise:sigma=25"`. To add a task,
write a function (setting, *, options) -> Task in a file of its own, and add one line to TASKS.
"""

from collections.abc import Callable
from dataclasses import replace

from jaxcnn import specs
from jaxcnn.config import Config, LossConfig
from jaxcnn.data.info import DataInfo
from jaxcnn.data.preprocess import denormalizer, normalizer, scaled
from jaxcnn.errors import UserError
from jaxcnn.tasks import (
    autoencode,
    classification,
    colorize,
    denoise,
    inpaint,
    likeness,
    multilabel,
    one_against_rest,
    order,
    rotation,
    super_resolve,
    turns,
)
from jaxcnn.tasks.task import Setting, Task

__all__ = ["TASKS", "Setting", "Task", "build"]

TASKS: dict[str, Callable[..., Task]] = {
    "classification": classification.classification,
    "rotation": rotation.rotation,
    "turns": turns.turns,
    "multilabel": multilabel.multilabel,
    "sort": order.sort,
    "one_against_rest": one_against_rest.one_against_rest,
    "embed": likeness.embed,
    "denoise": denoise.denoise,
    "super_resolve": super_resolve.super_resolve,
    "colorize": colorize.colorize,
    "inpaint": inpaint.inpaint,
    "autoencode": autoencode.autoencode,
}


def network_input(config: Config, task: Task) -> tuple[int, ...]:
    """Height, width and channels of what the network sees."""
    return scaled(task.input_shape, config.data.upscale)


def build(
    config: Config,
    info: DataInfo,
    axis: str | None = None,
    loss: LossConfig | None = None,
    class_counts: tuple[int, ...] = (),
) -> Task:
    """The task of a config on its data; `loss` replaces the config's. To train, it needs the counts of the classes.

    Raises: UserError for an unknown task, option or loss, and for a task that does not fit the data.
    """
    name, options = specs.parse(config.task)
    setting = Setting(
        image_shape=info.image_shape,
        label_names=info.label_names,
        loss=loss or config.loss,
        normalize=normalizer(replace(config, dtype="float32"), info),
        denormalize=denormalizer(config, info),
        axis=axis,
        class_counts=class_counts,
    )
    task = specs.bind(TASKS, name, options, "task")(setting)
    if info.several_labels and not task.takes_several_labels:
        raise UserError(f"{info.name} has several labels a picture, and {config.task} takes one: use --task multilabel")
    return task
