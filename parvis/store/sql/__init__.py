"""Databases behind one small contract: SQLite and PostgreSQL."""
