"""Image layouts and layers made by hand."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path


def elf(machine: int, kind: int = 2, size: int = 64) -> bytes:
    return (b"\x7fELF\x02\x01\x01" + bytes(9) + kind.to_bytes(2, "little") + machine.to_bytes(2, "little")).ljust(size, b"\0")


AMD64, ARM64 = elf(62), elf(183)


def layer(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for path, data in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


class Layout:
    """A folder of blobs, written as a builder does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "blobs" / "sha256").mkdir(parents=True)

    def blob(self, data: bytes) -> dict:
        digest = hashlib.sha256(data).hexdigest()
        (self.folder / "blobs" / "sha256" / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    def image(self, architecture: str, history: list[tuple[str, bytes | None]]) -> dict:
        """An image from the commands of its history, each with its layer, None for those that make none."""
        config = {
            "architecture": architecture,
            "os": "linux",
            "history": [{"created_by": command} | ({"empty_layer": True} if data is None else {}) for command, data in history],
        }
        layers = [self.blob(gzip.compress(data, 1)) for _, data in history if data is not None]
        manifest = {"schemaVersion": 2, "config": self.blob(json.dumps(config).encode()), "layers": layers}
        return self.blob(json.dumps(manifest).encode()) | {"platform": {"os": "linux", "architecture": architecture}}

    def write(self, *entries: dict) -> Path:
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": list(entries)}))
        return self.folder
