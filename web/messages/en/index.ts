import assistant from './assistant.json';
import compose from './compose.json';
import mail from './mail.json';
import search from './search.json';
import settings from './settings.json';
import shell from './shell.json';
import ui from './ui.json';

/** One file a feature; a new feature adds its import and its line, in each language. */
const messages = { ...ui, ...shell, ...mail, ...compose, ...assistant, ...search, ...settings };
export type Messages = typeof messages;
export default messages;
