"""Previews: what a file looks like, made where a hostile file can do no harm."""
