import assistant from './assistant.json';
import compose from './compose.json';
import mail from './mail.json';
import search from './search.json';
import settings from './settings.json';
import shell from './shell.json';
import ui from './ui.json';

export default { ...ui, ...shell, ...mail, ...compose, ...assistant, ...search, ...settings };
