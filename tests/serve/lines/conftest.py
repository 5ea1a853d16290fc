"""The engine runs on uvloop in the program, and on asyncio's own loop where uvloop is missing."""

import asyncio

import uvloop


def pytest_asyncio_loop_factories(config, item):
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
