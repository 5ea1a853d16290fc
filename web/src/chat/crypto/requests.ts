/** What the library asks of the server, as paths of Matrix (Matrix v1.19 Client-Server §End-to-End Encryption). */
import { RequestType, type OutgoingRequest } from '@matrix-org/matrix-sdk-crypto-wasm';
import { ask, room } from '../matrix';

/** Any of the library's requests; each has only what it needs. */
export interface Request {
  id?: string | undefined;
  type: RequestType;
  body: string;
  event_type?: string;
  txn_id?: string;
  room_id?: string;
  version?: string;
}

const client = (...more: string[]) => ['client', 'v3', ...more];

/** Where a request goes. */
export function placeOf(request: Request): { method: 'POST' | 'PUT'; parts: string[]; query?: Record<string, string> } {
  const { event_type: type = '', txn_id: txn = '', room_id: id = '', version = '' } = request;
  switch (request.type) {
    case RequestType.KeysUpload:
      return { method: 'POST', parts: client('keys', 'upload') };
    case RequestType.KeysQuery:
      return { method: 'POST', parts: client('keys', 'query') };
    case RequestType.KeysClaim:
      return { method: 'POST', parts: client('keys', 'claim') };
    case RequestType.SignatureUpload:
      return { method: 'POST', parts: client('keys', 'signatures', 'upload') };
    case RequestType.ToDevice:
      return { method: 'PUT', parts: client('sendToDevice', type, txn) };
    case RequestType.KeysBackup:
      return { method: 'PUT', parts: client('room_keys', 'keys'), query: { version } };
    default:
      return { method: 'PUT', parts: room(id, 'send', type, txn) };
  }
}

/** Sends one; answers with what the server says, as the library reads it. Throws MatrixError. */
export async function send(request: Request): Promise<string> {
  const { method, parts, query = {} } = placeOf(request);
  return JSON.stringify(await ask(method, parts, { query, body: new Blob([request.body], { type: 'application/json' }) }));
}

export type { OutgoingRequest };
