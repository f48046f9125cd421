"""What browsers run is what the lock names: byte for byte, with a licence, and nothing else."""

import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "chat/static/vendor"
LOCK = json.loads((VENDOR / "vendor.lock.json").read_text())
FILES = [file for package in LOCK["packages"] for file in package["files"]] + [LOCK["sprite"]]
OUR_STATIC = [*(ROOT / "chat/static/chat").iterdir()]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["path"])
def test_a_vendored_file_has_its_locked_hash(file):
    assert hashlib.sha256((ROOT / file["path"]).read_bytes()).hexdigest() == file["sha256"]


def test_nothing_lies_in_the_vendor_folders_that_the_lock_does_not_name():
    present = {str(path.relative_to(ROOT)) for path in VENDOR.rglob("*") if path.is_file()}
    present -= {f"chat/static/vendor/{name}" for name in ("vendor.lock.json", "THIRD_PARTY.md")}
    assert present == {file["path"] for file in FILES if file["path"].startswith("chat/static/vendor/")}


def test_every_package_is_listed_with_its_version_and_licence():
    notice = (VENDOR / "THIRD_PARTY.md").read_text()
    for package in LOCK["packages"]:
        assert f"| {package['name']} | {package['version']} | {package['licence']} |" in notice


@pytest.mark.parametrize("path", OUR_STATIC, ids=lambda path: path.name)
def test_our_files_load_nothing_from_elsewhere(path):
    addresses = re.findall(r"""(?:from|import|url\(|src=|href=)\s*["']?https?://[^"')\s]+""", path.read_text())
    assert addresses == []


@pytest.mark.parametrize("path", [path for path in OUR_STATIC if path.suffix == ".js"], ids=lambda path: path.name)
def test_every_import_ends_in_the_semicolon_that_the_hashed_storage_needs(path):
    imports = re.findall(r"^(?:import|export)\s[^;]*?['\"]\./[^'\"]+['\"];?", path.read_text(), re.MULTILINE)
    assert [line for line in imports if not line.endswith(";")] == []
