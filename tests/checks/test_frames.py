"""pandas is imported when it is first used, and keeps strings as Python's whichever module uses it first."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.support.places import ROOT


def test_the_checks_and_the_scanner_get_pandas_from_one_module() -> None:
    """An import that is not at the left is for type checkers or within a function."""
    modules = [path for folder in ("checks", "scanner") for path in (ROOT / folder).rglob("*.py")]
    direct = {
        path.relative_to(ROOT).as_posix()
        for path in modules
        if re.search(r"^(import|from) pandas", path.read_text(), re.MULTILINE)
    }
    assert len(modules) > 200
    assert direct == set()


def test_the_first_use_imports_pandas_and_settles_how_strings_are_kept() -> None:
    probe = (
        "import sys\n"
        "import checks.registry\n"
        "from checks.frames import np, pd\n"
        "before = 'pandas' in sys.modules or 'numpy' in sys.modules\n"
        "print(before, hasattr(pd, '__wrapped__'), 'pandas' in sys.modules)\n"
        "print(pd.Series(['a'], dtype='string').dtype.storage, np.array([1]).sum())\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["False", "False", "False", "python", "1"]
