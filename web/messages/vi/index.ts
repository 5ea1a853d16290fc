import mail from './mail.json';
import shell from './shell.json';
import start from './start.json';
import ui from './ui.json';

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
