/// <reference lib="webworker" />
/**
 * Holds the keys of this device, once for all pages of the browser: two that wrote into one store would spoil it.
 * Where a browser has no shared workers, each page has one of its own, and they take turns.
 */
import { Machine, type News } from './machine';
import { serve, type Port } from './rpc';

const shared = self as unknown as SharedWorkerGlobalScope;
const ports = new Set<Port>();
const machine = new Machine((news: News) => ports.forEach((port) => port.postMessage({ news })));
const methods = machine as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;

function take(port: Port): void {
  ports.add(port);
  serve(port, async (name, args) => methods[name]!(...args));
}

if ('onconnect' in self) shared.onconnect = ({ ports: [port] }) => take(port!);
else take(self as unknown as Port);
