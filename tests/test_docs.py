"""The README and the guides: every program runs, every command parses, every link and number is right."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import tyro

from helpers.processes import ROOT
from helpers.tiny import tiny_config, untrained_run
from jaxcnn import tasks
from jaxcnn.__main__ import COMMANDS
from jaxcnn.commands.compare import Comparison
from jaxcnn.commands.evaluate import Evaluation
from jaxcnn.commands.export import Export
from jaxcnn.commands.inspect import Inspection
from jaxcnn.commands.models import Catalog, twins
from jaxcnn.commands.predict import Question
from jaxcnn.commands.summary import Summary
from jaxcnn.config import Config
from jaxcnn.models import MODELS
from jaxcnn.models.torchvision import TORCHVISION
from jaxcnn.report import collect
from jaxcnn.sweep import SweepOptions

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
EXPERIMENTS = {path.stem for path in (ROOT / "experiments").glob("*.py")}


OPTIONS = {
    "models": Catalog,
    "summary": Summary,
    "predict": Question,
    "evaluate": Evaluation,
    "inspect": Inspection,
    "export": Export,
    "compare": Comparison,
}
"""What each command of `python -m jaxcnn` takes."""


def blocks(language: str) -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in re.findall(rf"```{language}\n(.*?)```", page.read_text(), flags=re.S):
            yield page.name, block


def commands() -> list[str]:
    """Every command in a shell block, comments left out, continued lines joined."""
    lines: list[str] = []
    for _, block in blocks("sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words:
                lines.append(shlex.join(words))
    return lines


def programs() -> list[tuple[str, str]]:
    """Each page's programs as one, in order; those of one page share their names."""
    pages: dict[str, str] = {}
    for page, block in blocks("python"):
        pages[page] = pages.get(page, "") + block
    return [(page, program) for page, program in pages.items() if "torchvision" not in program]  # in tests/parity


@pytest.mark.parametrize(("page", "program"), programs(), ids=[page for page, _ in programs()])
def test_every_program_runs(page: str, program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tasks, "TASKS", dict(tasks.TASKS))  # a program adds one
    untrained_run(replace(tiny_config(tmp_path / "runs/quickstart"), model="quicknet"), 40)
    images = np.zeros((2, 32, 32, 3), np.uint8)
    exec(program, {"images": images})


@pytest.mark.parametrize("command", commands())
def test_every_command_is_one(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    program, *arguments = [word for word in shlex.split(command) if word != "&&"]
    if program in ("git", "source", "pip", "srun", ".venv/bin/pre-commit"):
        return
    if program == "make":
        makes(arguments)
        return
    assert (program, arguments[0]) == ("python", "-m"), command
    module, *options = arguments[1:]
    if module == "jaxcnn":
        assert options[0] in COMMANDS
        tyro.cli(OPTIONS[options[0]], args=options[1:])
        return
    parses(module.removeprefix("experiments."), options)


def makes(arguments: list[str]) -> None:
    targets = re.findall(r"^([a-z][\w%-]*):", (ROOT / "Makefile").read_text(), flags=re.M)
    for word in arguments:
        if "=" in word:
            continue
        if word.startswith("sweep-"):
            assert word.removeprefix("sweep-") in EXPERIMENTS
            continue
        assert word in targets, word


def parses(name: str, options: list[str]) -> None:
    """Parses the options of an experiment as its command line does."""
    if name.startswith("bench"):
        assert (ROOT / "experiments" / f"{name.replace('.', '/')}.py").exists() or name == "bench"
        return
    module = import_module(f"experiments.{name}")
    if "--help" in options:
        return
    if hasattr(module, "SWEEP"):
        tyro.cli(SweepOptions, args=options)
    elif hasattr(module, "Options"):
        tyro.cli(module.Options, args=options)
    else:
        tyro.cli(Config, default=module.CONFIG, args=options)


def test_every_link_leads_somewhere() -> None:
    for page in PAGES:
        text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert target.startswith("https://") or (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_setting_that_is_named_exists() -> None:
    known = {f"--{path.replace('_', '-')}" for path in settings(Config)} | {
        f"--{field.name.replace('_', '-')}"
        for options in (SweepOptions, Catalog, Evaluation, Export, Inspection, Question)
        for field in fields(options)
    }
    for page in PAGES:
        for setting in re.findall(r"`(--[a-z][\w.-]*)", page.read_text()):
            assert setting in known | {"--no-stack", "--batch"}, f"{page.name}: {setting}"


def settings(kind: type, prefix: str = "") -> list[str]:
    found = []
    for field in fields(kind):
        found.append(prefix + field.name)
        if isinstance(field.type, type) and hasattr(field.type, "__dataclass_fields__"):
            found += settings(field.type, f"{prefix}{field.name}.")
    return found


def test_the_generated_parts_are_up_to_date() -> None:
    for page, name, text in (
        ("results.md", "sweeps", collect.overview(ROOT / collect.COMMITTED)),
        ("experiments.md", "experiments", collect.experiments(ROOT / "experiments")),
    ):
        begin, end = f"<!-- {name}: written by `make results` -->\n", f"<!-- end of {name} -->"
        assert f"{begin}{text}{end}" in (ROOT / "docs" / page).read_text()


def test_the_table_of_torchvisions_networks_is_up_to_date() -> None:
    text = (ROOT / "docs/models.md").read_text()
    begin = "<!-- torchvision: written by `python -m jaxcnn models --torchvision` -->\n"
    assert f"{begin}{twins(TORCHVISION)}\n<!-- end of torchvision -->" in text
    assert f"All {len(TORCHVISION)} convolutional networks" in text


def test_the_readme_counts_the_models() -> None:
    assert f": {len(MODELS)} models checked" in (ROOT / "README.md").read_text()


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_bytes()) < 9_500
