"""Makes this folder's drawings from the npm package svg-country-flags (`npm pack svg-country-flags@1.2.10`)."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path

import PIL.Image

HERE = Path(__file__).parent
SHA512 = (  # of the package, as the registry states it
    "c6bab0a344d87ff87671f3ef1a98dd4ae4a0b946eb8b8bcd362cc19f0ce86675"
    "f4c46a373b99c624c95b604a7b34e61c9cf1819ba2c4d9ac6a0d6481f38edb2f"
)
WIDTH = 240  # pixels; bands of a flag seen 240 pixels wide are as sharp as any photograph needs
COLOURS = 64


def small(data: bytes) -> PIL.Image.Image:
    """The drawing, 240 pixels wide in at most 64 colours, its soft outer edge made hard; Nepal keeps its cut-out."""
    with PIL.Image.open(io.BytesIO(data)) as opened:
        drawing = opened.convert("RGBA")
    height = round(drawing.height * WIDTH / drawing.width)
    alpha = drawing.getchannel("A").point(lambda value: 255 if value >= 128 else 0)
    drawing.putalpha(255)
    solid = drawing.convert("RGB").resize((WIDTH, height), PIL.Image.Resampling.LANCZOS)
    if alpha.getextrema()[0] == 255:
        return solid.quantize(COLOURS, dither=PIL.Image.Dither.NONE)
    cut = solid.convert("RGBA")
    cut.putalpha(alpha.resize((WIDTH, height), PIL.Image.Resampling.NEAREST))
    return cut


def make(package: Path, folder: Path = HERE) -> list[str]:
    """Write `folder`/CODE.png and names.json from the package file; the codes written. Raises ValueError."""
    data = package.read_bytes()
    if hashlib.sha512(data).hexdigest() != SHA512:
        raise ValueError(f"{package.name}: not the file of svg-country-flags 1.2.10; expected SHA-512 {SHA512[:12]}…")
    codes = []
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in sorted(archive.getnames()):
            path = Path(member)
            if path.match("package/png1000px/*.png"):
                file = archive.extractfile(member)
                assert file is not None
                small(file.read()).save(folder / path.name, optimize=True)
                codes.append(path.stem)
        names = archive.extractfile("package/countries.json")
        assert names is not None
        named = {code.lower(): name for code, name in json.load(names).items()}
    (folder / "names.json").write_text(json.dumps(named, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    return codes


if __name__ == "__main__":
    make(Path(sys.argv[1]))
