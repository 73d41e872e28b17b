"""`labels.csv`: pictures with several labels each, in the layout of fast.ai and of Kaggle's competitions.

The first column names the file, the second its labels, separated by spaces, or by `;` or `|` where names have spaces:

    fname,labels,is_valid
    000012.jpg,car,True
    000017.jpg,horse person,False

Other columns are passed over, but for `is_valid` (or `is_test`), which says whether a picture is for the test.
"""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jaxcnn.errors import MANY, UserError

NAME = "labels.csv"
FILES = ("file", "fname", "file_name", "filename", "image", "image_name", "name", "path")
LABELS = ("labels", "label", "tags")
TEST = ("is_valid", "is_test")
TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}


@dataclass(frozen=True)
class Row:
    file: str
    label: tuple[int, ...]
    """A row of zeros and ones, one for each class."""
    test: bool | None
    """None if the table does not say."""


def read(path: Path) -> tuple[tuple[str, ...], list[Row]]:
    """The classes, in the order of the alphabet, and a row for each picture.

    Raises: UserError for a table without these columns, without two classes, or with files that are not there.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read as a CSV file in UTF-8: {error}") from None
    columns = list(table[0]) if table else []
    file, labels = _column(path, columns, FILES), _column(path, columns, LABELS)
    test = next((name for name in columns if name and name.strip().lower() in TEST), None)
    separator = _separator([row[labels] or "" for row in table])
    each = [_split(row[labels] or "", separator) for row in table]
    names = tuple(sorted({label for found in each for label in found}))
    if len(names) < 2:
        raise UserError(f"{path} has {len(names)} different labels: at least two are needed")
    _require_files(path, [row[file] or "" for row in table])
    return names, [
        Row(row[file], tuple(int(name in found) for name in names), _truth(path, row[test]) if test else None)
        for row, found in zip(table, each, strict=True)
    ]


def _column(path: Path, columns: Sequence[str], known: Sequence[str]) -> str:
    found = next((name for name in columns if name and name.strip().lower() in known), None)
    if found is None:
        raise UserError(
            f"{path} has the columns {', '.join(filter(None, columns)) or '(none)'}; one must be {', '.join(known)}"
        )
    return found


def _separator(cells: Sequence[str]) -> str:
    """A mark that occurs in any cell; else white space."""
    return next((mark for mark in ";|" if any(mark in cell for cell in cells)), " ")


def _split(cell: str, separator: str) -> set[str]:
    parts = cell.split() if separator == " " else re.split(re.escape(separator), cell)
    return {part.strip() for part in parts if part.strip()}


def _truth(path: Path, text: str | None) -> bool:
    word = (text or "").strip().lower()
    if word not in TRUTH:
        raise UserError(f"{path}: {text!r} is neither True nor False")
    return TRUTH[word]


def _require_files(path: Path, names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UserError(f"{path} names {twice[0]!r} twice: give each picture one row, with all of its labels")
    missing = [name for name in names if not (path.parent / name).is_file()]
    if missing:
        raise UserError(
            f"{path} names {len(missing)} files that are not there, relative to its own folder: "
            f"{', '.join(map(repr, missing[:MANY]))}"
        )
