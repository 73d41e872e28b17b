"""Finds wording that crept into the project and does not read as American English; `make lint` runs it."""

import re
import subprocess
import sys
from pathlib import Path

WORDS = {
    r"\banew\b": "again",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\balone\b": "only",
    r"(?<!here )\b(is|are|was|were) no (?!longer\b|more\b|less\b|one\b|better\b|worse\b)\w+": "is not a ...",
    r"\b(go|goes|going|went|gone) on\b(?! to)": "continue, resume",
    r"\bbroken off\b": "interrupted",
    r"\btyped again\b|\btype the same command\b": "rerun, run the same command again",
    r"\b(lies|lay)\b": "is",
    r"\bshares? of\b": "fraction of, rate",
    r"\btold to\b": "asked to",
    r"\bwhole or absent\b|\bwritten beside\b": "atomic",
    r"\b(twofold|wherefrom|thereof|therein|whereof)\b": "plain words",
    r"\bmultiply-adds\b": "MACs",
    r"\bdigests? (lie|tell)\b": "checksum",
    r"\bkindred\b": "stackable, similar",
}
"""Pattern -> what to write instead."""

SUFFIXES = (".py", ".md", ".toml", ".yml", "")
ALLOWED = "wording: allow"


def main() -> int:
    names = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.splitlines()
    found = 0
    for path in map(Path, names):
        if (
            path.suffix not in (".py", ".md", ".toml", ".yml") and path.name != "Makefile"
        ) or path.name == "wording.py":
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for pattern, better in WORDS.items() if ALLOWED not in line else ():
                if match := re.search(pattern, line):
                    print(f"{path}:{number}: {match[0]!r}: write {better!r}: {line.strip()[:100]}")
                    found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
