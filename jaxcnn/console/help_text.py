"""A module's docstring as the description of its command line."""

import re
import shutil
import textwrap

LABEL = re.compile(r"\w+  +")


def help_text(docstring: str | None) -> str:
    """The docstring folded to the width of the terminal; a label (`Cost      a minute`) begins a paragraph.

    tyro joins lines that begin with a letter, and adds a line before others that follow an empty one. So paragraphs
    begin with a word, and their other lines are indented.
    """
    labeled = re.sub(r"\n(?=\w+  )", "\n\n", (docstring or "").strip())
    return "\n\n".join(_folded(block) for block in re.split(r"\n\s*\n", labeled) if block.strip())


def _folded(block: str) -> str:
    label = LABEL.match(block)
    begin = label[0] if label else ""
    indent, is_commands = " " * len(begin) or "  ", begin and "python " in block
    lines = block.splitlines() if is_commands else [begin + " ".join(block[len(begin) :].split())]
    width = max(shutil.get_terminal_size().columns - 1, 40)
    fold = textwrap.TextWrapper(width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(folded for line in lines for folded in fold.wrap(line))
