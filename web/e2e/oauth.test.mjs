/** A program of others that follows OAuth to the letter signs in: by the browser, and as a device without one. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import * as oauth from 'openid-client';
import { accessible, demo, enter, eventually, launch, open, person, shot } from './harness.mjs';

const WHO = person('fr', 1);
let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const scope = (device) => `urn:matrix:client:api:* urn:matrix:client:device:${device}`;
const whoami = (token) => fetch(`${demo.url}/_matrix/client/v3/account/whoami`, { headers: { authorization: `Bearer ${token}` } }).then((answer) => answer.json());

/** The program, registered with the server as it describes itself. */
function registered(more) {
  const metadata = {
    client_name: 'Bavard', client_uri: 'https://bavard.example/', application_type: 'native', redirect_uris: ['http://127.0.0.1/fini'],
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'], token_endpoint_auth_method: 'none', ...more,
  };
  return oauth.dynamicClientRegistration(new URL(`${demo.url}/`), metadata, oauth.None(), { algorithm: 'oauth2', execute: [oauth.allowInsecureRequests] });
}

test('a program opens the browser, is let in, renews its token and signs out', async () => {
  const config = await registered();
  const listener = createServer((_, answer) => answer.end('Merci')).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const redirect_uri = `http://127.0.0.1:${listener.address().port}/fini`;
  const pkceCodeVerifier = oauth.randomPKCECodeVerifier(), expectedState = oauth.randomState();
  const asked = oauth.buildAuthorizationUrl(config, {
    redirect_uri, scope: scope('BAVARD00001'), state: expectedState,
    code_challenge: await oauth.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: 'S256',
  });
  const page = await open(browser, { locale: 'fr-FR' });
  await page.goto(asked.href);
  await page.getByText('Bavard (bavard.example) demande à lire et à envoyer vos messages du chat.').waitFor();
  await accessible(page, 'oauth');
  await page.getByLabel('Adresse').fill(WHO.address);
  await page.getByLabel('Mot de passe').fill(WHO.password);
  const back = once(listener, 'request');
  await page.getByRole('button', { name: 'Se connecter et autoriser' }).click();
  const [request] = await back;
  const tokens = await oauth.authorizationCodeGrant(config, new URL(request.url, redirect_uri), { pkceCodeVerifier, expectedState });
  assert.equal((await whoami(tokens.access_token)).device_id, 'BAVARD00001');
  const renewed = await oauth.refreshTokenGrant(config, tokens.refresh_token);
  assert.equal((await whoami(renewed.access_token)).device_id, 'BAVARD00001');
  await oauth.tokenRevocation(config, renewed.refresh_token);
  assert.equal((await whoami(renewed.access_token)).errcode, 'M_UNKNOWN_TOKEN');
  listener.close();
  listener.closeAllConnections();
  await page.context().close();
});

test('who is signed in already says yes with one press, to a device without a browser as well', async () => {
  const config = await registered({ client_name: 'Télé' });
  const page = await enter(browser, WHO);
  const told = await oauth.initiateDeviceAuthorization(config, { scope: scope('TELE0000001') });
  const tokens = oauth.pollDeviceAuthorizationGrant(config, told);
  await page.goto(new URL(told.verification_uri).pathname);
  await page.getByLabel('Code').fill(told.user_code.toLowerCase());
  await accessible(page, 'oauth-code');
  await page.getByRole('button', { name: 'Continuer' }).click();
  await page.getByText(`Vous êtes ${WHO.name}`).waitFor();
  await page.getByRole('button', { name: 'Autoriser' }).click();
  await page.getByText('C’est fait.').waitFor();
  await shot(page, 'oauth-done');
  const { access_token } = await tokens;
  assert.equal((await whoami(access_token)).device_id, 'TELE0000001');
  await page.goto('/settings/security');
  await page.getByText('Télé', { exact: true }).first().waitFor(); // it is among the sign-ins, and ends there
  await eventually(async () => assert.ok(await page.getByText('Télé', { exact: true }).count()));
  await page.context().close();
});
