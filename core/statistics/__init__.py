"""Rates, intervals, tests and tables from measured outcomes. Uses numpy and pandas only."""
