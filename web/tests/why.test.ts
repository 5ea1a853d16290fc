import { expect, it } from 'vitest';
import chat from '../messages/fr/chat.json';
import ui from '../messages/fr/ui.json';
import { MatrixError } from '../src/chat/matrix';
import { whyNot } from '../src/chat/why';
import { useMessages } from '../src/kernel/i18n.svelte';

it('what the server refuses is told in the reader’s words; what these do not know, in its own', () => {
  useMessages('fr', { ...ui, ...chat } as never);
  const told = ([code, status]: [string, number]) => whyNot(new MatrixError(code, status, 'in English'));
  expect(([['M_FORBIDDEN', 403], ['M_NOT_FOUND', 404], ['M_TOO_LARGE', 413], ['M_UNKNOWN', 413], ['M_UNKNOWN', 502], ['offline', 0], ['M_ODD', 400]] as [string, number][]).map(told)).toEqual([
    'vous n’en avez pas le droit',
    'cela n’existe pas, ou vous ne pouvez pas le voir',
    'c’est trop volumineux',
    'c’est trop volumineux',
    'le serveur a un problème\u00a0; réessayez plus tard',
    'pas de connexion',
    'in English',
  ]);
});
