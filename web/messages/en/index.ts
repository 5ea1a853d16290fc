import type admin from './admin.json';
import type assistant from './assistant.json';
import type calendar from './calendar.json';
import type chat from './chat.json';
import type compose from './compose.json';
import type contacts from './contacts.json';
import type crypto from './crypto.json';
import type files from './files.json';
import type filters from './filters.json';
import type lists from './lists.json';
import mail from './mail.json';
import type queue from './queue.json';
import type search from './search.json';
import type settings from './settings.json';
import type sharing from './sharing.json';
import shell from './shell.json';
import type spaces from './spaces.json';
import start from './start.json';
import type tasks from './tasks.json';
import ui from './ui.json';
import type vault from './vault.json';
import type warnings from './warnings.json';

/**
 * One file a feature; a new feature adds its line, in each language: to the words of the first load, or to those
 * that come with its chunk (`withWords`). What it shows before it is opened (its name, its commands) is in start.json.
 */
export default { ...ui, ...shell, ...start, ...mail };

export const later = {
  admin: () => import('./admin.json'),
  assistant: () => import('./assistant.json'),
  calendar: () => import('./calendar.json'),
  chat: () => import('./chat.json'),
  compose: () => import('./compose.json'),
  contacts: () => import('./contacts.json'),
  crypto: () => import('./crypto.json'),
  files: () => import('./files.json'),
  filters: () => import('./filters.json'),
  lists: () => import('./lists.json'),
  push: () => import('./push.json'),
  queue: () => import('./queue.json'),
  search: () => import('./search.json'),
  settings: () => import('./settings.json'),
  sharing: () => import('./sharing.json'),
  tasks: () => import('./tasks.json'),
  spaces: () => import('./spaces.json'),
  vault: () => import('./vault.json'),
  warnings: () => import('./warnings.json'),
};

export type Messages = typeof ui & typeof shell & typeof start & typeof mail & typeof admin & typeof assistant & typeof compose & typeof filters & typeof lists & typeof queue & typeof search & typeof settings & typeof sharing & typeof vault & typeof warnings & typeof files & typeof contacts & typeof calendar & typeof tasks & typeof spaces & typeof chat & typeof crypto;
