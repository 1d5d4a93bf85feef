"""Sections of pages: one folder a page, and the folders that pages share."""
