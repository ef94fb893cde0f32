"""Which offer goes to whom, within budgets."""
