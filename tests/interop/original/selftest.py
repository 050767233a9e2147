"""Checks this implementation of the original's wire: against captures of it, then against itself.

Usage: selftest.py FOLDER

The folder holds vectors.json, and in the folder captures one file for each captured connection, with
its keys.
"""

import os
import pathlib
import sys

sys.dont_write_bytecode = True

import wire
from selftest_captures import check_captures, check_vectors
from selftest_odd_peers import check_odd_peers
from selftest_programs import check_programs


class Checks:
    """Counts what holds and says what does not."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def equal(self, label, actual, expected):
        """Checks that two values are equal; long ones are not printed."""
        if actual == expected:
            self.passed += 1
            return
        self.failed += 1
        print(f"FAILED {label}\n  {repr(actual)[:300]}\n  {repr(expected)[:300]}", file=sys.stderr)

    def breaks_off(self, label, function, *arguments):
        """Checks that a call ends as a session that breaks off."""
        try:
            function(*arguments)
        except (wire.WireError, OSError):
            self.passed += 1
        else:
            self.equal(label, "went on", "broke off")


def main():
    """Runs all checks; the last line says how many held."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    os.umask(0o022)
    checks = Checks()
    folder = pathlib.Path(sys.argv[1])
    check_vectors(checks, folder / "vectors.json")
    check_captures(checks, folder / "captures")
    check_programs(checks)
    check_odd_peers(checks)
    print(f"{checks.passed} checks passed" + (f", {checks.failed} failed" if checks.failed else ""))
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
