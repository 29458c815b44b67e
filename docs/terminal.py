#!/usr/bin/env python3
"""Draws docs/terminal.svg, the picture in the README, from the output of the program.

usage: docs/terminal.py [PROGRAM]        PROGRAM defaults to target/release/codetune; takes about six minutes

It analyzes a small file and runs the quickstart on this repository, in temporary directories.
"""

import html
import os
import pathlib
import re
import string
import subprocess
import sys
import tempfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLUMNS = 96
MINUTES = "5"
CELL, LINE, SIZE = 7.8, 17, 13
BACKGROUND, FOREGROUND = "#1e1e2e", "#cdd6f4"
COLORS = {30: "#585b70", 31: "#f38ba8", 32: "#a6e3a1", 33: "#f9e2af", 34: "#89b4fa", 35: "#cba6f7", 36: "#94e2d5"}
SAMPLE = '''"""Uploads the nightly report."""

import requests

TOKEN = "%s"


def upload(path):
    with open(path, "rb") as report:
        headers = {"Authorization": "Bearer " + TOKEN}
        return requests.put("https://reports.example.com/nightly", data=report, headers=headers)
'''


def run(program, folder, *arguments):
    """What a command prints on a terminal of this width."""
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "CODETUNE_HOME": f"{folder}/home",
                   "CODETUNE_CACHE": f"{folder}/cache"}
    command = [program, *arguments, "--color", "always"]
    return subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, check=True, text=True).stdout


def github_token():
    """A token that nobody owns, with the checksum of a real one; built here so that this file contains no secret."""
    random = "R4kT9wXz2LmQ7vBn5JcY8sHd3GfA6p"
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    checksum, rest = "", zlib.crc32(random.encode())
    while len(checksum) < 6:
        checksum, rest = digits[rest % 62] + checksum, rest // 62
    return f"ghp_{random}{checksum}"


def prompt(command):
    return f"\x1b[32m$\x1b[0m \x1b[1m{command}\x1b[0m"


def screen(program):
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "src", "upload.py")
        source.parent.mkdir()
        source.write_text(SAMPLE % github_token())
        report = run(program, folder, "analyze", "src")
        tuned = run(program, folder, "quickstart", str(ROOT / "core"), "--minutes", MINUTES)
    results = re.search(r"\n([^\n]*6/8 .*?)\n\n[^\n]*7/8 ", tuned, re.S).group(1).replace(f"{folder}/", "")
    findings = report.split("LANGUAGE")[0]
    findings = re.sub(r"(\x1b\[[0-9;]*m)*$", "", findings)
    return "\n".join([prompt("codetune analyze src"), findings.rstrip(), "", prompt("codetune quickstart"), results.rstrip()])


def runs(line):
    """The parts of a line with one style each: text, colour, bold, dim."""
    color, bold, dim = None, False, False
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        codes = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if not codes:
            if part:
                yield part, color, bold, dim
            continue
        numbers = [int(number or 0) for number in codes.group(1).split(";")]
        while numbers:
            number = numbers.pop(0)
            if number == 0:
                color, bold, dim = None, False, False
            elif number == 1:
                bold = True
            elif number == 2:
                dim = True
            elif number == 38 and numbers[:1] == [5]:
                color = numbers[1] + 30 if numbers[1] < 8 else numbers[1] + 22
                del numbers[:2]
            elif 30 <= number <= 37 or 90 <= number <= 97:
                color = number if number < 90 else number - 60
            elif number == 39:
                color = None


def wrapped(text):
    """The lines as a terminal breaks them, each a list of runs."""
    for line in text.split("\n"):
        row, column = [], 0
        for part, *style in runs(line):
            while column + len(part) > COLUMNS:
                row.append((part[: COLUMNS - column], *style))
                part, column = part[COLUMNS - column :], 0
                yield row
                row = []
            row.append((part, *style))
            column += len(part)
        yield row


def svg(text):
    lines = list(wrapped(text))
    width, height = round((COLUMNS + 4) * CELL), len(lines) * LINE + 56
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        "<title>codetune in a terminal</title>",
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>',
    ]
    for x, color in (20, "#f38ba8"), (38, "#f9e2af"), (56, "#a6e3a1"):
        out.append(f'<circle cx="{x}" cy="18" r="6" fill="{color}"/>')
    font = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
    out.append(f'<g font-family="{font}" font-size="{SIZE}" fill="{FOREGROUND}" xml:space="preserve">')
    for row, line in enumerate(lines):
        column, y = 0, 48 + row * LINE
        for part, color, bold, dim in line:
            # Trailing and leading blanks are left to the grid, since renderers differ in how they treat them.
            shown = part.strip(" ")
            start = column + len(part) - len(part.lstrip(" "))
            column += len(part)
            if not shown:
                continue
            style = f' fill="{COLORS.get(color, FOREGROUND)}"' if color else ""
            style += ' font-weight="bold"' if bold else ""
            style += ' opacity="0.6"' if dim else ""
            x, length = 2 * CELL + start * CELL, len(shown) * CELL
            text = html.escape(shown, quote=False).replace("  ", " \u00a0")
            out.append(f'<text x="{x:.1f}" y="{y}" textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs"{style}>{text}</text>')
    out += ["</g>", "</svg>", ""]
    return "\n".join(out)


if __name__ == "__main__":
    program = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release/codetune").resolve())
    (ROOT / "docs/terminal.svg").write_text(svg(screen(program)), encoding="utf-8")
