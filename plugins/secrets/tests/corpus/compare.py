#!/usr/bin/env python3
"""Runs detect-secrets over the corpus and prints its precision and recall by line.

    python3 -m venv VENV && VENV/bin/pip install detect-secrets==1.5.0
    VENV/bin/python compare.py
"""

import pathlib
import tempfile

from detect_secrets import SecretsCollection
from detect_secrets.settings import default_settings

HERE = pathlib.Path(__file__).parent


def labelled():
    """Every file of the corpus: its path, its lines, and whether each holds a secret."""
    for corpus in sorted(HERE.glob("*.txt")):
        path, lines = None, []
        for line in corpus.read_text().splitlines():
            if line.startswith("@ "):
                if path:
                    yield corpus.stem, path, lines
                path, lines = line[2:], []
            elif path:
                clean = line.replace("¦", "").replace("⟦", "").replace("⟧", "")
                lines.append((clean, "⟦" in line))
        yield corpus.stem, path, lines


def main():
    secret = reported = both = 0
    with tempfile.TemporaryDirectory() as folder, default_settings():
        for number, (corpus, path, lines) in enumerate(labelled()):
            file = pathlib.Path(folder, str(number), path)
            file.parent.mkdir(parents=True)
            file.write_text("".join(line + "\n" for line, _ in lines))
            found = SecretsCollection()
            found.scan_file(str(file))
            numbers = {finding.line_number for _, finding in found}
            expected = {at for at, (_, has) in enumerate(lines, 1) if has}
            secret += len(expected)
            reported += len(numbers)
            both += len(numbers & expected)
    print(f"{secret} lines with a secret, {reported} with a finding, {both} with both")
    print(f"recall {both / secret:.3f}, precision {both / reported:.3f}")


main()
