/** Choosing a file of cards. */
import { ui } from './ui.svelte';

/** Opens the browser's dialog for a file of cards. */
export function pickFile(): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = '.vcf,text/vcard,text/x-vcard';
  input.onchange = () => (ui.importing = input.files?.[0] ?? null);
  input.click();
}
