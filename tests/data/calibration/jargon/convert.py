"""Make jargon/docs from the Debian package jargon-text: `python convert.py jargon.txt.gz DIRECTORY`.

Chapters 4 and 6 to 10 and appendix B of the Jargon File 4.4.7, one Markdown file each. The text is unchanged
but for the indentation, the marks of headings and the frame of a table.
"""

import gzip
import re
import sys
from pathlib import Path

WANTED = ("Chapter 4.", "Chapter 6.", "Chapter 7.", "Chapter 8.", "Chapter 9.", "Chapter 10.", "Appendix B.")
OPENING = re.compile(r"(?:Chapter|Appendix) \w+\. ")
CONTENTS = "Table of Contents"


def convert(text: str, directory: Path) -> None:
    text = text.replace("\u00a0", " ")
    chapters = re.split(r"(?m)^(?=(?:Chapter|Appendix) \w+\. )", text)
    for chapter in chapters:
        if chapter.startswith(WANTED):
            title, *lines = chapter.splitlines()
            title = OPENING.sub("", title)
            name = re.sub(r"\W+", "-", title.lower()).strip("-")
            (directory / f"{name}.md").write_text(_markdown(title, lines), encoding="utf-8")


def _markdown(title: str, lines: list[str]) -> str:
    headings: set[str] = set()
    if CONTENTS in (line.strip() for line in lines[:4]):
        start = next(i for i, line in enumerate(lines) if line.strip() == CONTENTS) + 1
        while (lines[start].startswith("   ") and len(lines[start]) < 45) or not lines[start].strip():
            headings.add(lines[start].strip())
            start += 1
        lines = lines[start:]
    out = [f"# {title}", ""]
    for line in lines:
        plain = line.strip()
        if plain in headings - {""} and not line.startswith("    "):
            out += [f"## {plain}"]
        elif not re.match(r"[═┌├└]", plain):
            out.append(line.removeprefix("   "))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip() + "\n"


if __name__ == "__main__":
    convert(gzip.decompress(Path(sys.argv[1]).read_bytes()).decode(), Path(sys.argv[2]))
