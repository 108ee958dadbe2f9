"""Lengths in other units."""

import sys

from tabulate import tabulate

UNITS = {"inch": 0.0254, "foot": 0.3048, "mile": 1609.344}


def table(metres):
    """The length in every unit, as a table."""
    return tabulate([(unit, metres / size) for unit, size in UNITS.items()], headers=["unit", "length"])


def main():
    print(table(float(sys.argv[1])))
