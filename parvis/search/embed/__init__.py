"""Meaning: what turns texts into vectors."""
