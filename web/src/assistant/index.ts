/** The assistant: a panel over every screen, summaries above conversations, help in composers. */
import { assist, fill, markText, openAssistant, type Feature } from '../kernel/features';
import { withWords } from '../kernel/i18n.svelte';
import { jmap } from '../kernel/jmap';
import { panel } from '../kernel/panel.svelte';
import { Sparkles } from '../ui/icons';
import { ASSISTANT } from './types';

export const assistant: Feature = {
  id: 'assistant',
  title: 'assistant.title',
  icon: Sparkles,
  panel: withWords('assistant', () => import('./Panel.svelte')),
  commands: [
    { id: 'assistant.toggle', title: 'assistant.open', keys: ['Ctrl+j'], icon: Sparkles, group: 'assistant.title', run: () => panel.toggle('assistant') },
  ],
  start: () => {
    openAssistant.provide(async () => {
      const { conversation } = await import('./conversation.svelte');
      return (request) => conversation.open(request);
    });
    const load = withWords('assistant', () => import('./assist'));
    assist.provide(async () => (await load()).assisted);
    markText.provide(async () => async ({ text, turnIds }) => {
      const answer = await jmap.call<{ header: string }>('AssistantTurn/mark', { accountId: jmap.primary(ASSISTANT), text, turnIds });
      return answer.header;
    });
    fill('conversation.tools', withWords('assistant', () => import('./ReadingTool.svelte')));
    fill('conversation.top', withWords('assistant', () => import('./Summary.svelte')));
    fill('digest', withWords('assistant', () => import('./Digest.svelte')));
    fill('conversation.bottom', withWords('assistant', () => import('./DraftReply.svelte')));
  },
};
