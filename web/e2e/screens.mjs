/** Every screen of the client, one after the other: what must hold on all of them is looked at in each. */

import { arrive, go, jmap, waiting } from './harness.mjs';

/** Before anybody is signed in. */
export async function outside(page, look) {
  await page.waitForSelector('input[name="username"]');
  await look('sign-in');
  await page.press('input[name="password"]', 'Enter');
  await page.getByRole('alert').waitFor();
  await look('sign-in-error');
}

/** Signed in as somebody who reads French, the inbox open. Leaves nothing behind. */
export async function inside(page, look) {
  await look('list');
  await list(page, look);
  await conversation(page, look);
  await handling(page, look);
  await deceived(page, look);
  await deleted(page, look);
  await composer(page, look);
  await search(page, look);
  await assistant(page, look);
  await chat(page, look);
  await calendar(page, look);
  await contacts(page, look);
  await tasks(page, look);
  await spaces(page, look);
  await files(page, look);
  await settings(page, look);
  await filters(page, look);
}

/** Files: as a list and as a grid, one that is open and what is known of it, whom it is shared with, what went outside. */
async function files(page, look) {
  const name = `Avis ${Date.now() % 10_000}.txt`;
  await go(page, '/files');
  await page.getByRole('heading', { name: 'Mes fichiers' }).waitFor();
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('c')]);
  await chooser.setFiles({ name, mimeType: 'text/plain', buffer: Buffer.from('Le quai est ouvert.') });
  const row = page.locator('.files [role="option"]', { hasText: name });
  await row.waitFor();
  await look('files');
  await page.keyboard.press('Shift+G');
  await look('files-grid');
  await page.keyboard.press('Shift+G');
  await row.click();
  await page.getByText('Le quai est ouvert.').waitFor();
  await look('file');
  await page.keyboard.press('i');
  await page.getByRole('heading', { name: 'Commentaires' }).waitFor();
  await look('file-details');
  await opens(page, 'Shift+S', 'dialog');
  await page.getByRole('button', { name: 'Créer un lien' }).waitFor();
  await look('file-share');
  await away(page);
  await page.keyboard.press('#');
  await row.waitFor({ state: 'detached' });
  await go(page, '/files/transfers');
  await page.getByRole('button', { name: 'Envoyer des fichiers' }).click();
  await page.getByRole('textbox', { name: 'Adresses e-mail' }).waitFor();
  await look('files-send');
  await away(page);
  await look('files-transfers');
}

/** The chat: a room, one of its topics, its people, what can be done, an invitation, and what is asked for a new room. */
export async function chat(page, look) {
  await go(page, '/chat');
  const list = page.getByRole('navigation', { name: 'Conversations' });
  await list.getByRole('link').first().waitFor();
  await look('chat-list');
  await list.getByRole('link', { name: /Visite de la délégation/ }).click();
  await page.getByRole('log').getByRole('article').last().waitFor();
  await look('chat-room');
  await page.getByRole('log').getByRole('article').last().focus();
  await look('chat-message');
  await page.getByRole('button', { name: 'Actions du salon' }).click();
  await page.getByRole('menu').waitFor();
  await look('chat-menu');
  await away(page);
  for (const side of ['topics', 'people', 'search', 'pins']) {
    await go(page, `${new URL(page.url()).pathname}?side=${side}`);
    await page.locator('.beside header').waitFor();
    await look(`chat-${side}`);
  }
  await go(page, `${new URL(page.url()).pathname}?side=topics`);
  await page.locator('.beside li a').first().click();
  await page.getByRole('log', { name: 'Sujet' }).getByRole('article').last().waitFor();
  await look('chat-topic');
  await go(page, '/chat');
  await list.getByRole('link', { name: /Arbitrages/ }).click();
  await page.getByRole('button', { name: 'Accepter' }).waitFor();
  await look('chat-invitation');
  for (const [name, field] of [['Nouveau salon', 'Nom'], ['Nouvelle conversation', 'Avec qui'], ['Salons à rejoindre', 'Trouver un salon']]) {
    await go(page, '/chat');
    await page.getByRole('button', { name: 'Nouvelle conversation ou nouveau salon' }).click();
    await page.getByRole('menuitem', { name: new RegExp(`^${name}`) }).click();
    await page.getByRole('dialog').getByLabel(field).first().waitFor();
    await look(`chat-${field}`);
    await away(page);
  }
}

/** The calendar in all its forms, with an event of each kind. */
async function calendar(page, look) {
  const name = `Atelier ${Date.now() % 10_000}`;
  await go(page, '/calendar/week');
  await page.locator('[data-column]').first().waitFor();
  await opens(page, 'c', 'dialog');
  await page.getByRole('textbox', { name: 'Quoi, quand et où' }).fill(`${name} aujourd’hui 9h-11h à Salle 204`);
  await look('calendar-new');
  await page.getByRole('button', { name: 'Plus d’options' }).click();
  await page.getByRole('textbox', { name: 'Titre' }).waitFor();
  await page.getByRole('combobox', { name: 'Répétition' }).selectOption('own');
  await look('calendar-editor');
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  await page.locator('[data-key]', { hasText: name }).first().waitFor();
  for (const form of ['week', 'month', 'agenda', 'day']) {
    await go(page, `/calendar/${form}`);
    await page.locator('[data-key]:visible', form === 'month' ? {} : { hasText: name }).first().waitFor(); // a month does not show all of a full day
    await look(`calendar-${form}`);
  }
  await page.locator('[data-key]', { hasText: name }).first().click();
  await page.getByRole('dialog', { name }).waitFor();
  await look('calendar-card');
  await page.getByRole('button', { name: 'Supprimer l’événement' }).click();
  await page.getByRole('radio', { name: 'Tous les événements de la série' }).check();
  await look('calendar-series');
  await page.getByRole('button', { name: 'Supprimer', exact: true }).click();
  await page.locator('[data-key]', { hasText: name }).first().waitFor({ state: 'detached' });
  await go(page, '/calendar/search?q=atelier');
  await page.getByRole('searchbox', { name: 'Mots, personnes, lieux' }).waitFor();
  await look('calendar-search');
}

/** Contacts: all, one, its editor, what is there twice. */
export async function contacts(page, look) {
  await go(page, '/contacts');
  await page.locator('.contacts [role="option"]').first().waitFor();
  await look('contacts');
  await page.locator('.contacts [role="option"]').first().click();
  await page.getByRole('article').waitFor();
  await look('contacts-card');
  await page.keyboard.press('c');
  await page.getByRole('textbox', { name: 'Prénom' }).waitFor();
  await page.getByRole('button', { name: 'Plus de noms' }).click();
  await page.getByRole('button', { name: 'Ajouter une adresse' }).click();
  await look('contacts-editor');
  await page.keyboard.press('Escape');
  await go(page, '/contacts/duplicates');
  await page.getByRole('heading', { name: 'Doublons' }).waitFor();
  await look('contacts-duplicates');
}

/** Tasks: one's own, one of them, a board. */
export async function tasks(page, look) {
  await go(page, '/tasks');
  await page.locator('.tasks [role="option"]').first().waitFor();
  await page.getByRole('textbox', { name: 'Nouvelle tâche' }).fill('Repeindre la capitainerie demain à 9h #travaux !1');
  await page.locator('.said', { hasText: 'travaux' }).waitFor();
  await look('tasks');
  await page.getByRole('textbox', { name: 'Nouvelle tâche' }).fill('');
  await page.locator('.tasks [role="option"]').first().click();
  await page.getByRole('textbox', { name: 'Nom' }).waitFor();
  await look('tasks-one');
  const [{ list }] = await jmap(page, [['TaskList/get', { ids: null }]]);
  await go(page, `/tasks/l/${list[0].id}`);
  await page.getByRole('tab', { name: 'Tableau' }).click();
  await page.locator('[data-task]').first().waitFor();
  await look('tasks-board');
  await page.getByRole('button', { name: /^Actions pour la colonne/ }).first().click();
  await page.getByRole('menuitem', { name: 'Renommer' }).click();
  await page.getByRole('dialog').waitFor();
  await look('tasks-column');
  await away(page);
}

/** Spaces: one with what is new in it, its members, a new one. */
async function spaces(page, look) {
  await go(page, '/spaces');
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.getByRole('main').locator('time').first().waitFor();
  await look('spaces');
  await page.getByRole('button', { name: /^Membres/ }).click();
  await page.getByRole('dialog').getByRole('listitem').first().waitFor();
  await look('spaces-members');
  await away(page);
}

/** Closes what is open over the page. */
async function away(page) {
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.querySelector('dialog:modal, [popover="auto"]:popover-open'));
}

/** Presses a key until what it opens is there: keys wait for what was closed just before. */
async function opens(page, key, role) {
  for (let tries = 0; tries < 10; tries += 1) {
    await page.keyboard.press(key);
    const shown = await page.getByRole(role).waitFor({ timeout: 2000 }).then(() => true, () => false);
    if (shown) return;
  }
  throw new Error(`${key} opens no ${role}`);
}

async function list(page, look) {
  await page.keyboard.press('x');
  await look('chosen');
  await opens(page, 'v', 'combobox');
  await look('move');
  await away(page);
  await page.keyboard.press('x');
  await opens(page, 'Control+k', 'combobox');
  await look('palette');
  await away(page);
  await opens(page, '?', 'dialog');
  await look('help');
  await away(page);
  await page.locator('.me').click();
  await page.getByRole('menu').waitFor();
  await look('account-menu');
  await away(page);
}

async function conversation(page, look) {
  await page.locator('[role="option"]').nth(2).click();
  await page.locator('article .body').first().waitFor();
  await look('conversation');
  await page.locator('button.to').last().click();
  await look('details');
  await page.getByRole('button', { name: 'Résumer' }).click();
  await page.locator('.summary .source').first().waitFor({ timeout: 60_000 });
  await page.waitForFunction(() => document.querySelector('.summary .answer')?.getAttribute('aria-busy') === 'false');
  await page.locator('.summary .source').first().click();
  await look('summary');
  await page.keyboard.press('u');
  await preview(page, look);
}

/** An invitation, shown as an event. */
async function preview(page, look) {
  await page.goto('/mail/inbox?f=file');
  await page.locator('[role="option"]').first().click();
  await page.locator('article .body').first().waitFor();
  await page.locator('.unfold').first().click();
  await page.locator('button.file', { hasText: '.ics' }).first().click();
  await page.locator('dialog[open] dl').waitFor();
  await look('preview');
  await away(page);
  await go(page, '/mail/inbox');
  await page.waitForSelector('[role="option"]');
}

/** A sender who is not proved, leaving a list, snoozing, the colour of a label, everything chosen. */
async function handling(page, look) {
  const server = await page.evaluate(async () => {
    const session = await (await fetch('/.well-known/jmap')).json();
    return Object.values(session.accounts)[0].accountCapabilities['urn:parvis:mail'].authservId;
  });
  const letter = (subject, result) => `From: La Boutique du Port <info@boutique.example>\nTo: moi@valmont.example\nSubject: ${subject}\nAuthentication-Results: ${server}; dmarc=${result} header.from=boutique.example\nList-Unsubscribe: <mailto:off@boutique.example>, <https://boutique.example/off>\n\nBonjour, voici nos offres.\n`;
  const ids = await arrive(page, [letter('Votre compte sera fermé', 'fail'), letter('Nos offres du mois', 'none')]);
  await go(page, '/mail/inbox');
  await page.locator('[role="option"]', { hasText: 'Nos offres du mois' }).click();
  await page.getByRole('note').waitFor();
  await look('sender-unproved');
  await page.getByRole('button', { name: 'Se désabonner' }).click();
  await page.getByRole('dialog').waitFor();
  await look('unsubscribe');
  await page.getByRole('dialog').getByRole('button', { name: 'Se désabonner' }).click();
  await page.getByRole('link', { name: 'Ouvrir boutique.example' }).waitFor();
  await look('unsubscribe-by-hand');
  await away(page);
  await go(page, '/mail/inbox');
  await page.locator('[role="option"]', { hasText: 'Votre compte sera fermé' }).click();
  await page.getByRole('note').waitFor();
  await look('sender-failed');
  await opens(page, 'l', 'combobox');
  await page.getByRole('combobox').fill('Boutiques');
  await page.keyboard.press('Enter');
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
  await opens(page, 'h', 'dialog');
  await look('snooze');
  await page.getByRole('button', { name: /^Demain/ }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await waiting(page);
  await go(page, '/mail/snoozed');
  await page.locator('[role="option"] .waits').first().waitFor();
  await look('snoozed');
  await go(page, '/mail/label:_42outiques');
  await page.locator('[role="option"]').first().waitFor();
  await page.locator('section.list').getByRole('button', { name: 'Plus' }).click();
  await page.getByRole('menuitem', { name: 'Couleur de l’étiquette' }).click();
  await page.getByRole('radio').first().waitFor();
  await look('label-colour');
  await away(page);
  await jmap(page, [['Email/set', { destroy: ids }]]);
  await page.evaluate(() => localStorage.removeItem('parvis-labels'));
  await page.goto('/mail/archive');
  await page.waitForSelector('[role="option"]');
  await page.keyboard.press('Control+Shift+A');
  await look('everything');
  await page.keyboard.press('Escape');
  await go(page, '/mail/inbox');
  await page.waitForSelector('[role="option"]');
}

async function composer(page, look) {
  await page.keyboard.press('c');
  await page.locator('.prose').waitFor();
  await page.fill('.subject', 'Accessibilité');
  await page.getByRole('button', { name: 'Cc/Cci' }).click();
  await page.setInputFiles('input[type=file]', { name: 'Compte rendu du comité de pilotage.txt', mimeType: 'text/plain', buffer: Buffer.from('Ordre du jour') });
  await page.locator('.files .size').waitFor();
  await look('composer');
  await page.getByRole('button', { name: 'Programmer l’envoi' }).click();
  await page.getByRole('menu').waitFor();
  await look('later');
  await away(page);
  await page.getByRole('button', { name: 'Modèles' }).click();
  await page.getByRole('menu').waitFor();
  await look('templates');
  await away(page);
  await page.getByRole('button', { name: 'Supprimer le brouillon' }).click();
  await page.locator('.prose').waitFor({ state: 'detached' });
  await look('notice');
}

async function search(page, look) {
  await go(page, '/search');
  await page.getByRole('heading', { name: 'Ce que vous pouvez demander' }).waitFor();
  await look('search-start');
  await go(page, '/search?q=budjet');
  await page.locator('[data-row]').first().waitFor();
  await look('search');
  await page.locator('[data-row][data-kind="Email"]').first().click();
  await page.locator('article .body').first().waitFor();
  await look('search-open');
}

async function assistant(page, look) {
  await go(page, '/mail/inbox');
  await page.waitForSelector('[role="option"]');
  await page.keyboard.press('Control+j');
  await page.locator('aside textarea').fill('À quelle heure arrive la délégation à la gare ?');
  await look('assistant');
  await page.keyboard.press('Enter');
  await page.locator('.sources .source').first().waitFor({ timeout: 60_000 });
  await page.waitForFunction(() => document.querySelector('.answer')?.getAttribute('aria-busy') === 'false');
  await page.locator('.sources .source').first().click();
  await look('assistant-answer');
  await page.keyboard.press('Control+j');
}

async function settings(page, look) {
  await go(page, '/settings');
  for (const part of ['appearance', 'keys', 'notifications', 'mail', 'calendar', 'chat', 'sharing', 'security', 'assistant', 'about']) {
    await go(page, `/settings/${part}`);
    await page.locator('section[aria-labelledby="settings-part"] h2').first().waitFor();
    await look(`settings-${part}`);
  }
}

/** The settings of encryption, of somebody whose keys no other test makes: the first device is confirmed, the others are not; what is asked of each. */
export async function encryption(page, look) {
  await go(page, '/settings/encryption');
  const state = page.getByText(/^Cet appareil (est confirmé|n’est pas confirmé)/);
  await state.waitFor();
  await page.getByRole('listitem').filter({ hasText: 'Cet appareil' }).waitFor();
  await look('settings-encryption');
  const whole = (await state.textContent()).includes('est confirmé');
  await page.getByRole('button', { name: whole ? 'Créer une clé de secours' : 'Recommencer sans les anciennes clés' }).click();
  await page.getByRole('dialog').waitFor();
  await look(whole ? 'settings-encryption-make' : 'settings-encryption-replace');
  await away(page);
}

const RULES = [
  { name: 'Lettre du port', conditions: [{ subject: 'header', header: 'List-Id', value: 'lettre.port.example' }], actions: [{ kind: 'fileinto', value: 'Archive' }, { kind: 'markread' }] },
  { name: 'Délégation', match: 'any', enabled: false, conditions: [{ subject: 'from', value: 'songhan.example' }, { subject: 'subject', value: 'délégation', negated: true }, { subject: 'size', comparison: 'over', size: 5_000_000 }], actions: [{ kind: 'flag', value: 'label:projet' }, { kind: 'forward', value: 'accueil@valmont.example' }, { kind: 'stop' }] },
];

/** The filters: none, some, one of them, what they would do, a script of one's own, why a message is where it is. */
export async function filters(page, look) {
  const use = async (blobId) => jmap(page, [['SieveScript/set', { create: { s: { name: blobId.slice(0, 9), blobId } }, onSuccessActivateScript: '#s' }]]);
  await go(page, '/settings/filters');
  await page.getByRole('link', { name: 'Nouveau filtre' }).waitFor();
  await look('filters-none');
  const [{ blobId }] = await jmap(page, [['Filter/script', { rules: RULES }]]);
  await use(blobId);
  await page.reload();
  await page.getByRole('switch').first().waitFor();
  await look('filters');
  await page.getByRole('button', { name: 'Actions pour Délégation' }).click();
  await page.getByRole('menu').waitFor();
  await look('filters-menu');
  await away(page);
  await page.getByRole('button', { name: 'Tous les appliquer' }).click();
  await page.getByText(/ne changerait|changeraient/).waitFor();
  await look('filters-apply');
  await away(page);
  await go(page, '/settings/filters/2');
  await page.getByRole('textbox', { name: 'Nom' }).waitFor();
  await look('filters-rule');
  await go(page, '/settings/filters/new');
  await page.getByRole('button', { name: 'Enregistrer', exact: true }).click();
  await page.getByText('Choisissez un dossier.').waitFor();
  await look('filters-faults');
  const [{ created }] = await jmap(page, [['Blob/upload', { create: { b: { data: [{ 'data:asText': '# à moi\nkeep;\n' }], type: 'application/sieve' } } }]]);
  await use(created.b.id);
  await page.goto('/settings/filters');
  await page.getByRole('textbox', { name: 'Texte du script' }).fill('# à moi\nfoo;\nkeep;\n');
  await page.getByRole('button', { name: 'Ligne 2' }).waitFor();
  await look('filters-script');
  const [{ list }] = await jmap(page, [['SieveScript/get', { ids: null }]]);
  await jmap(page, [['SieveScript/set', { onSuccessDeactivateScript: true }], ['SieveScript/set', { destroy: list.map((one) => one.id) }]]);
  await go(page, '/mail/inbox');
  await page.locator('[role="option"]').first().click();
  await page.getByRole('button', { name: 'Autres actions pour ce message' }).last().click();
  await page.getByRole('menuitem', { name: 'Pourquoi est-il ici' }).click();
  await page.getByRole('dialog').getByText(/Aucun filtre|parce que/).waitFor();
  await look('filters-why');
  await away(page);
}

async function deceived(page, look) {
  const domain = await page.evaluate(async () => Object.values((await (await fetch('/.well-known/jmap')).json()).accounts)[0].name.split('@')[1]);
  const like = new URL(`http://${domain.replace('a', 'á')}`).hostname;
  const ids = await arrive(page, [`From: La Direction <direction@${like}>\nTo: moi@${domain}\nReply-To: caisse@ailleurs.example\nSubject: Virement à faire\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n<p>Réglez sur <a href="https://voleur.example/">www.${domain}</a>.</p>\n`]);
  await go(page, '/mail/inbox');
  await page.locator('[role="option"]', { hasText: 'Virement à faire' }).click();
  await page.getByRole('note').getByRole('button', { name: /autres? remarques?/ }).click();
  await look('warning');
  await page.frameLocator('article iframe').getByRole('link').click();
  await page.getByRole('dialog').waitFor();
  await look('link-asked');
  await away(page);
  await jmap(page, [['Email/set', { destroy: ids }]]);
}

async function deleted(page, look) {
  await go(page, '/deleted');
  await page.locator('[role="option"]').first().click();
  await page.locator('article h1').waitFor();
  await look('vault');
  await go(page, '/mail/inbox');
  await page.waitForSelector('[role="option"]');
}
