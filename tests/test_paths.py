"""Paths as users write them."""

import os
from pathlib import Path

import pytest

from jaxcnn import data
from jaxcnn.commands import compare
from jaxcnn.config import Config, folder_of
from jaxcnn.errors import UserError
from jaxcnn.paths import cache_folder, free_name, full_path, user_path
from jaxcnn.runs.load import load
from jaxcnn.sweep import Sweep

DOORS = {
    "folder": lambda text: folder_of(Config("a", folder=text)),
    "sweep": lambda text: Sweep("a", Config("a"), {"b": {}}).home(folder=text),
    "load": load,
    "compare": lambda text: compare.main([text]),
    "data": lambda text: data.load("svhn_cropped", data_dir=text),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("text", "message"), [("~nobody-of-that-name/a", "no such home"), ("a" * 300, "300 bytes"), ("a\0b", "null")]
)
def test_every_door_refuses_a_path_that_cannot_be_with_one_message(door, text, message):
    with pytest.raises(UserError, match=message):
        DOORS[door](text)


def test_home_is_the_same_folder_at_every_door(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("JAXCNN_CACHE", "~/cache")
    assert DOORS["folder"]("~/a") == DOORS["sweep"]("~/a") == tmp_path / "a"
    assert cache_folder() == tmp_path / "cache"
    with pytest.raises(UserError, match=f"{tmp_path}/a is not a run"):
        DOORS["load"]("~/a")
    with pytest.raises(UserError, match=f"{tmp_path}/a is not a run"):
        DOORS["compare"]("~/a")
    with pytest.raises(UserError, match=f"not prepared in {tmp_path}/a"):
        DOORS["data"]("~/a")


def test_one_folder_written_in_several_ways_is_one():
    written = ["runs/src", "./runs/src", "runs/src/", "runs//src", "runs/./src", os.path.abspath("runs/src")]
    assert len(set(map(full_path, written))) == 1
    assert user_path("a/../b") == Path("a/../b")  # `a` may be a link


def test_a_free_name_is_one_that_nothing_has(tmp_path):
    names = []
    for _ in range(3):
        names.append(free_name(tmp_path / "5").name)
        (tmp_path / names[-1]).mkdir()
    assert names == ["5", "5-2", "5-3"]
