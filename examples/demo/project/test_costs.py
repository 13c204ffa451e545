from decimal import Decimal

from costs import monthly_total

total = monthly_total([Decimal("33.335")] * 30)
assert total == Decimal("1000.05"), f"30 days at 33.335 cost 1000.05, not {total}"
print("ok: 30 days at 33.335 cost 1000.05")
