/**
 * A line to a server, in a thread of its own: counts bytes and requests of everything that passes (service workers
 * too) and holds each piece back for `delay` ms one way, the first of a connection for a round trip more. The server sees
 * another address than its own, as over a network: ours compresses then.
 */
import net from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

const { port, delay, shared } = workerData;
const counts = new Int32Array(shared); // bytes, requests

function pass(from, to, count, handshake = 0) {
  let late = handshake;
  from.on('data', (piece) => {
    count(piece);
    setTimeout(() => to.write(piece), delay + late);
    late = 0;
  });
  from.on('close', () => setTimeout(() => to.destroy(), delay + 5));
  from.on('error', () => to.destroy());
}

const door = net.createServer({ noDelay: true }, (browser) => {
  const server = net.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2', noDelay: true });
  pass(browser, server, (piece) => {
    if (/^(GET|POST|PUT|DELETE) /.test(piece.toString('latin1', 0, 7))) Atomics.add(counts, 1, 1);
  }, 2 * delay);
  pass(server, browser, (piece) => Atomics.add(counts, 0, piece.length));
});
door.listen(0, '127.0.0.1', () => parentPort.postMessage(door.address().port));
