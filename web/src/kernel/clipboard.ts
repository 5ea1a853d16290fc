/** Putting a text where it can be pasted from. */
import { notices } from './notices.svelte';

/** Copies a text, and says so. */
export async function copyText(text: string, said: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  notices.show(said, { stay: 2_500 });
}
