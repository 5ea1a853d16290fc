/** Cards that come from a file, or go into one: vCard. */
import { t } from '../kernel/i18n.svelte';
import { notices } from '../kernel/notices.svelte';
import { exportCards } from './transfer';
import { displayName } from './model';
import type { AddressBook, Card } from './types';
import { ui } from './ui.svelte';

/** Opens the browser's dialog for a file of cards. */
export function pickFile(): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = '.vcf,text/vcard,text/x-vcard';
  input.onchange = () => (ui.importing = input.files?.[0] ?? null);
  input.click();
}

/** Saves text as a file on the device. */
export function saveFile(name: string, type: string, text: string | Blob): void {
  const url = URL.createObjectURL(text instanceof Blob ? text : new Blob([text], { type }));
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export async function exportBook(account: string, book: AddressBook): Promise<void> {
  try {
    saveFile(`${book.name}.vcf`, 'text/vcard', await exportCards(account, { addressBookId: book.id }));
  } catch (error) {
    notices.show(t('contacts.notDone', { reason: (error as Error).message }), { tone: 'danger' });
  }
}

export async function exportOne(account: string, card: Card): Promise<void> {
  try {
    saveFile(`${displayName(card) || 'contact'}.vcf`, 'text/vcard', await exportCards(account, { ids: [card.id] }));
  } catch (error) {
    notices.show(t('contacts.notDone', { reason: (error as Error).message }), { tone: 'danger' });
  }
}
