#!/usr/bin/env python3
"""Counts which character follows which in source code, and writes `pairs.bin`, the table of `src/surprise.rs`.

    ./make.py FOLDER...

Names, words and short phrases of every file count once, however often they are used. Each byte of the table is
what one pair costs, -log2 of its share among the pairs that begin alike, in sixteenths of a bit.
"""

import math
import os
import pathlib
import random
import re
import sys

LETTERS = [chr(c) for c in range(ord("a"), ord("z") + 1)] + [chr(c) for c in range(ord("A"), ord("Z") + 1)]
# As in `symbol` of src/surprise.rs: `0` is any digit, `!` any other ASCII character.
SYMBOLS = LETTERS + ["0", " ", "_", "-", ".", "/", ":", "!"]
# What a digit costs beyond its class.
DIGIT = math.log2(10)
# What any pair with another character costs: phrases above hold none, so nothing is counted.
OTHER = 6.5
ENDINGS = {".rs", ".c", ".h", ".cpp", ".go", ".java", ".py", ".js", ".ts", ".md", ".toml"}
PHRASES = re.compile(r"[A-Za-z0-9_./:\-]{3,40}(?: [A-Za-z0-9_./:\-]{1,30}){0,3}")
NAMES = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]{3,40}")
FILES = 6000


def symbol(character):
    if character in LETTERS or character in " _-./:":
        return SYMBOLS.index(character)
    return SYMBOLS.index("0" if character.isdigit() else "!")


def is_word(phrase):
    """Not mostly digits, as digests and tables of numbers are."""
    return sum(c.isdigit() for c in phrase) <= 0.3 * len(phrase)


def main(folders):
    files = sorted(
        path
        for folder in folders
        for root, _, names in os.walk(folder)
        for path in (pathlib.Path(root, name) for name in names)
        if path.suffix in ENDINGS
    )
    random.seed(1)
    random.shuffle(files)
    phrases = set()
    for path in files[:FILES]:
        try:
            text = path.read_text()[:200_000]
        except (OSError, UnicodeDecodeError):
            continue
        phrases.update(PHRASES.findall(text))
        phrases.update(NAMES.findall(text))
    counts = [[0.5] * len(SYMBOLS) for _ in SYMBOLS]
    for phrase in filter(is_word, phrases):
        codes = [symbol(c) for c in phrase]
        for first, second in zip(codes, codes[1:]):
            counts[first][second] += 1

    def cost(first, second):
        if "!" in (SYMBOLS[first], SYMBOLS[second]):
            return OTHER
        share = counts[first][second] / sum(counts[first])
        return (DIGIT if SYMBOLS[second] == "0" else 0) - math.log2(share)

    every = range(len(SYMBOLS))
    table = bytes(min(255, round(16 * cost(first, second))) for first in every for second in every)
    pathlib.Path(__file__).with_name("pairs.bin").write_bytes(table)
    print(f"{len(files[:FILES])} files, {len(phrases)} phrases, {len(table)} bytes")


main(sys.argv[1:])
