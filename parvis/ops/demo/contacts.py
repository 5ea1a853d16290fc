"""The contacts of people of the demo: the cards of scenario/NAME.vcf, each once."""

from collections.abc import Mapping

from parvis.access.principal import Principal
from parvis.contacts import transfer
from parvis.ops.demo.scenario import FOLDER
from parvis.store.store import Store


async def write(store: Store, principals: Mapping[str, Principal]) -> int:
    """Puts the cards into the address books of their owners; those that are there stay. Returns how many came."""
    new = 0
    for path in sorted(FOLDER.glob("*.vcf")):
        owner = principals[path.stem]
        done = await transfer.take_in(store, owner, owner.id, None, transfer.read(path.read_bytes()))
        new += len(done.created)
    return new
