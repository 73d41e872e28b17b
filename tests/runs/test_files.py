"""Every file of a run's folder, damaged in every way: no traceback, nothing lost, and a message that names it."""

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

import jaxcnn
from helpers.processes import TINY, run_command
from helpers.tiny import tiny_config
from jaxcnn import fit
from jaxcnn.cli import SHOWN
from jaxcnn.commands import compare
from jaxcnn.config import Config
from jaxcnn.errors import UserError
from jaxcnn.parallel.devices import CompiledStep
from jaxcnn.report import Results, Row, tables
from jaxcnn.report.scores import scores
from jaxcnn.runs import init_from
from jaxcnn.runs.folder import finished
from jaxcnn.runs.steps import complete_steps

WRITTEN_AT_EVERY_START = ("environment.json", ".lock", "metrics.jsonl")
SCALED_DOWN = {"duration": "4steps", "checkpoint_every": "2steps", "evaluate_every": "2steps", "log_every": "1steps"}


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> Config:
    """A finished run with a checkpoint of its steps 2 and 4, which started from another."""
    plain = replace(tiny_config(tmp_path_factory.mktemp("runs") / "source"), model="softmax", augment=(), **SCALED_DOWN)
    fit.fit(plain)
    init = replace(plain.init, source=plain.folder)
    config = replace(plain, init=init, folder=plain.folder[: -len("source")] + "run", tensorboard=True)
    fit.fit(config)
    assert complete_steps(Path(config.folder) / "checkpoints") == [2, 4]
    return config


def flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    if content:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def as_folder(path: Path, chance: random.Random) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[Path, random.Random], object]] = {
    "missing": lambda path, _: path.unlink(),
    "empty": lambda path, _: path.write_bytes(b""),
    "cut": lambda path, _: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "not UTF-8": lambda path, _: path.write_bytes(b"\xff\xfe\x00{}"),
    "list": lambda path, _: path.write_bytes(b"[]\n"),
    "object": lambda path, _: path.write_bytes(b"{}\n"),
    "number": lambda path, _: path.write_bytes(b"3\n"),
    "flipped": flip,
    "flipped elsewhere": flip,
    "folder": as_folder,
}


def as_file(path: Path, chance: random.Random) -> None:
    shutil.rmtree(path)
    path.write_bytes(b"")


OF_FOLDERS: dict[str, Callable[[Path, random.Random], object]] = {
    "missing": lambda path, _: shutil.rmtree(path),
    "empty": lambda path, _: (shutil.rmtree(path), path.mkdir()),
    "file": as_file,
}


class Reached(Exception):
    """A run would take its next step."""


def resume(config: Config) -> None:
    summary = Path(config.folder) / "summary.json"
    if summary.is_file():
        summary.unlink()
    with pytest.raises(Reached):
        fit.fit(config)


def show(config: Config) -> None:
    finished(config, SHOWN)


def compared(config: Config) -> None:
    results = compare.compare([Path(config.folder)])
    tables.to_markdown(results, scores(results))


def swept(config: Config) -> None:
    row = Row("a", config.seed, config)
    assert row.ended in (True, False)
    results = Results("sweep", (row,))
    tables.on_terminal(results, scores(results))


DOORS: dict[str, Callable[[Config], object]] = {
    "load": lambda config: jaxcnn.load(config.folder),
    "load a step": lambda config: jaxcnn.load(config.folder, step=2),
    "source": lambda config: init_from.read(config.folder, jaxcnn.MODELS["softmax"](num_classes=10)),
    "show": show,
    "compare": compared,
    "sweep": swept,
    "resume": resume,
    "resume latest_valid": lambda config: resume(replace(config, resume="latest_valid")),
}


@pytest.fixture
def quick(config, monkeypatch) -> None:
    """Parts of `fit` that do not look at the folder are made once, and it ends before its first step."""
    assemble, images = cache(fit.assemble), cache(fit.load_images)
    prepared = assemble(config, images(replace(config, folder="", resume="latest")))

    def reached(*_: object) -> None:
        raise Reached

    monkeypatch.setattr(fit, "load_images", lambda config: prepared.images)
    monkeypatch.setattr(fit, "assemble", lambda config, _: replace(prepared, config=config))
    monkeypatch.setattr(fit, "train_steps", reached)
    monkeypatch.setattr(CompiledStep, "compile_ahead", lambda *_: None)


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def parts(config: Config) -> Iterator[tuple[str, str]]:
    """Every file and folder of a run, each with every damage."""
    home = Path(config.folder)
    for path in sorted(home.rglob("*")):
        for damage in OF_FOLDERS if path.is_dir() else DAMAGES:
            yield path.relative_to(home).as_posix(), damage


def try_door(config: Config, scratch: Path, name: str, damage: str, door: str) -> str:
    """Opens the door of a copy with the damage; returns what it said."""
    copy = replace(config, folder=str(scratch / "run"))
    home, path = Path(copy.folder), Path(copy.folder) / name
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(config.folder, home)
    (OF_FOLDERS if path.is_dir() else DAMAGES)[damage](path, random.Random(f"{name} {damage} {door}"))
    before, said = contents(home), ""
    try:
        DOORS[door](copy)
    except UserError as error:
        said = str(error)
    check_nothing_lost(before, contents(home), door)
    return said


def check_nothing_lost(before: dict[str, bytes], after: dict[str, bytes], door: str) -> None:
    """What was there is there, perhaps under `damaged/`; a door that only reads changes nothing at all."""
    if not door.startswith("resume"):
        assert after == before
        return
    kept = {re.sub(r"^damaged/(\d+)(-\d+)?/", r"checkpoints/\1/", name): content for name, content in after.items()}
    for name, content in before.items():
        if name in WRITTEN_AT_EVERY_START or name == "summary.json":
            continue
        assert kept.get(name) == content, name
    *rows, _ = before.get("metrics.jsonl", b"").split(b"\n")  # after the last one, a row that is cut off may be left
    if rows and before["metrics.jsonl"] != after.get("metrics.jsonl.damaged"):
        resumed_at = max(json.loads(row)["step"] for row in after["metrics.jsonl"].splitlines() or [b'{"step": 0}'])
        again = [row for row in rows if json.loads(row)["step"] > resumed_at]  # these steps are taken again
        assert {*rows} - {*again} <= {*after["metrics.jsonl"].split(b"\n")}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.usefixtures("quick")
def test_a_damaged_file_is_one_message_that_names_it_and_costs_nothing_else(config, tmp_path, door, capfd):
    chance = random.Random(door)
    wrong = [each for each in parts(config) if chance.random() < (0.02 if "/" in each[0] else 0.3)]
    check_all(config, tmp_path, wrong, door)


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.usefixtures("quick")
def test_any_damaged_file_is_one_message_that_names_it_and_costs_nothing_else(config, tmp_path, door, capfd):
    check_all(config, tmp_path, list(parts(config)), door)


def check_all(config: Config, scratch: Path, wrong: list[tuple[str, str]], door: str) -> None:
    problems = []
    for name, damage in wrong:
        try:
            said = try_door(config, scratch, name, damage, door)
            place = "/".join(name.split("/")[:2]) if name.startswith("checkpoints/") else name.split("/")[0]
            # A flipped digit may leave a valid config: it is another one, and the message shows the difference.
            another = name == "config.json" and "another config" in said
            if said and place not in said and not another:
                problems.append(f"{name}, {damage}: does not name it: {said}")
        except Exception as error:  # all of them in one report
            problems.append(f"{name}, {damage}: {type(error).__name__}: {error}")
    assert not problems, "\n".join(problems)


SPOILED: dict[str, Callable[[Path], object]] = {
    "config.json": lambda path: path.write_text("[]"),
    "data.json": lambda path: path.write_bytes(b"\xff"),
    "events": lambda path: (shutil.rmtree(path), path.touch()),
    "metrics.jsonl": lambda path: (path.unlink(), path.mkdir()),
    "checkpoints/4/state/manifest.ocdbt": lambda path: path.write_bytes(b"x"),
    "checkpoints/4/state/_METADATA": lambda path: path.write_text("{}"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SPOILED)
def test_the_command_ends_with_status_2_and_one_message(tmp_path, name):
    """What libraries print while a process ends is seen only here."""
    home = tmp_path / "a run"
    command = ["experiments.softmax", *TINY, "--tensorboard", "--duration", "4steps", "--checkpoint-every", "2steps"]
    assert run_command(*command, "--folder", str(home), cwd=tmp_path).returncode == 0
    (home / "summary.json").unlink()
    SPOILED[name](home / name)
    result = run_command(*command, "--folder", str(home), cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    assert "never retrieved" not in result.stderr
    place = "checkpoints/4" if "/" in name else name
    assert f"a run/{place}" in result.stderr
