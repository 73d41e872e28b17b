"""An experiment is data: frozen dataclasses, from which the command line is made.

Durations are written `10epochs`, `2000steps` or, within a training, `50%`. A hyper-parameter that is None takes the
default of the optimizer or schedule it belongs to; one that is set and not used by the chosen one is an error.
This file imports no JAX, so that `--help` answers at once.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from jaxcnn import limits
from jaxcnn.durations import is_zero, steps
from jaxcnn.errors import UserError
from jaxcnn.paths import user_path

Multipliers = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class DataConfig:
    name: str = "cifar10"
    """A TFDS image-classification data set (cifar10, cifar100, svhn_cropped, ...), `folder:PATH` (your own pictures, a
    sub-folder a class), `arrays:FILE.npz` (images, labels), `idx:FOLDER` (files in MNIST's format), or `digits`, which
    needs no network."""
    image_size: int = 0
    """Height and width that pictures, of a folder or of TFDS, are brought to, once. 0: as they are, if of one size."""
    fit: Literal["crop", "pad", "stretch"] = "crop"
    """How pictures of another shape become square: the middle (`crop`), all of it on black (`pad`), or distorted
    (`stretch`)."""
    resize: int = 0
    """Pixels of the shorter side before the middle is cut out: 256 for the usual 224. 0: as many as `image_size`."""
    train_crop: str = ""
    """A random crop of the whole picture in training, new in each epoch: `random_resized:area=(0.08,1)`,
    `scale_jitter:shortest=(256,512)` or `random:shortest=256`. The pictures of a folder are then streamed."""
    stream: Literal["auto", "always", "never"] = "auto"
    """Whether the pictures of a folder stay in their files and are decoded batch by batch, ahead of need; `auto`: if
    they would take more than a quarter of the memory."""
    workers: int = 0
    """For streamed pictures: processes that decode. 0: as many threads as there are cores. It changes no bit."""
    broken: Literal["stop", "skip"] = "stop"
    """What a picture that cannot be read does: it stops the run, or is left out and reported."""
    classes: tuple[str, ...] = ()
    """Keep only these classes, relabeled in this order. Default: all classes."""
    validation: int = 5000
    """Number of training images held out for validation; all choices are made on them."""
    train: int = 0
    """Train on only this many of the remaining images, class-balanced. 0: all of them."""
    imbalance: float = 1.0
    """Long-tailed training images: the last class keeps 1/imbalance of its own, the first all, those between in
    geometric progression (Cui et al. 2019). Validation and test images stay as they are."""
    label_noise: float = 0.0
    """Fraction of the training images whose label is replaced by a random other class. Validation and test labels stay
    correct."""
    normalization: str = "standardize"
    """`standardize` (per-channel mean and standard deviation of the training images), `imagenet` (those of ImageNet,
    which most published weights expect), `center` (subtract the mean, range about -128 to 128) or `scale` (to -1 ...
    1)."""
    upscale: int = 0
    """Resize images (bilinear) to this many pixels on the shorter side before the network sees them; the longer side
    follows. 0: keep their size."""
    fallback: str = ""
    """Data set to use instead, with a warning, if `name` is neither on disk nor downloadable."""


@dataclass(frozen=True)
class LossConfig:
    name: str = ""
    """Default: the task's own. For classes `cross_entropy`, `binary_cross_entropy` (a sigmoid per class) or
    `squared_error` (on one-hot targets); docs/tasks.md lists those of the other tasks."""
    smoothing: float = 0.0
    """Label smoothing: the probability mass that is spread evenly over all classes."""
    class_weights: tuple[str, ...] = ()
    """How much an example of a class counts: `none`, `balanced` (each class as much as any other, by the training
    images), or `cat=3 dog=0.5`, the others 1."""
    teacher: str = ""
    """Learn from the answers of this trained network, too (distillation): a run's folder, one of its checkpoints, or
    `pretrained:quicknet`. It sees the same augmented images and does not train."""
    temperature: float | None = None
    """For a teacher: what both networks' logits are divided by before they are compared. Default: 4."""
    teacher_weight: float | None = None
    """For a teacher: its part of the loss, the labels' being the rest. Default: 0.9."""
    l1: float = 0.0
    """Adds l1 * sum |w| over the parameters that `optimizer.weight_decay_multipliers` selects."""
    l2: float = 0.0
    """Adds l2/2 * sum w^2 over the same parameters: classical (coupled) weight decay, which passes through the
    momentum."""


@dataclass(frozen=True)
class OptimizerConfig:
    name: str = "momentum"
    """sgd, momentum, nesterov, adagrad (its accumulator starts at 0.1, PyTorch's at 0), rmsprop, adam, adamw, lion,
    muon (scales convolutions like matrices, by sqrt(max(1, outputs / inputs)); the reference by 1) or airbench (Muon
    for convolutions, Nesterov momentum for the rest)."""
    learning_rate: float = 0.1
    """The peak learning rate of the schedule."""
    weight_decay: float | None = None
    """Decoupled weight decay: each step also subtracts learning_rate * weight_decay * w. (Coupled: loss.l2.)"""
    momentum: float | None = None
    """For momentum, nesterov, rmsprop, muon and airbench."""
    b1: float | None = None
    """For adam, adamw and lion: decay of the first moment."""
    b2: float | None = None
    """For adam, adamw and lion: decay of the second moment."""
    decay: float | None = None
    """For rmsprop: decay of the squared gradient."""
    eps: float | None = None
    """For adagrad, rmsprop, adam and adamw: added to the denominator."""
    clip_norm: float | None = None
    """Clip the gradient to this global norm."""
    weight_decay_multipliers: Multipliers = (("*kernel", 1.0), ("*", 0.0))
    """(pattern over the parameter path, multiplier of weight decay, l1 and l2). The first match wins."""
    lr_multipliers: Multipliers = ()
    """(pattern over the parameter path, multiplier of the learning rate). The first match wins; default: 1."""
    renormalize: tuple[str, ...] = ()
    """Patterns of kernels that are rescaled to norm sqrt(output channels) before each step."""
    freeze: tuple[str, ...] = ()
    """Patterns of parameters that do not train; their gradient is not computed."""
    unfreeze: tuple[tuple[str, str], ...] = ()
    """(pattern, when): keep these parameters frozen until then (`30%`, `2epochs`). The first match wins."""
    freeze_at: tuple[tuple[str, str], ...] = ()
    """(pattern, when): freeze these parameters from then on; their learning-rate schedule is compressed to end then."""
    frozen_batch_stats: Literal["fixed", "update"] = "fixed"
    """Whether batch norms under a frozen pattern (`stem/*`) normalize by their running statistics (`fixed`) or by the
    batch, updating the running statistics (`update`)."""


@dataclass(frozen=True)
class ScheduleConfig:
    name: str = "cosine"
    """Shape of the learning-rate schedule: constant, step, piecewise_linear, exponential, cosine or one_cycle."""
    warmup: str = "0steps"
    """Linear warm-up before the schedule starts: the first of n steps has the rate 1/n, not zero, which would waste
    it."""
    boundaries: tuple[str, ...] | None = None
    """For step: when the learning rate is multiplied by `factor`, in rising order; what is after the end is never
    reached."""
    factor: float | None = None
    """For step: the multiplier at each boundary."""
    points: tuple[tuple[str, float], ...] | None = None
    """For piecewise_linear: (when, multiplier) in rising order of time, connected by straight lines."""
    final: float | None = None
    """For exponential, cosine and one_cycle: the multiplier at the end."""
    peak: str | None = None
    """For one_cycle: when the learning rate peaks, after the warm-up and before the end."""


@dataclass(frozen=True)
class InitConfig:
    source: str = ""
    """Start from these weights: a run's folder, one of its checkpoints (`runs/vgg11@2000`) a .safetensors file, or a
    network that comes with jaxcnn (`pretrained:quicknet`)."""
    restore: tuple[tuple[str, str], ...] = (("*", "load"),)
    """(pattern over the parameter path, action); the first match wins. Actions: `load`, `load NEW/NAME/*` (load under a
    new name), `init` (keep our initial value) or `skip` (do not load theirs). A parameter that no rule covers is an
    error."""
    whiten: str = ""
    """Path of a convolution kernel to initialize with the whitening filters of 5,000 training images."""


@dataclass(frozen=True)
class DistributedConfig:
    coordinator: str = ""
    """HOST:PORT of process 0, the same in every process; `auto` asks SLURM, a TPU pod or Open MPI; empty: one
    process."""
    processes: int = 0
    """Number of processes in the run. Not needed with `auto`."""
    process: int = 0
    """Index of this process, 0 ... processes - 1; process 0 writes the files. Not needed with `auto`."""


@dataclass(frozen=True)
class Config:
    name: str
    """Name of the experiment; its run folder is runs/NAME."""
    model: str = "resnet20"
    """A name from jaxcnn.MODELS, with options: `vgg16_bn:dropout=0.5`."""
    task: str = "classification"
    """What is to be learned: a name from jaxcnn.TASKS, with options: `denoise:sigma=25`, `rotation:head=vector`."""
    data: DataConfig = field(default_factory=DataConfig)
    augment: tuple[str, ...] = ()
    """Augmentations in order, with options: `crop:padding=4 flip cutout:size=8`."""
    loss: LossConfig = field(default_factory=LossConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    duration: str = "10epochs"
    """How long to train: `10epochs` or `2000steps`."""
    batch_size: int = 128
    """Global batch size: images per step over all devices."""
    seed: int = 0
    """Seed of the initial weights, the order of examples, augmentation, dropout and the validation split: 0 to
    4294967295."""
    dtype: Literal["auto", "float32", "bfloat16"] = "float32"
    """Compute dtype of activations and matmuls (`auto`: bfloat16 where the hardware supports it). Parameters, batch
    statistics and the loss stay float32."""
    batch_norm: Literal["sync", "local"] = "sync"
    """Batch-norm statistics over the whole batch (`sync`), or over each device's part of it (`local`)."""
    grad_accum_steps: int = 1
    """Split each batch into this many parts and accumulate their gradients, to save memory."""
    ema: float = 0.0
    """Decay per step of the exponential moving average of the weights, which is evaluated and loaded. It rises to that
    value as (1 + step) / (10 + step), so that short runs forget their initial weights, too. 0: no average."""
    image_sizes: tuple[tuple[str, int], ...] = ()
    """(when, size): progressive resizing; from then on training images are resized to `size` pixels on the shorter
    side. Evaluation uses the full size."""
    adversarial: float = 0.0
    """Train on images that are changed by up to this many of 255 gray levels, in one step against the network (fast
    adversarial training); 8 is usual. A step takes twice as long. 0: on images as they are."""
    tta: Literal["none", "flip", "flip_translate"] = "none"
    """Test-time augmentation: average the logits over an image and its flip, or over six flipped and shifted views."""
    evaluate_every: str = "1epochs"
    """How often to evaluate on the validation images. 0steps: only after the last step."""
    checkpoint_every: str = "1epochs"
    """How often to save a checkpoint. 0steps: only after the last step, and when the run is stopped."""
    keep: int = 2
    """How many of the newest checkpoints to keep, in addition to the best on validation."""
    select: Literal["last", "best"] = "last"
    """Which checkpoint is tested at the end: the last, or the best on validation (of those that were evaluated when
    they were saved)."""
    log_every: str = "50steps"
    """How often to log training metrics. 0steps: only after the last step."""
    tensorboard: bool = True
    """Also write TensorBoard events."""
    watch: bool = False
    """Also record what happens inside: histograms of weights, gradients, updates and activations, kernels and feature
    maps, to TensorBoard and `watch/` (docs/inspect.md). The training has the same bits with and without."""
    folder: str = ""
    """Run folder. Default: runs/NAME."""
    devices: int = 0
    """Number of devices that each process uses. 0: all. On a CPU, more than one are virtual devices."""
    init: InitConfig = field(default_factory=InitConfig)
    resume: Literal["latest", "latest_valid"] = "latest"
    """Where an unfinished run resumes: at its latest checkpoint, or at the latest that can be read (damaged ones are
    moved to `damaged/`)."""
    distributed: DistributedConfig = field(default_factory=DistributedConfig)

    def __post_init__(self) -> None:
        durations = [self.duration, self.evaluate_every, self.checkpoint_every, self.log_every, self.schedule.warmup]
        for duration in durations:
            steps(duration, steps_per_epoch=1, total=1)
        if is_zero(self.duration):
            raise UserError(f"the duration {self.duration!r} would train for no step: give at least 1steps")
        limits.check(self)
        if self.select == "best" and not self.data.validation:
            raise UserError("select best needs validation images: set data.validation, or select last")


def folder_of(config: Config) -> Path:
    return user_path(config.folder or Path("runs") / config.name)
