"""What a month costs, from what its days cost."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def monthly_total(days: list[Decimal]) -> Decimal:
    """The sum of all days, in cents."""
    return sum((day.quantize(CENT, ROUND_HALF_UP) for day in days), Decimal(0))
