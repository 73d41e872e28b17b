"""JSON files: what is written is JSON, and what is read is an object or one clear error."""

import json
import math

import pytest

from jaxcnn.errors import UserError
from jaxcnn.json_files import dumps, read_json, write_json


def test_numbers_that_are_not_finite_are_null_at_any_depth(tmp_path):
    values = {"a": math.nan, "b": [math.inf, (1.5, -math.inf)], "c": {"d": math.nan, "e": 2}, "f": None, "g": "NaN"}
    expected = {"a": None, "b": [None, [1.5, None]], "c": {"d": None, "e": 2}, "f": None, "g": "NaN"}
    write_json(tmp_path / "x.json", values)
    assert read_json(tmp_path / "x.json") == json.loads(dumps(values)) == expected


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"\xff{}", "not text in UTF-8"),
        (b'{"a": ', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "a list and not an object"),
        (b"3", "a int and not an object"),
        (None, "No such file"),
    ],
)
def test_whatever_is_wrong_with_a_file_is_one_message_that_names_it(tmp_path, content, reason):
    path = tmp_path / "x.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=f"x.json cannot be read: (.|\n)*{reason}(.|\n)*; restore it"):
        read_json(path, "restore it")


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path):
    (tmp_path / "x.json").mkdir()
    with pytest.raises(UserError, match=r"x.json cannot be read: Is a directory"):
        read_json(tmp_path / "x.json")
    with pytest.raises(UserError, match=r"cannot write .*x.json: .*there is a folder of that name: move it away"):
        write_json(tmp_path / "x.json", {})
