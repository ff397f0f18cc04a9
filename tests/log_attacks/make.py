"""Makes the attacks' folders again: `python -m tests.log_attacks.make`, from the project's root."""

import json
import shutil
import sys
from pathlib import Path

from tests.log_attacks.attacks import ATTACKS

HERE = Path(__file__).parent


def make(target: Path) -> None:
    """Two folders for each attack: `NAME_fail` and its honest twin `NAME_ok`."""
    for attack in ATTACKS:
        for bad in (True, False):
            folder = target / f"{attack.name}_{'fail' if bad else 'ok'}"
            case = attack.base(folder)
            attack.do(case, bad)
            expected = {"exit": attack.exit if bad else 0, "code": attack.code if bad else None}
            told = json.dumps(expected | {"options": case.options}, indent=1)
            (folder / "expected.json").write_text(told + "\n")


def main() -> None:
    for old in [*HERE.glob("*_fail"), *HERE.glob("*_ok")]:
        shutil.rmtree(old)
    make(HERE)
    print(f"{len(ATTACKS)} attacks and as many honest twins", file=sys.stderr)


if __name__ == "__main__":
    main()
