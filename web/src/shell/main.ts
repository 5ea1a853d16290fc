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
import App from './App.svelte';
import { registerFeatures } from './features';
import { keepOffline, tellOfMissingParts } from './offline';

const person = signedIn.find();
await preferences.begin();
registerFeatures();
router.start();
panel.begin();
listenToKeys();
keepFocus();
await person;
mount(App, { target: document.getElementById('app')! });
keepOffline();
tellOfMissingParts();
