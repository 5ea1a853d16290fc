/** The beginning: choices of this device, who is signed in, then the app. */
import '../ui/tokens.css';
import '../ui/base.css';
import { mount } from 'svelte';
import { listenToKeys } from '../kernel/commands.svelte';
import { keepFocus } from '../kernel/focus';
import { panel } from '../kernel/panel.svelte';
import { preferences } from '../kernel/preferences.svelte';
import { router } from '../kernel/router.svelte';
import { signedIn } from '../kernel/session.svelte';
import { hurry, wake } from '../kernel/start.svelte';
import { telling } from '../kernel/telling';
import App from './App.svelte';
import { registerFeatures } from './features';
import { keepOffline, tellOfMissingParts } from './offline';

/** Not awaited at the top of this file: the words that are waited for import from the file that it is in. */
async function begin(): Promise<void> {
  const person = signedIn.find();
  hurry();
  const words = preferences.begin();
  registerFeatures();
  router.start();
  panel.begin();
  listenToKeys();
  keepFocus();
  if (await person) void wake().then(async () => telling() === 'granted' && (await import('../kernel/webpush.svelte')).webpush.begin()).catch(() => undefined); // told again next time
  await words;
  mount(App, { target: document.getElementById('app')! });
  keepOffline();
  tellOfMissingParts();
}

void begin();
