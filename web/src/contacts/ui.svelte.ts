/** Which of the contacts screen's dialogs are open, and what is dragged. */
import type { Form } from './form';
import type { AddressBook, Card } from './types';

/** What was written in a form. */
export interface Written {
  /** Its address. */
  where: string;
  form: Form;
  bookId: string;
  /** A picture that was chosen; null to have none, undefined to leave it. */
  photo: { blobId: string; type: string; url: string } | null | undefined;
}

class ContactsUi {
  drawer = $state(false);
  /** A name is asked for: of a new book or group, or another one of one there is. */
  naming = $state.raw<{ kind: 'book' } | { kind: 'group'; members: Card[] } | { kind: 'regroup'; group: Card } | { kind: 'rename'; account: string; book: AddressBook } | null>(null);
  /** A book that is to be deleted with what is in it, once confirmed. */
  deleting = $state.raw<{ account: string; book: AddressBook } | null>(null);
  /** Cards for which a book or a group is chosen. */
  picker = $state.raw<{ kind: 'book' | 'group'; cards: Card[] } | null>(null);
  /** A file of cards that is to be read in. */
  importing = $state.raw<File | null>(null);
  /** What had been written in a form that is opened again. */
  written: Written | null = null;
  dragged: Card[] = [];
}

export const ui = new ContactsUi();
/** What is dragged carries this type; what it is, is in `ui.dragged`. */
export const DRAGGED = 'application/x-parvis-cards';
