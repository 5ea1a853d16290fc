/** A site of somebody else on this machine, over TLS. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Starts it: `answer` answers a request, as for node:https. Gives its host with the port, the file with its certificate, what it
 * has heard so far (a bare connection too), and what ends it.
 */
export async function site(answer) {
  const folder = mkdtempSync(join(tmpdir(), 'parvis-site-'));
  const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => join(folder, name));
  const more = ['subjectAltName=IP:127.0.0.1,DNS:localhost', 'keyUsage=critical,digitalSignature,keyCertSign'].flatMap((one) => ['-addext', one]);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', ...more, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  const heard = [];
  const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (request, response) => {
    heard.push(request.url);
    answer(request, response);
  });
  server.on('connection', () => heard.push('a connection'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  };
  return { host: `localhost:${server.address().port}`, port: server.address().port, certificate, heard, close };
}
