"""Rooms of clients (Matrix v1.19 Client-Server §Rooms)."""
