/** Whether anything is being written, so that the editor is loaded only then. */
import { db } from '../../kernel/db';
import type { KeptDraft } from './draft.svelte';

/** Where drafts are kept on the device. */
export const PREFIX = 'compose/';

class Writing {
  begun = $state(false);

  /** True also when something was being written before the page was loaded. */
  async find(): Promise<void> {
    this.begun ||= (await db.all<KeptDraft>('meta', PREFIX)).length > 0;
  }
}

export const writing = new Writing();
