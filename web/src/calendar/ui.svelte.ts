/** Which of the calendar's dialogs are open, and for what. */
import type { Scope } from './edit';
import type { Form } from './form';
import type { Occurrence } from './occurrence';
import type { CalendarEvent } from './types';
import type { Place } from './data.svelte';

/** What a new event begins with: walls of the person's zone. */
export interface Draft {
  from: number;
  to: number;
  wholeDay: boolean;
  title?: string;
  place?: string;
  description?: string;
  guests?: { name: string; address: string }[];
  calendar?: string;
  rule?: CalendarEvent['recurrenceRules'];
  /** False takes the time from what is written. */
  fixed?: boolean;
}

class CalendarUi {
  /** The calendars as a drawer, on narrow screens. */
  drawer = $state(false);
  /** A new event in a line of words. */
  draft = $state.raw<Draft | null>(null);
  /** The editor: of a new event, or of one there is; `form` is what had been written when it was closed. */
  editing = $state.raw<(({ draft: Draft } | { occurrence: Occurrence }) & { form?: Form }) | null>(null);
  /** The question which of a series is meant; answered with null when it is closed. */
  asking = $state.raw<{ kind: 'change' | 'delete'; guests: boolean; rules: boolean; answer: (scope: Scope | null) => void } | null>(null);
  calendar = $state.raw<{ kind: 'create' } | { kind: 'edit' | 'delete'; place: Place } | null>(null);
  importing = $state.raw<{ files: File[] } | null>(null);
  following = $state(false);
  /** What another time is proposed for. */
  proposing = $state.raw<Occurrence | null>(null);
  /** Said to screen readers. */
  said = $state('');

  /** `rules`: how it repeats is changed, which no single time can be. */
  ask(kind: 'change' | 'delete', guests = false, rules = false): Promise<Scope | null> {
    return new Promise((resolve) => {
      this.asking = {
        kind,
        guests,
        rules,
        answer: (scope) => {
          this.asking = null;
          resolve(scope);
        },
      };
    });
  }
}

export const ui = new CalendarUi();
