/** Which of the mail screen's dialogs and pickers are open. */
import type { Highlight } from '../kernel/features';
import type { Target } from './actions';
import type { Mailbox } from './types';

class MailUi {
  /** The folders as a drawer, on narrow screens. */
  drawer = $state(false);
  picker = $state<'move' | 'label' | 'go' | 'snooze' | null>(null);
  pickerTarget: Target[] | null = null;
  /** What is dragged now. */
  dragged: Target[] = [];
  folder = $state.raw<{ kind: 'create' | 'rename' | 'delete'; account: string; mailbox?: Mailbox; parentId?: string | null } | null>(null);

  /** The passage that was asked for last; marked where its message is open. */
  highlight = $state.raw<Highlight | undefined>();

  /** The message whose original is shown, or whose list is to be left. */
  original = $state<string | null>(null);
  leaving = $state<string | null>(null);
  /** The label whose colour is chosen. */
  label = $state<string | null>(null);

  pick(picker: 'move' | 'label' | 'go' | 'snooze', target: Target[] | null = null): void {
    this.pickerTarget = target;
    this.picker = picker;
  }
}

export const ui = new MailUi();
/** What is dragged carries this type; what it is, is in `ui.dragged`. */
export const DRAGGED = 'application/x-parvis-messages';
