"""Where a run starts: `init.from` -> the variables of a run, of a step of it, or of a .safetensors file."""

from pathlib import Path
from typing import Any

from flax import linen as nn

from jaxcnn import checkpoint
from jaxcnn.config import Config, InitConfig
from jaxcnn.errors import UserError
from jaxcnn.run import folder_of
from jaxcnn.tracking import say
from jaxcnn.trained import load
from jaxcnn.transfer import transfer

Tree = Any


def read(path: str, model: nn.Module) -> tuple[Tree, str]:
    """{"params", "batch_stats"} that `path` names, and what they are in a few words.

    `path` is a run's folder, `FOLDER@STEP`, or a .safetensors file, ours or foreign; the names of a foreign one are
    translated into those of `model`.
    Raises: UserError if there is no such thing, or it cannot be read.
    """
    folder, at, step = path.rpartition("@")
    if not at or Path(path).exists():
        folder, step = path, ""
    if step and not step.isdigit():
        raise UserError(f"init.from: {step!r} of {path!r} is no step: write it as {folder}@2000")
    if not Path(folder).expanduser().is_dir():
        raise UserError(f"init.from: {folder!r} is neither the folder of a run nor a .safetensors file")
    run = load(folder, step=int(step) if step else None)
    return run.variables, f"{folder}, {run.config.model} at step {run.step:,}"


def start(config: Config, model: nn.Module, fresh: Tree) -> tuple[Tree, dict[str, Any]]:
    """What the first step starts from, and the account of it for the run's folder (none for a fresh start).

    A run that has a checkpoint goes on from that, and its origin is not read again.
    Raises: UserError where `init.from` or `init.restore` does not fit.
    """
    if not config.init.from_:
        if config.init.restore != InitConfig().restore:
            raise UserError("init.restore says what to take, and init.from does not say from where")
        return fresh, {}
    if checkpoint.complete_steps(folder_of(config) / "checkpoints"):
        return fresh, {}
    source, what = read(config.init.from_, model)
    variables, report = transfer(source, fresh, config.init.restore)
    say(f"start   from {what}\n{report}")
    return variables, {"from": what, **report.to_dict()}
