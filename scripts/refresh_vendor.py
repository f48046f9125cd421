"""Fetch the browser libraries that `vendor.lock.json` names, and write what came back into the lock.

    python scripts/refresh_vendor.py            # after a change of a version or a symbol in the lock

Needs npm. The files are committed: neither a build nor a visitor ever fetches them.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "chat/static/vendor/vendor.lock.json"
SVG = "{http://www.w3.org/2000/svg}"
# Lucide draws with strokes, the providers' marks are filled shapes.
STROKED = 'fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"'
FILLED = 'fill="currentColor" fill-rule="evenodd"'
SOURCE_MAP = re.compile(rb"^//# sourceMappingURL=.*\n?", re.MULTILINE)


def main() -> None:
    lock = json.loads(LOCK.read_text())
    with tempfile.TemporaryDirectory() as folder:
        archives = {package["name"]: fetch(package, Path(folder)) for package in lock["packages"]}
        for package in lock["packages"]:
            for file in package["files"]:
                write(file, without_source_map(archives[package["name"]][file["source"]]))
        write(lock["sprite"], sprite(lock["sprite"]["symbols"], archives))
    LOCK.write_text(json.dumps(lock, indent=2) + "\n")


def fetch(package: dict[str, Any], folder: Path) -> dict[str, bytes]:
    """The files of one npm package by their path inside it; notes the archive's integrity."""
    spec = f"{package['name']}@{package['version']}"
    command = ["npm", "pack", spec, "--json", "--loglevel=error", f"--pack-destination={folder}"]
    packed = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)[0]  # noqa: S603
    package["integrity"] = packed["integrity"]
    with tarfile.open(folder / packed["filename"].replace("@", "").replace("/", "-")) as archive:
        members = [member for member in archive if member.isfile()]
        return {m.name.removeprefix("package/"): archive.extractfile(m).read() for m in members}  # type: ignore[union-attr]


def without_source_map(content: bytes) -> bytes:
    """The maps are not vendored, and collectstatic fails on a reference to a file that is not there."""
    return SOURCE_MAP.sub(b"", content)


def write(entry: dict[str, Any], content: bytes) -> None:
    path = ROOT / entry["path"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    entry["sha256"] = hashlib.sha256(content).hexdigest()


def sprite(symbols: dict[str, Any], archives: dict[str, dict[str, bytes]]) -> bytes:
    """`symbols` maps a package to its icons, and each icon to the id that templates use."""
    lines = ['<svg xmlns="http://www.w3.org/2000/svg">']
    for package, icons in symbols.items():
        style = STROKED if package == "lucide-static" else FILLED
        files = archives[package]
        lines.extend(symbol(name, files[f"icons/{icon}.svg"], style) for icon, name in icons.items())
    # A filled square: the Stop button. Lucide's own is an outline.
    square = '<rect x="5" y="5" width="14" height="14" rx="3"/>'
    lines.append(f'<symbol id="stop" viewBox="0 0 24 24" {FILLED}>{square}</symbol>')
    return "\n".join([*lines, "</svg>", ""]).encode()


def symbol(name: str, svg: bytes, style: str) -> str:
    ET.register_namespace("", SVG[1:-1])
    shapes = [shape for shape in ET.fromstring(svg) if shape.tag != f"{SVG}title"]  # noqa: S314 (a locked package)
    inner = "".join(ET.tostring(shape, encoding="unicode").strip() for shape in shapes)
    inner = inner.replace(f' xmlns="{SVG[1:-1]}"', "")
    return f'<symbol id="{name}" viewBox="0 0 24 24" {style}>{inner}</symbol>'


if __name__ == "__main__":
    main()
