"""Widgets that know no experiment."""
