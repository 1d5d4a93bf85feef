"""The tests mirror core and pages."""
