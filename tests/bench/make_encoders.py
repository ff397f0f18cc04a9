"""Makes verify/metadata/data/encoders.json, numbers only, from folders of pictures.

    python -m tests.bench.make_encoders FOLDER… > verify/metadata/data/encoders.json

A file counts for its camera where nothing in it names an editor, and for a program where one is named.
"""

import json
import sys
from pathlib import Path

from verify import image, metadata
from verify.metadata import encoders


def readings(folders: list[str]):
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            if path.suffix.lower() in {".jpg", ".jpeg"}:
                yield metadata.read(image.open(path))


if __name__ == "__main__":
    print(json.dumps(encoders.build(readings(sys.argv[1:])).to_json(), separators=(",", ":"), sort_keys=True))
