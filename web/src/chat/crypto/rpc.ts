/** Calls between pages and the worker that holds the keys: methods by name over a port, and news the other way. */
import { MatrixError } from '../matrix';

/** The code of what failed in the worker itself. */
const INTERNAL = 'internal';

export interface Port {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

interface Call {
  id: number;
  name: string;
  args: unknown[];
}
interface Answer {
  id: number;
  value?: unknown;
  failed?: { code: string; status: number; sentence: string };
}

/** Answers the calls that come by a port. */
export function serve(port: Port, methods: (name: string, args: unknown[]) => Promise<unknown>): void {
  port.onmessage = ({ data: { id, name, args } }: MessageEvent<Call>) => {
    methods(name, args).then(
      (value) => port.postMessage({ id, value } satisfies Answer),
      (error: Partial<MatrixError>) => port.postMessage({ id, failed: { code: error.code ?? INTERNAL, status: error.status ?? -1, sentence: String(error.message ?? error) } } satisfies Answer),
    );
  };
}

type Methods<T> = { [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never };

/** The methods of what is behind a port; `heard` gets its news. Calls throw MatrixError. */
export function behind<T, News>(port: Port, heard: (news: News) => void): Methods<T> {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: MatrixError) => void }>();
  let last = 0;
  port.onmessage = ({ data }: MessageEvent<Answer | { news: News }>) => {
    if ('news' in data) return heard(data.news);
    const one = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.failed) one?.reject(new MatrixError(data.failed.code, data.failed.status, data.failed.sentence));
    else one?.resolve(data.value);
  };
  return new Proxy({} as Methods<T>, {
    get: (_none, name: string) => {
      if (name === 'then') return undefined; // it is no promise
      return (...args: unknown[]) =>
        new Promise((resolve, reject) => {
          waiting.set(++last, { resolve, reject });
          port.postMessage({ id: last, name, args } satisfies Call);
        });
    },
  });
}
