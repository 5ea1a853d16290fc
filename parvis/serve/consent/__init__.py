"""Letting a program in: the question in the browser, and who answers it."""
